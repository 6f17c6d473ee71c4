package policy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/rollout"
)

const (
	shopLayer    = "arn:aws:lambda:us-east-1:000000000000:layer:shop"
	tracingLayer = "arn:aws:lambda:us-east-1:000000000000:layer:tracing"
)

// rollable is a world with two versions of the layer, one of another's, and a code signing configuration that only warns.
func rollable(t *testing.T) (w *world, signing string) {
	t.Helper()
	w = newWorld(t, modes{}, awslocal.WithFunctionTimes(0, 0))
	layers := publish.New(w.admin, awslocal.Account)
	for i, name := range []string{"shop", "shop", "tracing"} {
		if _, err := layers.Publish(t.Context(), name, "", zipOf(t, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	made, err := lambda.NewFromConfig(w.admin).CreateCodeSigningConfig(t.Context(), &lambda.CreateCodeSigningConfigInput{
		AllowedPublishers: &types.AllowedPublishers{SigningProfileVersionArns: []string{"arn:aws:signer:us-east-1:000000000000:/signing-profiles/x/y"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.setting.OtherLayers = []string{tracingLayer + ":*"}
	return w, *made.CodeSigningConfig.CodeSigningConfigArn
}

// deploys makes a function anew, with the first version of the layer and an alias.
func (w *world) deploys(name, signing string) {
	w.Helper()
	c := lambda.NewFromConfig(w.admin)
	_, _ = c.DeleteFunction(w.Context(), &lambda.DeleteFunctionInput{FunctionName: &name}) // which may not exist
	_, err := c.CreateFunction(w.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::000000000000:role/function"), Handler: aws.String("index.handler"), Runtime: types.RuntimeNodejs22x,
		Code: &types.FunctionCode{ZipFile: zipOf(w.T, "index.js")}, Layers: []string{tracingLayer + ":1", shopLayer + ":1"},
	})
	if err == nil && signing != "" {
		_, err = c.PutFunctionCodeSigningConfig(w.Context(), &lambda.PutFunctionCodeSigningConfigInput{FunctionName: &name, CodeSigningConfigArn: &signing})
	}
	if err == nil {
		_, err = c.PublishVersion(w.Context(), &lambda.PublishVersionInput{FunctionName: &name})
	}
	if err == nil {
		_, err = c.CreateAlias(w.Context(), &lambda.CreateAliasInput{FunctionName: &name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// rolls rolls the layer out to both functions and back with a role, which also reads the policies of their keys.
func (w *world) rolls(cfg aws.Config, signing string) error {
	w.Helper()
	layers := publish.New(cfg, awslocal.Account)
	newest, err := layers.Find(w.Context(), publish.Ref{Layer: "shop"})
	if err != nil {
		return err
	}
	var wants []rollout.Want
	for _, fn := range w.manifest.Functions {
		if is, why := doctor.New(cfg).Revocation(w.Context(), w.setting.Keys[fn.Name.Value], strings.Repeat("0", 64)); is != doctor.NotRevoked {
			return fmt.Errorf("%s", why)
		}
		w.deploys(fn.File(), signing)
		wants = append(wants, rollout.Want{Function: fn.File(), Layer: shopLayer, Version: newest.Number})
	}
	for _, back := range []bool{false, true} {
		r := &rollout.Rollout{
			Functions: publish.NewFunctions(cfg, awslocal.Account, publish.NewPace(), nil), Layers: layers, Share: 1, Wave: 1, MaxFailures: 1,
			Back: back, Pause: func(context.Context, time.Duration) {},
		}
		p, problems := r.Plan(w.Context(), wants)
		if len(problems) == 0 {
			problems = p.Apply(w.Context())
		}
		if len(problems) > 0 {
			return fmt.Errorf("%s: %s", problems[0].Summary, problems[0].Detail)
		}
		for _, row := range p.Rows {
			if row.State != rollout.Changed {
				return fmt.Errorf("%+v", row)
			}
		}
	}
	return nil
}

func TestRolloutPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	t.Parallel()
	w, signing := rollable(t)
	document := w.setting.Rollout()
	if err := w.rolls(w.role("rollout", document), signing); err != nil {
		t.Fatal(err)
	}
	for what, less := range lessened(document) {
		if strings.HasSuffix(what, "function:hello:*") || strings.HasSuffix(what, "function:worker:*") {
			continue // the embedded AWS asks for the function's ARN alone, also for a version
		}
		if w.rolls(w.role("rollout", less), signing) == nil {
			t.Errorf("rolls out without %s", what)
		}
	}
}

func TestRolloutSessionIsEnough(t *testing.T) {
	t.Parallel()
	w, signing := rollable(t)
	document, fits := w.session().RolloutSession()
	if !fits {
		t.Fatal("it is too long")
	}
	if err := w.rolls(w.role("rollout", document), signing); err != nil {
		t.Fatal(err)
	}
}

// Without a layer there is no such policy; without keys in the account, none of them is named.
func TestRolloutPolicyNamesOnlyWhatIsThere(t *testing.T) {
	w := newWorld(t, modes{})
	for name := range w.setting.Keys {
		w.setting.Keys[name] = "arn:aws:kms:us-east-1:333333333333:key/00000000-0000-0000-0000-000000000000"
	}
	if text := w.setting.Rollout().Text(); strings.Contains(text, "kms:GetKeyPolicy") {
		t.Error(text)
	}
	w.manifest.Functions[0].Layer.Value, w.manifest.Functions[1].Layer.Value = "", ""
	if _, _, err := w.setting.Documents(policy.KindRollout, nil); err == nil || !strings.Contains(err.Error(), "layer") {
		t.Errorf("without a layer: %v", err)
	}
}

func TestRolloutPolicyDeniesEveryAttack(t *testing.T) {
	w, _ := rollable(t)
	w.deploys("hello", "")
	w.deploys("stranger", "")
	if _, err := publish.New(w.admin, awslocal.Account).Publish(t.Context(), "planted", "", zipOf(t, "planted")); err != nil {
		t.Fatal(err)
	}
	hello, stranger := aws.String("hello"), aws.String("stranger")
	attacks := map[string]func(c *lambda.Client) error{
		"attach another layer": func(c *lambda.Client) error {
			_, err := c.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
				FunctionName: hello, Layers: []string{shopLayer + ":2", "arn:aws:lambda:us-east-1:000000000000:layer:planted:1"}})
			return err
		},
		"change a stranger's layers": func(c *lambda.Client) error {
			_, err := c.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: stranger, Layers: []string{shopLayer + ":2"}})
			return err
		},
		"publish a stranger": func(c *lambda.Client) error {
			_, err := c.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: stranger})
			return err
		},
		"move a stranger's alias": func(c *lambda.Client) error {
			_, err := c.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: stranger, Name: aws.String("live")})
			return err
		},
		"read code": func(c *lambda.Client) error {
			_, err := c.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: hello})
			return err
		},
		"change code": func(c *lambda.Client) error {
			_, err := c.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: hello, ZipFile: zipOf(t, "planted")})
			return err
		},
	}
	refused := func(document policy.Document) (through []string) {
		c := lambda.NewFromConfig(w.role("rollout", document))
		for name, attack := range attacks {
			if err := attack(c); code(err) != "AccessDeniedException" {
				through = append(through, fmt.Sprintf("%s: %v", name, err))
			}
		}
		slices.Sort(through)
		return through
	}
	document := w.setting.Rollout()
	if through := refused(document); through != nil {
		t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
	}
	if through := refused(broadened(document)); through != nil {
		t.Errorf("not refused where other policies of the role allow everything:\n%s", strings.Join(through, "\n"))
	}
	// What IAM cannot deny, docs/threat-model.md says: with allowed layers along, the role and the variables can be changed, too.
	_, err := lambda.NewFromConfig(w.role("rollout", document)).UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: hello, Layers: []string{shopLayer + ":2"}, Handler: aws.String("planted.handler")})
	if err != nil {
		t.Errorf("IAM can deny it: %v", err)
	}
	if _, err := lambda.NewFromConfig(w.role("rollout", document)).UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: hello, Handler: aws.String("planted.handler")}); code(err) != "AccessDeniedException" {
		t.Errorf("without layers: %v", err)
	}
}
