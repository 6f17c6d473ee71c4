package pipeline_test

import (
	"bytes"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// A fresh is a runner without a layer file: it has only the published layer.
type fresh struct {
	*world
	cfg aws.Config
}

func newFresh(t *testing.T, s *sample) *fresh {
	t.Helper()
	w := newWorld(t, s)
	named := strings.Replace(s.manifest.String(), `bundle { name = "shop" }`, "bundle {\n  name  = \"shop\"\n  layer = \"shop\"\n}", 1)
	if err := os.WriteFile(w.manifest, []byte(named), 0o600); err != nil {
		t.Fatal(err)
	}
	id, key := w.server.Credentials()
	cfg, err := awsclient.New(t.Context(), awsclient.Options{
		Region: awslocal.Region, EndpointURL: w.url, Local: true, Static: &awsclient.Static{ID: id, Key: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.APIOptions = nil // they allow only the calls of bundle
	return &fresh{w, cfg}
}

// run builds or plans, and checks that the server saw exactly the calls named and
// those that fetch the published layer.
func (f *fresh) run(t *testing.T, run func(*pipeline.Build) (*pipeline.Built, problem.Problems), want map[string]int) []byte {
	t.Helper()
	b, _, err := f.build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var problems problem.Problems
	if b.Previous, problems = pipeline.OpenPrevious(pipeline.PreviousAuto, "", &pipeline.Outfile{}, b.Manifest); len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	b.Layers = publish.New(f.cfg, awslocal.Account)
	f.server.ResetCalls()
	result, problems := run(b)
	if len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	seen := f.server.Calls()
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("calls (-want +seen by the server):\n%s", diff)
	}
	if len(result.Documents) == 0 {
		return nil // a plan has no layer
	}
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents})
	if len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	return layer
}

// Each change costs a runner without a layer what it costs one with the layer, and
// the two calls that fetch the published one. A plan makes only the reading calls.
func TestFreshRunnersCarryOverFromWhatIsPublished(t *testing.T) {
	f := newFresh(t, functions(1000, 23))
	layers := publish.New(f.cfg, awslocal.Account)
	build := func(b *pipeline.Build) (*pipeline.Built, problem.Problems) { return b.Run(t.Context()) }
	look := func(b *pipeline.Build) (*pipeline.Built, problem.Problems) { return planned(t.Context(), b) }
	fetching := func(all map[string]int) map[string]int {
		all = maps.Clone(all)
		all["lambda:ListLayerVersions"], all["lambda:GetLayerVersion"] = 1, 1
		return all
	}
	layer := f.run(t, build, with(calls(1, 43, 0, 100, 46), "lambda:ListLayerVersions", 1))
	for _, c := range []struct {
		name   string
		change func()
		want   map[string]int
	}{
		{"nothing", func() {}, calls(1, 43, 100, 0, 0)},
		{"one of 1,000", func() { f.put(t, "/shop/p2", "not-a-real-value-changed") }, calls(1, 43, 100, 3, 3)},
		{"deleted and put again", func() { f.recreate(t, "/shop/p2") }, calls(1, 43, 100, 3, 3)},
		{"a moved alias", func() { f.move(t, "alias/f5") }, calls(1, 43, 100, 3, 1)},
	} {
		if _, err := layers.Publish(t.Context(), "shop", "", layer); err != nil {
			t.Fatal(err)
		}
		c.change()
		f.run(t, look, fetching(calls(1, 43, 100, 0, 0)))
		before := layer
		layer = f.run(t, build, fetching(c.want))
		if same := bytes.Equal(before, layer); same != (c.name == "nothing") {
			t.Errorf("%s: the same bytes: %t", c.name, same)
		}
	}
}

func (f *fresh) recreate(t *testing.T, name string) {
	t.Helper()
	if _, err := ssm.NewFromConfig(f.cfg).DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	f.put(t, name, "not-a-real-value-of-a-new-parameter")
}

func (f *fresh) move(t *testing.T, alias string) {
	t.Helper()
	client := kms.NewFromConfig(f.cfg)
	key, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err == nil {
		_, err = client.UpdateAlias(t.Context(), &kms.UpdateAliasInput{AliasName: &alias, TargetKeyId: key.KeyMetadata.KeyId})
	}
	if err != nil {
		t.Fatal(err)
	}
}
