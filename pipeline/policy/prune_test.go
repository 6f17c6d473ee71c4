package policy_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/publish"
)

// prunes publishes three versions of the layer, and deletes the first with a role.
func (w *world) prunes(cfg aws.Config) error {
	w.Helper()
	layers := publish.New(w.admin, awslocal.Account)
	for range 3 {
		w.count++
		v, err := layers.Publish(w.Context(), "shop", "bundle shop, environment local, sha256 "+strings.Repeat("0", 64), zipOf(w.T, fmt.Sprint(w.count)))
		if err != nil {
			w.Fatal(err)
		}
		w.putText("/local/layers/shop", v.ARN)
	}
	if w.count == 3 {
		w.deploy("managed", 3, true)
	}
	p := &pipeline.Prune{
		Scope: pipeline.Scope{
			Manifest: w.manifest, Region: awslocal.Region, Account: awslocal.Account, Observer: unobserved{}, Caller: func(ctx context.Context) (string, error) {
				who, err := awsclient.Caller(ctx, cfg)
				return who.Account, err
			},
		},
		Layers:    publish.New(cfg, awslocal.Account),
		Functions: publish.NewFunctions(cfg, awslocal.Account, publish.NewPace(), nil), Pointer: param.New(cfg, param.Options{Account: awslocal.Account, TPS: new(float64)}),
		Keep: pipeline.PruneKeep, Delete: true, Now: time.Now().Add(time.Hour),
	}
	pruned, problems := p.Run(w.Context())
	switch {
	case len(problems) > 0:
		return fmt.Errorf("%s: %s", problems[0].Summary, problems[0].Detail)
	case len(pruned.Versions) < 3 || !pruned.Versions[2].Deleted:
		return fmt.Errorf("%+v", pruned)
	}
	return nil
}

// zipOf is a layer with one file.
func zipOf(t *testing.T, file string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create(file); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) putText(name, value string) {
	w.Helper()
	_, err := ssm.NewFromConfig(w.admin).PutParameter(w.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	if err != nil {
		w.Fatal(err)
	}
}

func TestPrunePolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	w := newWorld(t, modes{}, awslocal.WithFunctionTimes(0, 0))
	document := w.setting.Prune()
	if err := w.prunes(w.role("prune", document)); err != nil {
		t.Fatal(err)
	}
	for what, less := range lessened(document) {
		if w.prunes(w.role("prune", less)) == nil {
			t.Errorf("prunes without %s", what)
		}
	}
}

// Without layer_parameter, no history is read.
func TestPrunePolicyNamesOnlyWhatIsThere(t *testing.T) {
	w := newWorldOf(t, seedJSON, strings.Replace(fmt.Sprintf(manifestHCL, false, false), `layer_parameter = "/local/layers/shop"`, "", 1))
	document := w.setting.Prune()
	if strings.Contains(document.Text(), `"Allow","Action":"ssm`) {
		t.Error(document.Text())
	}
	if err := w.prunes(w.role("prune", document)); err != nil {
		t.Error(err)
	}
	w.manifest.Functions[0].Layer.Value, w.manifest.Functions[1].Layer.Value = "", ""
	if _, _, err := w.setting.Documents(policy.KindPrune, nil); err == nil || !strings.Contains(err.Error(), "layer") {
		t.Errorf("without a layer: %v", err)
	}
}

func TestPruneSessionIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	w := newWorld(t, modes{}, awslocal.WithFunctionTimes(0, 0))
	document, fits := w.session().PruneSession()
	if !fits {
		t.Fatal("it is too long")
	}
	if err := w.prunes(w.role("prune", document)); err != nil {
		t.Fatal(err)
	}
	for what, less := range lessened(document) {
		if w.prunes(w.role("prune", less)) == nil {
			t.Errorf("prunes without %s", what)
		}
	}
}

func TestPrunePolicyDeniesEveryAttack(t *testing.T) {
	w := newWorld(t, modes{}, awslocal.WithFunctionTimes(0, 0))
	w.putText("/local/layers/shop", "x")
	w.putText("/local/layers/other", "x")
	for _, name := range []string{"other", "shop2"} {
		if _, err := publish.New(w.admin, awslocal.Account).Publish(t.Context(), name, "", zipOf(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	attacks := map[string]func(aws.Config) error{}
	for _, name := range []string{"other", "shop2"} {
		attacks["delete a version of "+name] = func(as aws.Config) error {
			_, err := lambda.NewFromConfig(as).DeleteLayerVersion(t.Context(), &lambda.DeleteLayerVersionInput{LayerName: &name, VersionNumber: aws.Int64(1)})
			return err
		}
	}
	for _, name := range []string{"/local/layers/other", "/local/shop/db", "/local/layers/shop/x"} {
		attacks["read the history of "+name] = func(as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{Name: &name})
			return err
		}
	}
	attacks["read a parameter"] = func(as aws.Config) error {
		_, err := ssm.NewFromConfig(as).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/local/other/text")})
		return err
	}
	attacks["read parameters"] = func(as aws.Config) error {
		_, err := ssm.NewFromConfig(as).GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/local/other/text"}})
		return err
	}
	attacks["list parameters"] = func(as aws.Config) error {
		_, err := ssm.NewFromConfig(as).GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/local")})
		return err
	}
	attacks["decrypt"] = func(as aws.Config) error {
		_, err := kms.NewFromConfig(as).Decrypt(t.Context(), &kms.DecryptInput{
			CiphertextBlob: w.stored("/local/shop/db"), EncryptionContext: map[string]string{"PARAMETER_ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/local/shop/db"}})
		return err
	}
	refused := func(document policy.Document) (through []string) {
		as := w.role("prune", document)
		for name, attack := range attacks {
			if err := attack(as); code(err) != "AccessDeniedException" {
				through = append(through, fmt.Sprintf("%s: %v", name, err))
			}
		}
		slices.Sort(through)
		return through
	}
	document := w.setting.Prune()
	if through := refused(document); through != nil {
		t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
	}
	if through := refused(broadened(document)); through != nil {
		t.Errorf("not refused where other policies of the role allow everything:\n%s", strings.Join(through, "\n"))
	}
	for i, statement := range document.Statement {
		if statement.Effect == "Deny" && refused(broadened(without(document, i))) == nil {
			t.Errorf("without %s, every attack is refused all the same", statement.Sid)
		}
	}
	attacks = map[string]func(aws.Config) error{"publish": func(as aws.Config) error {
		_, err := lambda.NewFromConfig(as).PublishLayerVersion(t.Context(), &lambda.PublishLayerVersionInput{
			LayerName: aws.String("shop"), Content: &types.LayerVersionContentInput{ZipFile: zipOf(t, "planted")}})
		return err
	}, "share": func(as aws.Config) error {
		_, err := lambda.NewFromConfig(as).AddLayerVersionPermission(t.Context(), &lambda.AddLayerVersionPermissionInput{
			LayerName: aws.String("shop"), VersionNumber: aws.Int64(1), StatementId: aws.String("x"), Action: aws.String("lambda:GetLayerVersion"), Principal: aws.String("*")})
		return err
	}}
	if through := refused(document); through != nil {
		t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
	}
}
