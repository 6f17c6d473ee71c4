package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/publish"
)

// A shopfront publishes what a runner without a layer builds.
type shopfront struct {
	*fresh
	manifest *manifest.Manifest
	layers   pipeline.Layers
}

func newShopfront(t *testing.T) *shopfront {
	t.Helper()
	f := newFresh(t, functions(4, 2))
	b, _, err := f.build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &shopfront{f, b.Manifest, publish.New(f.cfg, awslocal.Account)}
}

// layer builds a layer without a previous one.
func (s *shopfront) layer(t *testing.T) []byte {
	t.Helper()
	b, _, err := s.build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	result, problems := b.Run(t.Context())
	if len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	content, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents})
	if len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	return content
}

func (s *shopfront) publication(t *testing.T, content []byte) *pipeline.Publish {
	t.Helper()
	layer, err := layerbuild.Read(content)
	if err != nil {
		t.Fatal(err)
	}
	return &pipeline.Publish{
		Scope: pipeline.Scope{
			Manifest: s.manifest, Account: awslocal.Account, Observer: unobserved{},
			Caller: func(context.Context) (string, error) { return awslocal.Account, nil },
		},
		Layers: s.layers, From: "layer.zip", Layer: layer, Content: content,
		Helpers: &pipeline.HelperCheck{Releases: []layerbuild.Release{{Name: "of a test"}}, Manifest: s.manifest},
	}
}

// try publishes, and returns the summaries of the problems.
func (s *shopfront) try(t *testing.T, p *pipeline.Publish) (*pipeline.Published, string) {
	t.Helper()
	published, problems := p.Run(t.Context())
	var all []string
	for _, problem := range problems {
		all = append(all, fmt.Sprintf("%s: %s: %s", problem.Kind, problem.Summary, problem.Detail))
	}
	if (published == nil) != (len(problems) > 0) {
		t.Errorf("%+v and %q", published, all)
	}
	return published, strings.Join(all, "\n")
}

func (s *shopfront) must(t *testing.T, content []byte) *pipeline.Published {
	t.Helper()
	published, problems := s.try(t, s.publication(t, content))
	if problems != "" {
		t.Fatal(problems)
	}
	return published
}

func TestOlderLayersAreNotPublished(t *testing.T) {
	s := newShopfront(t)
	first := s.layer(t)
	s.must(t, first)
	s.put(t, "/shop/p2", "not-a-real-value-changed")
	s.must(t, s.layer(t))
	if _, problems := s.try(t, s.publication(t, first)); !strings.Contains(problems, "integrity: Older version: ") || !strings.Contains(problems, "version 2 to 1 of") {
		t.Errorf("an older layer: %s", problems)
	}

	// A parameter that was deleted and put again begins at version 1, and is newer.
	s.recreate(t, "/shop/p2")
	s.must(t, s.layer(t))
}

// Of two layers with the same versions, neither is older.
func TestResealedLayersArePublished(t *testing.T) {
	s := newShopfront(t)
	first := s.layer(t)
	s.must(t, first)
	if p := s.must(t, s.layer(t)); p.Version.Number != 2 || len(p.Warnings) > 0 {
		t.Errorf("%+v", p)
	}
	if p := s.must(t, first); p.Version.Number != 3 {
		t.Errorf("%+v", p)
	}
}

// A rival is another run that publishes, or deletes, just before this one does.
type rival struct {
	pipeline.Layers
	before func()
}

func (r *rival) Publish(ctx context.Context, name, description string, layer []byte) (publish.Version, error) {
	r.before()
	return r.Layers.Publish(ctx, name, description, layer)
}

func TestRunsAtTheSameTime(t *testing.T) {
	s := newShopfront(t)
	first := s.layer(t)
	s.put(t, "/shop/p2", "not-a-real-value-changed")
	second := s.layer(t)
	s.put(t, "/shop/p2", "not-a-real-value-changed-again")
	third := s.layer(t)
	other := func(content []byte) func() {
		return func() {
			if _, err := publish.New(s.cfg, awslocal.Account).Publish(t.Context(), "shop", "", content); err != nil {
				t.Error(err)
			}
		}
	}
	run := func(content []byte, before func()) (*pipeline.Published, string) {
		p := s.publication(t, content)
		p.Layers = &rival{s.layers, before}
		return s.try(t, p)
	}
	s.must(t, first)
	if p, problems := run(third, other(second)); problems != "" || p.Version.Number != 3 {
		t.Errorf("over an older layer: %+v, %s", p, problems)
	}
	s.put(t, "/shop/p2", "not-a-real-value-changed-once-more")
	fourth := s.layer(t)
	p := s.publication(t, fourth)
	p.Layers = &rival{s.layers, func() {}}
	if _, problems := s.try(t, p); problems != "" {
		t.Error(problems)
	}
	s.put(t, "/shop/p2", "not-a-real-value-changed-for-the-last-time")
	sixth := s.layer(t)
	s.put(t, "/shop/p2", "not-a-real-value-changed-after-that")
	seventh := s.layer(t)
	_, problems := run(sixth, other(seventh))
	if !strings.Contains(problems, "integrity: Older version: ") || !strings.Contains(problems, ":layer:shop:5 at the same time") || !strings.Contains(problems, "just before arn:aws:lambda:us-east-1:000000000000:layer:shop:6. Delete the latter") {
		t.Errorf("over a newer layer: %s", problems)
	}

	// A gap that deleted versions left does not count.
	gone := func() {
		other(seventh)()
		_, err := lambda.NewFromConfig(s.cfg).DeleteLayerVersion(t.Context(), &lambda.DeleteLayerVersionInput{LayerName: aws.String("shop"), VersionNumber: aws.Int64(7)})
		if err != nil {
			t.Error(err)
		}
	}
	s.put(t, "/shop/p2", "not-a-real-value-changed-in-the-end")
	if p, problems := run(s.layer(t), gone); problems != "" || p.Version.Number != 8 {
		t.Errorf("after a gap: %+v, %s", p, problems)
	}
}

// A backward is a Lambda whose version numbers do not grow.
type backward struct{ pipeline.Layers }

func (b *backward) Publish(ctx context.Context, name, description string, layer []byte) (publish.Version, error) {
	v, err := b.Layers.Publish(ctx, name, description, layer)
	v.Number = 1
	return v, err
}

func TestVersionsGrow(t *testing.T) {
	s := newShopfront(t)
	s.must(t, s.layer(t))
	p := s.publication(t, s.layer(t))
	p.Layers = &backward{s.layers}
	if _, problems := s.try(t, p); !strings.HasPrefix(problems, "integrity: Unexpected answer from Lambda: ") {
		t.Error(problems)
	}
}

// A broken is a Lambda whose layers cannot be downloaded.
type broken struct {
	pipeline.Layers
	err error
}

func (b *broken) Download(context.Context, publish.Version) ([]byte, error) { return nil, b.err }

func TestWhatCannotBeComparedIsNotPublishedOver(t *testing.T) {
	s := newShopfront(t)
	s.must(t, s.layer(t))
	second := s.layer(t)
	for _, c := range []struct {
		err  error
		want string
	}{
		{publish.ErrDamaged, "integrity: Layer damaged: "}, {publish.ErrUnavailable, "unavailable: Lambda unavailable: "},
		{publish.ErrReply, "integrity: Unexpected answer from Lambda: "}, {publish.ErrDenied, "access: Access to the layer denied: "},
	} {
		p := s.publication(t, second)
		p.Layers = &broken{s.layers, c.err}
		if _, problems := s.try(t, p); !strings.HasPrefix(problems, c.want) || !strings.Contains(problems, "--allow-rollback") {
			t.Errorf("%v: %s", c.err, problems)
		}
	}
	p := s.publication(t, second)
	p.Layers, p.AllowRollback = &broken{s.layers, publish.ErrDamaged}, true
	if published, problems := s.try(t, p); problems != "" || published.Version.Number != 2 || len(published.Warnings) != 1 {
		t.Errorf("%+v, %s", published, problems)
	}
}

// --sha256 is compared with what would be published, before any call.
func TestAnotherLayerIsNotPublished(t *testing.T) {
	s := newShopfront(t)
	content := s.layer(t)
	p := s.publication(t, content)
	p.SHA256 = strings.Repeat("0", 64)
	s.server.ResetCalls()
	if _, problems := s.try(t, p); !strings.HasPrefix(problems, "integrity: Layer has another digest: ") || !strings.Contains(problems, pipeline.Digest(content)) {
		t.Error(problems)
	}
	if calls := s.server.Calls(); len(calls) > 0 {
		t.Errorf("calls %v", calls)
	}
	p.SHA256 = pipeline.Digest(content)
	if published, problems := s.try(t, p); problems != "" || published.Version.SHA256 != p.SHA256 {
		t.Errorf("%+v, %s", published, problems)
	}
}
