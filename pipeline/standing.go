package pipeline

import (
	"context"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/secret"
)

// Texts reads the values of Strings. [param.Source] implements it.
type Texts interface {
	Texts(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
}

// A Stand is how the parameter with the ARN of a layer compares with the newest version of the layer.
type Stand string

// The stands.
const (
	StandsNewest  Stand = "newest"
	StandsOlder   Stand = "older"
	StandsNewer   Stand = "newer"   // the version that it has was deleted
	StandsMissing Stand = "missing" // there is no such parameter
	StandsForeign Stand = "foreign" // it has something else than the ARN of a version of this layer, which is never shown
	StandsUnread  Stand = "unread"  // the caller may not read it
)

// A Standing is what deployments find in the parameter with the ARN of a layer.
type Standing struct {
	Name   string
	Stand  Stand
	Layer  int64 // the version of the layer that it has; 0 if that is not known
	Newest int64 // the newest version of the layer; 0 if none is published or that is not known
}

// standing reads the parameter with the ARN of the manifest's layer, or returns nil if the manifest names none. newest is
// the newest version of the layer; 0 for none.
func standing(ctx context.Context, texts Texts, m *manifest.Manifest, account string, newest int64) (*Standing, problem.Problems) {
	name := m.Bundle.LayerParameter
	now, why, err := readPointer(ctx, texts, secret.Ref{Name: name.Value}, home{account, m.Environment.Region(), m.Bundle.Layer.Value})
	s := &Standing{Name: name.Value, Newest: newest}
	switch {
	case err != nil:
		if p := pointerProblem(name, err, "ssm:GetParameters"); p.Kind != problem.Access {
			return nil, problem.Problems{p}
		}
		s.Stand = StandsUnread
		return s, nil
	case why != "":
		s.Stand = StandsForeign
		return s, nil
	}
	s.Layer = now.layer
	switch {
	case now.version == 0:
		s.Stand = StandsMissing
	case now.layer < newest:
		s.Stand = StandsOlder
	case now.layer > newest:
		s.Stand = StandsNewer
	default:
		s.Stand = StandsNewest
	}
	return s, nil
}

// namesPointer reports whether the manifest names a layer and a parameter for its ARN.
func namesPointer(m *manifest.Manifest) bool {
	return m != nil && m.Bundle.Layer.Value != "" && m.Bundle.LayerParameter.Value != ""
}

// standing compares the parameter with the newest version of the layer, if that is what the status is of.
func (s *Status) standing(ctx context.Context) (*Standing, problem.Problems) {
	if s.Pointer == nil || s.Published == nil || s.Published.Version != 0 || !namesPointer(s.Manifest) {
		return nil, nil
	}
	newest, err := publish.ParseARN(s.Name)
	account := arn.Account(s.Name)
	if err != nil || !publish.IsIn(newest, account, s.Manifest.Environment.Region(), s.Manifest.Bundle.Layer.Value) {
		return nil, nil
	}
	return standing(ctx, s.Pointer, s.Manifest, account, newest.Version)
}

// standing compares the parameter with the newest version of the layer, which may be the previous layer.
func (p *Plan) standing(ctx context.Context, previous Previous) (*Standing, problem.Problems) {
	if p.Pointer == nil || !namesPointer(p.Manifest) {
		return nil, nil
	}
	layer := publish.Ref{Layer: p.Manifest.Bundle.Layer.Value}
	if wanted := p.Previous.wanted; wanted != nil && *wanted == layer {
		newest, _ := publish.ParseARN(previous.Name) // none on a first build
		return standing(ctx, p.Pointer, p.Manifest, p.Account, newest.Version)
	}
	newest, err := p.Layers.Find(ctx, layer)
	if err != nil && !isNoLayer(err) {
		at := &p.Manifest.Bundle.Layer.Range
		if one := layerProblem(at, layer.Layer, err, ""); one.Kind != problem.Access {
			return nil, problem.Problems{one}
		}
		return &Standing{Name: p.Manifest.Bundle.LayerParameter.Value, Stand: StandsUnread}, nil
	}
	return standing(ctx, p.Pointer, p.Manifest, p.Account, newest.Number)
}
