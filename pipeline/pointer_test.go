package pipeline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/secret"
)

const layerParameter = "/layers/arn"

// A racer writes the parameter just before each put of the run, as another run could.
type racer struct {
	*param.Source
	values []string // one for each put; "" for none
}

func (r *racer) Put(ctx context.Context, p param.Put) (param.Written, error) {
	if len(r.values) > 0 {
		value := r.values[0]
		if r.values = r.values[1:]; value != "" {
			other := p
			other.Value = secret.New([]byte(value))
			if _, err := r.Source.Put(ctx, other); err != nil {
				return param.Written{}, err
			}
		}
	}
	return r.Source.Put(ctx, p)
}

func (s *shopfront) pointed(t *testing.T) string {
	t.Helper()
	var got param.Result
	err := param.New(s.cfg, param.Options{Account: awslocal.Account}).Texts(t.Context(), []secret.Ref{{Name: layerParameter}}, func(r param.Result) { got = r })
	if err != nil || got.Err != nil {
		t.Fatal(err, got.Err)
	}
	return string(got.Parameter.Value.Reveal())
}

// Parameter Store has no conditional put. A newer version that another run wrote in
// between comes back, an older one does not, and what is not of the layer is reported.
func TestParameterOfTwoRunsAtTheSameTime(t *testing.T) {
	s := newShopfront(t)
	content := s.layer(t)
	publication := func(values ...string) *pipeline.Publish {
		p := s.publication(t, content)
		m := *s.manifest
		m.Bundle.LayerParameter = manifest.Text{Value: layerParameter}
		p.Manifest, p.Region = &m, awslocal.Region
		p.Pointer = &racer{param.New(s.cfg, param.Options{Account: awslocal.Account}), values}
		return p
	}
	first, problems := s.try(t, publication())
	if problems != "" || s.pointed(t) != first.Version.ARN {
		t.Fatalf("%s: %q", s.pointed(t), problems)
	}
	version := func(n string) string { return strings.TrimSuffix(first.Version.ARN, ":1") + ":" + n }
	content = s.layer(t)
	newer, problems := s.try(t, publication(version("7")))
	if problems != "" || s.pointed(t) != version("7") || newer.Parameter.Layer != 7 || !newer.Parameter.Changed || len(newer.Warnings) != 1 {
		t.Errorf("a newer version was lost: %s, %+v, %q", s.pointed(t), newer, problems)
	}
	back := publication()
	back.AllowRollback = true
	if _, problems := s.try(t, back); problems != "" || s.pointed(t) != version("2") {
		t.Errorf("not moved back on purpose: %s %q", s.pointed(t), problems)
	}
	content = s.layer(t)
	if older, problems := s.try(t, publication(version("1"))); problems != "" || s.pointed(t) != version("3") || len(older.Warnings) != 0 {
		t.Errorf("an older version won: %s %q", s.pointed(t), problems)
	}
	content = s.layer(t)
	if _, problems := s.try(t, publication("not-a-real-secret")); !strings.Contains(problems, "Something else put another value") || !strings.Contains(problems, "has its ARN.") || strings.Contains(problems, "not-a-real") || strings.Contains(problems, "put-parameter") {
		t.Errorf("another's value: %q", problems)
	}
	content = s.layer(t)
	if _, problems := s.try(t, publication(version("20"), version("21"), version("22"))); !strings.Contains(problems, "Parameter changed during the run") {
		t.Errorf("without end: %q", problems)
	}
}
