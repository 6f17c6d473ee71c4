package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// A Publish publishes a layer under the name that the manifest gives it,
// unless the newest version there has the same content.
type Publish struct {
	Scope
	Layers  Layers
	Pointer Pointer // only used if the manifest names a layer parameter

	From    string // what to call the layer in messages
	Layer   *layerbuild.Layer
	Content []byte // the layer's bytes

	Alone     bool         // the layer must be for the manifest's only function
	Helpers   *HelperCheck // checks its helper files
	HelpersOf string       // a release, besides this one, whose helper files may be published; "" for none
	SHA256    string       // the digest of Content, in lower-case hexadecimal; "" for any

	AllowRollback bool // replace a version with newer secrets, or one that cannot be compared, or a newer ARN in the parameter
}

// Published is the result of a Publish.
type Published struct {
	Name    string // of the layer
	Version publish.Version
	Changed bool // a version was published; false if the newest had the same content

	Parameter *LayerParameter // with the version's ARN; nil if the manifest names none

	LeftOut  []LeftOut // what the version before had
	Warnings problem.Problems
}

// Run publishes. It returns what it did or every problem that it found.
func (p *Publish) Run(ctx context.Context) (*Published, problem.Problems) {
	name, problems := p.check()
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	done := progress(p.Observer, StepPublish, 1)
	defer done()
	if problems := p.checkAccount(ctx); len(problems) > 0 {
		return nil, problems
	}
	var now *pointed
	if p.parameter().Value != "" {
		if now, problems = p.look(ctx, name.Value, ""); len(problems) > 0 {
			return nil, problems
		}
	}
	result, problems := p.publish(ctx, name)
	if len(problems) == 0 && now != nil {
		problems = p.point(ctx, result, now)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return result, nil
}

// publish publishes the layer, unless the newest version has the same content.
func (p *Publish) publish(ctx context.Context, name manifest.Text) (*Published, problem.Problems) {
	var problems problem.Problems
	result := &Published{Name: name.Value}
	newest, err := p.Layers.Find(ctx, publish.Ref{Layer: name.Value})
	switch {
	case err == nil && newest.SHA256 == Digest(p.Content):
		result.Version = newest
		return result, nil
	case err != nil && !isNoLayer(err):
		return nil, problem.Problems{layerProblem(&name.Range, name.Value, err, "")}
	case err == nil:
		if result.LeftOut, result.Warnings, problems = p.supersede(ctx, name, newest); len(problems) > 0 {
			return nil, problems
		}
	}
	made, err := p.Layers.Publish(ctx, name.Value, p.description(), p.Content)
	if err != nil {
		return nil, problem.Problems{publishProblem(&name.Range, name.Value, err)}
	}
	if problems := p.overtaken(ctx, name, newest, made); len(problems) > 0 {
		return nil, problems
	}
	result.Version, result.Changed = made, true
	return result, nil
}

func isNoLayer(err error) bool { return errors.Is(err, publish.ErrNoLayer) }

// check checks the layer against the environment to publish it in, and returns the
// name to publish it under. It makes no call.
func (p *Publish) check() (manifest.Text, problem.Problems) {
	environment := p.Manifest.Environment.Name.Value
	if digest := Digest(p.Content); p.SHA256 != "" && digest != p.SHA256 {
		return manifest.Text{}, problem.Problems{problem.New(problem.Integrity, nil, "Layer has another digest", fmt.Sprintf(
			"The SHA-256 of %s is %s, not %s, so this is not the expected layer. Use the layer that the build wrote.", p.From, digest, p.SHA256))}
	}
	if len(p.Layer.Documents) == 0 {
		helpers := HelperCheck{Releases: p.Helpers.Releases}
		if problems := helpers.Publish(p.From, p.Layer, p.HelpersOf); len(problems) > 0 {
			return manifest.Text{}, problems
		}
		return manifest.Text{}, problem.Problems{problem.New(problem.Integrity, nil, "Layer has only helpers", fmt.Sprintf(
			"%s contains no secrets, and would replace the layer that does. Publish helpers under a separate name, "+
				"with aws lambda publish-layer-version.", p.From))}
	}
	if why := wrongAccount(p.Layer, p.Manifest); why != "" {
		return manifest.Text{}, problem.Problems{problem.New(problem.Integrity, nil, "Layer from another account", fmt.Sprintf(
			"%s %s. Build the layer with --env %s, or use the environment that it was built for.", p.From, why, environment))}
	}
	if why := mismatch(p.Layer, p.Manifest); why != "" {
		return manifest.Text{}, problem.Problems{problem.New(problem.Integrity, nil, "Layer does not match", fmt.Sprintf("%s is a layer %s. %s", p.From, why,
			elsewhere(p.Layer, p.Manifest)))}
	}
	if fn := p.Manifest.Functions; p.Alone && (len(p.Layer.Documents) != 1 || p.Layer.Documents[0].Header.Name != fn[0].File()) {
		return manifest.Text{}, problem.Problems{problem.New(problem.Integrity, nil, "Layer does not match", fmt.Sprintf(
			"%s is not a layer for only function %q. Build it with {function} in --out.", p.From, fn[0].Name.Value))}
	}
	if problems := Verify(p.From, p.Layer, p.Manifest); len(problems) > 0 {
		return manifest.Text{}, problems
	}
	name := p.name()
	if name.Value == "" {
		return manifest.Text{}, problem.Problems{problem.New(problem.Manifest, &p.Manifest.Bundle.Range, "No layer name",
			"Write layer = \"NAME\" in the bundle block. If the name uses function.name, only a layer of a single function can be published.")}
	}
	return name, p.Helpers.Publish(p.From, p.Layer, p.HelpersOf)
}

// name returns the layer's name.
func (p *Publish) name() manifest.Text {
	if fn := p.owner(); fn != nil {
		return fn.Layer
	}
	return p.Manifest.Bundle.Layer
}

// owner returns the function that the layer is for, if its name depends on the function,
// or nil. Such a name is only for a layer of that function.
func (p *Publish) owner() *manifest.Function {
	if p.Manifest.Bundle.Layer.Value != "" || len(p.Layer.Documents) != 1 {
		return nil
	}
	for i, fn := range p.Manifest.Functions {
		if fn.File() == p.Layer.Documents[0].Header.Name {
			return &p.Manifest.Functions[i]
		}
	}
	return nil
}

// description is the layer version's description. It stays within Lambda's limit
// of 256 characters, because names are at most 64 characters long.
func (p *Publish) description() string {
	h := p.Layer.Documents[0].Header
	return described(h.Bundle, h.Environment) + Digest(p.Content)
}

// described is the description of a version before the digest.
func described(bundle, environment string) string {
	return fmt.Sprintf("bundle %s, environment %s, sha256 ", bundle, environment)
}

// published reports whether a description is that of a version of the manifest's bundle and environment.
func published(description string, m *manifest.Manifest) bool {
	digest, ok := strings.CutPrefix(description, described(m.Bundle.Name.Value, m.Environment.Name.Value))
	return ok && len(digest) == 64 && strings.Trim(digest, "0123456789abcdef") == ""
}

func publishProblem(at *hcl.Range, name string, err error) problem.Problem {
	return problem.FromAWS(err, problem.Resource{Name: "layer " + name, Lead: "Layer " + name, Rights: []string{"lambda:PublishLayerVersion"}, On: "it"}, at)
}
