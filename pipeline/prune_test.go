package pipeline_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// ofShop is the description of a version of the bundle shop in the environment prod.
var ofShop = "bundle shop, environment prod, sha256 " + strings.Repeat("0", 64)

// An orchard is an account with versions of a layer.
type orchard struct {
	*testing.T
	server *awslocal.Server
	cfg    aws.Config
	lambda *lambda.Client
	layer  string // ARN
}

func newOrchard(t *testing.T, versions int) *orchard {
	t.Helper()
	server, err := awslocal.New(awslocal.WithFunctionTimes(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	id, key := server.Credentials()
	cfg, err := awsclient.New(t.Context(), awsclient.Options{
		Region: awslocal.Region, EndpointURL: url, Local: true, Static: &awsclient.Static{ID: id, Key: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { awsclient.CloseIdle(cfg) })
	plain := cfg.Copy()
	plain.APIOptions = nil // they allow only the calls of bundle
	o := &orchard{T: t, server: server, cfg: cfg, lambda: lambda.NewFromConfig(plain), layer: "arn:aws:lambda:us-east-1:000000000000:layer:shop"}
	for range versions {
		o.publish(ofShop)
	}
	return o
}

func (o *orchard) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *orchard) publish(description string) {
	o.Helper()
	_, err := o.lambda.PublishLayerVersion(o.Context(), &lambda.PublishLayerVersionInput{
		LayerName: aws.String("shop"), Description: &description, Content: &types.LayerVersionContentInput{ZipFile: emptyZip(o.T)},
	})
	o.must(err)
}

func emptyZip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("index.js"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// deploy gives $LATEST of a function a version of the layer, and publishes a version of the function.
func (o *orchard) deploy(function string, version int) {
	o.Helper()
	layers := []string{fmt.Sprintf("%s:%d", o.layer, version)}
	_, err := o.lambda.CreateFunction(o.Context(), &lambda.CreateFunctionInput{
		FunctionName: &function, Role: aws.String("arn:aws:iam::000000000000:role/function"), Handler: aws.String("index.handler"),
		Runtime: types.RuntimeNodejs22x, Code: &types.FunctionCode{ZipFile: emptyZip(o.T)}, Layers: layers,
	})
	var exists *types.ResourceConflictException
	if errors.As(err, &exists) {
		_, err = o.lambda.UpdateFunctionConfiguration(o.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, Layers: layers})
	}
	o.must(err)
	_, err = o.lambda.PublishVersion(o.Context(), &lambda.PublishVersionInput{FunctionName: &function})
	o.must(err)
}

func (o *orchard) point(value string) {
	o.Helper()
	plain := o.cfg.Copy()
	plain.APIOptions = nil
	_, err := ssm.NewFromConfig(plain).PutParameter(o.Context(), &ssm.PutParameterInput{
		Name: aws.String(layerParameter), Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	o.must(err)
}

// prune is a Prune of all versions that nothing names, 8 days from now.
func (o *orchard) prune() *pipeline.Prune {
	m := &manifest.Manifest{}
	m.Bundle.Name.Value, m.Bundle.Layer.Value, m.Environment.Name.Value = "shop", "shop", "prod"
	return &pipeline.Prune{
		Scope: pipeline.Scope{
			Manifest: m, Region: awslocal.Region, Account: awslocal.Account, Observer: unobserved{},
			Caller: func(context.Context) (string, error) { return awslocal.Account, nil },
		},
		Layers:    publish.New(o.cfg, awslocal.Account),
		Functions: publish.NewFunctions(o.cfg, awslocal.Account, publish.NewPace(), nil),
		Pointer:   param.New(o.cfg, param.Options{Account: awslocal.Account}),
		Keep:      pipeline.PruneKeep, OlderThan: pipeline.PruneAge, Delete: true, Now: time.Now().Add(8 * 24 * time.Hour),
	}
}

// outcome is a result in short: what was kept and why, the newest first.
func outcome(r *pipeline.Pruned) string {
	var all []string
	for _, v := range r.Versions {
		word := fmt.Sprint(v.Number)
		for _, k := range v.Kept {
			word += " " + k.Why
		}
		if v.Deleted {
			word += " deleted"
		}
		all = append(all, word)
	}
	return strings.Join(all, ", ")
}

// check prunes, and compares the outcome and what is left.
func (o *orchard) check(p *pipeline.Prune, want string, left ...int64) *pipeline.Pruned {
	o.Helper()
	r, problems := p.Run(o.Context())
	if len(problems) > 0 {
		o.Fatal(problemsError(problems))
	}
	if got := outcome(r); got != want {
		o.Errorf("%s\nwant %s", got, want)
	}
	o.has(left...)
	return r
}

// has checks which versions exist.
func (o *orchard) has(want ...int64) {
	o.Helper()
	all, err := publish.New(o.cfg, awslocal.Account).List(o.Context(), "shop")
	o.must(err)
	var got []int64
	for _, v := range all {
		got = append(got, v.Number)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		o.Errorf("left are %d, not %d", got, want)
	}
}

func TestPruneKeepsTheNewestTwo(t *testing.T) {
	o := newOrchard(t, 0)
	o.check(o.prune(), "")
	o.publish(ofShop)
	o.check(o.prune(), "1 newest", 1)
	o.publish(ofShop)
	o.check(o.prune(), "2 newest, 1 previous", 1, 2)
	for range 3 {
		o.publish(ofShop)
	}
	plan := o.prune()
	plan.Delete = false
	o.check(plan, "5 newest, 4 previous, 3, 2, 1", 1, 2, 3, 4, 5)
	recent := o.prune()
	recent.Now = time.Now()
	o.check(recent, "5 newest, 4 previous recent, 3 recent, 2 recent, 1 recent", 1, 2, 3, 4, 5)
	more := o.prune()
	more.Keep = 4
	o.check(more, "5 newest, 4 previous, 3 among, 2 among, 1 deleted", 2, 3, 4, 5)
	o.check(o.prune(), "5 newest, 4 previous, 3 deleted, 2 deleted", 4, 5)
	o.check(o.prune(), "5 newest, 4 previous", 4, 5) // again: the same
}

// What others have published under the name stays, and takes no place among the newest.
func TestPruneKeepsWhatIsNotOfTheBundle(t *testing.T) {
	o := newOrchard(t, 3)
	for _, description := range []string{
		"", "mine", strings.Replace(ofShop, "prod", "staging", 1), strings.Replace(ofShop, "bundle shop", "bundle shop2", 1), ofShop + "0",
		strings.ToUpper(ofShop), " " + ofShop, strings.TrimSuffix(ofShop, "0") + "g",
	} {
		o.publish(description)
	}
	o.check(o.prune(), "11 foreign, 10 foreign, 9 foreign, 8 foreign, 7 foreign, 6 foreign, 5 foreign, 4 foreign, 3 newest, 2 previous, 1 deleted",
		2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
}

// Versions that only a numbered version of a function has, which only an alias with a weight points to, or nothing at all.
func TestPruneKeepsWhatFunctionsHave(t *testing.T) {
	o := newOrchard(t, 6)
	o.deploy("hello", 2) // version 1, no alias
	o.deploy("hello", 3) // version 2, a weight
	o.deploy("hello", 6)
	_, err := o.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{
		FunctionName: aws.String("hello"), Name: aws.String("live"), FunctionVersion: aws.String("3"),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": .1}},
	})
	o.must(err)
	r := o.check(o.prune(), "6 newest function, 5 previous, 4 deleted, 3 function, 2 function, 1 deleted", 2, 3, 5, 6)
	if kept := r.Versions[4].Kept[0]; kept.Function != "hello" || !slices.Equal(kept.Versions, []string{"1"}) {
		t.Errorf("%+v", kept)
	}
}

// An unlister leaves $LATEST.PUBLISHED out of the lists.
type unlister struct{ pipeline.SweptFunctions }

func (u unlister) All(ctx context.Context, page func(bool)) ([]publish.Function, error) {
	return unlisted(u.SweptFunctions.All(ctx, page))
}

func (u unlister) Sweep(ctx context.Context, page func(bool)) ([]publish.Function, error) {
	return unlisted(u.SweptFunctions.Sweep(ctx, page))
}

func unlisted(all []publish.Function, err error) ([]publish.Function, error) {
	return slices.DeleteFunc(slices.Clone(all), func(f publish.Function) bool { return f.Version == publish.LatestPublished }), err
}

// What only $LATEST.PUBLISHED of a function on Managed Instances has stays, whether or not Lambda lists it.
func TestPruneKeepsWhatManagedInstancesRun(t *testing.T) {
	o := newOrchard(t, 4)
	layers := func(version int) []string { return []string{fmt.Sprintf("%s:%d", o.layer, version)} }
	_, err := o.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("managed"), Role: aws.String("arn:aws:iam::000000000000:role/function"), Handler: aws.String("index.handler"),
		Runtime: types.RuntimeNodejs22x, Code: &types.FunctionCode{ZipFile: emptyZip(t)}, Layers: layers(1),
		CapacityProviderConfig: &types.CapacityProviderConfig{LambdaManagedInstancesCapacityProviderConfig: &types.LambdaManagedInstancesCapacityProviderConfig{
			CapacityProviderArn: aws.String("arn:aws:lambda:us-east-1:000000000000:capacity-provider:all"),
		}},
	})
	o.must(err)
	_, err = o.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("managed"), PublishTo: types.FunctionVersionLatestPublishedLatestPublished})
	o.must(err)
	_, err = o.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("managed"), Layers: layers(4)})
	o.must(err)
	p := o.prune()
	p.Functions = unlister{p.Functions}
	r := o.check(p, "4 newest function, 3 previous, 2 deleted, 1 function", 1, 3, 4)
	if kept := r.Versions[3].Kept[0]; !slices.Equal(kept.Versions, []string{publish.LatestPublished}) {
		t.Errorf("%+v", kept)
	}
	o.check(o.prune(), "4 newest function, 3 previous, 1 function", 1, 3, 4)
}

// The parameter has version 5, had 3 before, 2 before that, and 1 first.
func TestPruneKeepsWhatTheParameterHas(t *testing.T) {
	o := newOrchard(t, 7)
	p := o.prune()
	p.Manifest.Bundle.LayerParameter.Value = layerParameter
	p.Delete = false
	o.check(p, "7 newest, 6 previous, 5, 4, 3, 2, 1", 1, 2, 3, 4, 5, 6, 7) // there is no parameter
	for _, n := range []int{1, 2, 3, 5, 5} {
		o.point(fmt.Sprintf("%s:%d", o.layer, n))
	}
	plain := o.cfg.Copy()
	plain.APIOptions = nil
	_, err := ssm.NewFromConfig(plain).LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{
		Name: aws.String(layerParameter), ParameterVersion: aws.Int64(1), Labels: []string{"pinned"},
	})
	o.must(err)
	p.Delete = true
	r := o.check(p, "7 newest, 6 previous, 5 parameter, 4 deleted, 3 parameter, 2 deleted, 1 parameter", 1, 3, 5, 6, 7)
	if kept := r.Versions[2].Kept[0]; kept.Parameter != layerParameter || kept.Version != 5 {
		t.Errorf("%+v", kept)
	}
	o.point("not-a-real-secret")
	_, problems := p.Run(t.Context())
	if len(problems) != 1 || problems[0].Summary != "Parameter is not of this layer" || strings.Contains(problems[0].Detail, "not-a-real") {
		t.Errorf("%+v", problems)
	}
	o.has(1, 3, 5, 6, 7)
}

func TestPruneKeepsWhatIsShared(t *testing.T) {
	o := newOrchard(t, 4)
	_, err := o.lambda.AddLayerVersionPermission(t.Context(), &lambda.AddLayerVersionPermissionInput{
		LayerName: aws.String("shop"), VersionNumber: aws.Int64(1), StatementId: aws.String("other"), Action: aws.String("lambda:GetLayerVersion"),
		Principal: aws.String("333333333333"),
	})
	o.must(err)
	o.check(o.prune(), "4 newest, 3 previous, 2 deleted, 1 shared", 1, 3, 4)
	p := o.prune()
	p.Shared = true
	o.check(p, "4 newest, 3 previous, 1 deleted", 3, 4)
}

// A deployer deploys between the two looks.
type deployer struct {
	pipeline.SweptFunctions
	before func()
}

func (d deployer) Sweep(ctx context.Context, page func(bool)) ([]publish.Function, error) {
	d.before()
	return d.SweptFunctions.Sweep(ctx, page)
}

// What is attached, published or deleted while the run goes on is seen by the second look.
func TestPruneLooksAgainBeforeItDeletes(t *testing.T) {
	o := newOrchard(t, 5)
	p := o.prune()
	p.Functions = deployer{p.Functions, func() { o.deploy("late", 2) }}
	o.check(p, "5 newest, 4 previous, 3 deleted, 2 function, 1 deleted", 2, 4, 5)

	// What was named at the first look stays, even if it no longer is at the second.
	o = newOrchard(t, 3)
	o.deploy("gone", 1)
	p = o.prune()
	p.Functions = deployer{p.Functions, func() {
		_, err := o.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("gone")})
		o.must(err)
	}}
	p.Keep = 2
	o.publish(ofShop)
	o.check(p, "4 newest, 3 previous, 2 deleted, 1 function", 1, 3, 4)
}

// If the newest versions are deleted in between, those before them are the newest.
func TestPruneKeepsTwoWhateverOthersDelete(t *testing.T) {
	o := newOrchard(t, 5)
	p := o.prune()
	p.Layers = &deleter{PrunedLayers: p.Layers, before: func(lists int) {
		for _, n := range []int64{4, 5} {
			if lists == 2 {
				o.must(publish.New(o.cfg, awslocal.Account).Delete(t.Context(), "shop", n))
			}
		}
	}}
	o.check(p, "3 newest, 2 previous, 1 deleted", 2, 3)
}

// A deleter does something before each list.
type deleter struct {
	pipeline.PrunedLayers
	before func(lists int)
	lists  int
}

func (d *deleter) List(ctx context.Context, layer string) ([]publish.Listed, error) {
	d.lists++
	d.before(d.lists)
	return d.PrunedLayers.List(ctx, layer)
}

// problemOf prunes, and returns the only problem.
func (o *orchard) problemOf(ctx context.Context, p *pipeline.Prune) (*pipeline.Pruned, problem.Problem) {
	o.Helper()
	r, problems := p.Run(ctx)
	if len(problems) != 1 {
		o.Fatalf("%+v", problems)
	}
	return r, problems[0]
}

// Where something cannot be read, nothing is deleted.
func TestPruneDeletesNothingBlindly(t *testing.T) {
	for _, operation := range []string{"lambda:ListLayerVersions", "lambda:ListFunctions", "lambda:GetLayerVersionPolicy", "ssm:GetParameterHistory"} {
		for _, skip := range []int{0, 1} {
			o := newOrchard(t, 4)
			p := o.prune()
			p.Manifest.Bundle.LayerParameter.Value = layerParameter
			o.point(o.layer + ":4")
			o.server.Inject(awslocal.Fault{Kind: awslocal.Fail, Operation: operation, Status: 403, Code: "AccessDeniedException", Nth: skip + 1})
			r, wrong := o.problemOf(t.Context(), p)
			o.server.ClearFaults()
			if r != nil || wrong.Kind != problem.Access || !strings.Contains(wrong.Detail, operation) {
				t.Errorf("%s: %+v %+v", operation, r, wrong)
			}
			o.has(1, 2, 3, 4)
		}
	}
}

// A deletion that is denied in the middle says what is deleted and what is not. The next run ends it.
func TestPruneSaysWhatIsDeleted(t *testing.T) {
	o := newOrchard(t, 7)
	o.server.Inject(awslocal.Fault{Kind: awslocal.Fail, Operation: "lambda:DeleteLayerVersion", Status: 403, Code: "AccessDeniedException", Nth: 3})
	r, wrong := o.problemOf(t.Context(), o.prune())
	o.server.ClearFaults()
	if outcome(r) != "7 newest, 6 previous, 5, 4, 3, 2 deleted, 1 deleted" || wrong.Kind != problem.Access ||
		!strings.HasSuffix(wrong.Detail, " Deleted: 1, 2. Not deleted: 3–5. To finish, run the command again.") || !strings.Contains(wrong.Detail, "lambda:DeleteLayerVersion") {
		t.Errorf("%s: %s", outcome(r), wrong.Detail)
	}
	o.has(3, 4, 5, 6, 7)
	o.check(o.prune(), "7 newest, 6 previous, 5 deleted, 4 deleted, 3 deleted", 6, 7)
}

// A run that is stopped anywhere among its deletions, and run again, ends as one that was not.
func TestPruneCanBeStopped(t *testing.T) {
	for stop := range 4 {
		o := newOrchard(t, 5)
		ctx, cancel := context.WithCancel(t.Context())
		p := o.prune()
		p.Layers = &stopper{PrunedLayers: p.Layers, left: stop, stop: cancel}
		r, wrong := o.problemOf(ctx, p)
		if wrong.Kind != problem.Interrupted || strings.Contains(wrong.Detail, "nothing was written") || !strings.Contains(wrong.Detail, "Deleted for certain: ") || r == nil {
			t.Errorf("%+v", wrong)
		}
		o.check(o.prune(), []string{
			"5 newest, 4 previous, 3 deleted, 2 deleted, 1 deleted", "5 newest, 4 previous, 3 deleted, 2 deleted", "5 newest, 4 previous, 3 deleted", "5 newest, 4 previous",
		}[stop], 4, 5)
	}
}

// A stopper stops a run after some deletions.
type stopper struct {
	pipeline.PrunedLayers
	left, deleted int
	stop          func()
}

func (s *stopper) Delete(ctx context.Context, layer string, number int64) error {
	if s.left == 0 {
		s.stop()
	}
	s.left--
	s.deleted++
	return s.PrunedLayers.Delete(ctx, layer, number)
}

func (s *stopper) List(ctx context.Context, layer string) ([]publish.Listed, error) {
	if s.left == 0 && s.deleted > 0 { // after the last deletion
		s.stop()
	}
	return s.PrunedLayers.List(ctx, layer)
}

// What Lambda still lists is not deleted, whatever it answered.
func TestPruneBelievesTheList(t *testing.T) {
	o := newOrchard(t, 4)
	p := o.prune()
	p.Layers = undeleted{p.Layers}
	r, wrong := o.problemOf(t.Context(), p)
	if outcome(r) != "4 newest, 3 previous, 2, 1" || wrong.Summary != "Versions not deleted" || !strings.Contains(wrong.Detail, "Deleted: none. Not deleted: 1, 2.") {
		t.Errorf("%s: %+v", outcome(r), wrong)
	}
}

// An undeleted accepts deletions, and does nothing.
type undeleted struct{ pipeline.PrunedLayers }

func (undeleted) Delete(context.Context, string, int64) error { return nil }

// Lambda answers a deletion with nothing. Whatever else comes, the list is believed.
func TestPruneBelievesNoReplyToADeletion(t *testing.T) {
	for _, kind := range []awslocal.Kind{awslocal.Empty, awslocal.NoBody, awslocal.HTML, awslocal.Double, awslocal.Truncate, awslocal.Cut, awslocal.Reset} {
		o := newOrchard(t, 4)
		o.server.Inject(awslocal.Fault{Kind: kind, Operation: "lambda:DeleteLayerVersion", Nth: 2})
		r, problems := o.prune().Run(t.Context())
		o.server.ClearFaults()
		switch made := kind != awslocal.Empty && kind != awslocal.NoBody && kind != awslocal.HTML; {
		case made && (len(problems) > 0 || outcome(r) != "4 newest, 3 previous, 2 deleted, 1 deleted"):
			t.Errorf("%s: %s %+v", kind, outcome(r), problems)
		case !made && (len(problems) != 1 || !slices.Contains([]string{"Versions not deleted", "Lambda unavailable"}, problems[0].Summary) || outcome(r) != "4 newest, 3 previous, 2, 1 deleted"):
			t.Errorf("%s: %s %+v", kind, outcome(r), problems)
		}
		o.check(o.prune(), map[bool]string{true: "4 newest, 3 previous", false: "4 newest, 3 previous, 2 deleted"}[len(problems) == 0], 3, 4)
	}
}

// For 1,000 versions, of which all but two go: one call for each policy, one for each deletion, and lists of 50.
func TestPruneOfManyVersions(t *testing.T) {
	const n = 1000
	o := newOrchard(t, n)
	o.server.ResetCalls()
	r, problems := o.prune().Run(t.Context())
	if len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	if len(r.Versions) != n || !r.Versions[2].Deleted || !r.Versions[n-1].Deleted {
		t.Error("not all are deleted")
	}
	want := map[string]int{"lambda:ListLayerVersions": 41, "lambda:ListFunctions": 2, "lambda:GetLayerVersionPolicy": n - 2, "lambda:DeleteLayerVersion": n - 2}
	for call, times := range o.server.Calls() {
		if want[call] != times {
			t.Errorf("%d calls of %s, not %d", times, call, want[call])
		}
	}
	o.has(n-1, n)
}
