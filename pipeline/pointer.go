package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/secret"
)

// A LayerParameter is the parameter with the ARN of a published layer, after a Publish.
type LayerParameter struct {
	Name    string
	Layer   int64 // version of the layer that the parameter has
	Version int64 // of the parameter
	Changed bool
}

// A pointed is what the parameter has. The zero value is a parameter that does not exist.
type pointed struct {
	layer   int64 // version of the layer
	version int64 // of the parameter
}

// parameter returns the parameter for the ARN of the layer, if there is one.
func (p *Publish) parameter() manifest.Text {
	if fn := p.owner(); fn != nil {
		return fn.LayerParameter
	}
	return p.Manifest.Bundle.LayerParameter
}

// A home is where a layer is.
type home struct{ account, region, layer string }

// readPointer reads the parameter with the ARN of a version of a layer, or one version of it. why says what else it has. Its
// value is never part of that: it may be a secret.
func readPointer(ctx context.Context, texts Texts, ref secret.Ref, of home) (now pointed, why string, err error) {
	var one param.Result
	if err := texts.Texts(ctx, []secret.Ref{ref}, func(r param.Result) { one = r }); err != nil {
		return pointed{}, "", err
	}
	found := one.Parameter
	switch {
	case errors.Is(one.Err, param.ErrMissing):
		return pointed{}, "", nil
	case one.Err != nil:
		return pointed{}, "", one.Err
	case found.Type != param.String:
		return pointed{}, fmt.Sprintf("is a %s, not a String.", found.Type), nil
	case found.DataType != param.Text:
		return pointed{}, "has a data type other than text.", nil
	}
	layer, err := publish.ParseARN(string(found.Value.Reveal()))
	if err != nil || layer.Version == 0 || !publish.IsIn(layer, of.account, of.region, of.layer) {
		return pointed{}, fmt.Sprintf("does not have the ARN of a version of layer %q in account %s and region %s.", of.layer, of.account, of.region), nil
	}
	return pointed{layer: layer.Version, version: found.Version.Number}, "", nil
}

// look reads the parameter, or one version of it. It refuses one that has anything but the
// ARN of a version of this layer.
func (p *Publish) look(ctx context.Context, layer, version string) (*pointed, problem.Problems) {
	name := p.parameter()
	now, why, err := readPointer(ctx, p.Pointer, secret.Ref{Name: name.Value, Selector: version}, home{p.Account, p.Region, layer})
	switch {
	case err != nil:
		return nil, problem.Problems{pointerProblem(name, err, "ssm:GetParameters")}
	case why != "":
		return nil, problem.Problems{problem.New(problem.Integrity, &name.Range, "Parameter is not of this layer", fmt.Sprintf(
			"The parameter %q %s It is not overwritten, and its value is not shown, because it may be a secret. Name another parameter, or delete this one if nothing uses it.",
			name.Value, why))}
	}
	return &now, nil
}

// pointTries is how often a publication writes its parameter while other runs write it too.
const pointTries = 3

// point puts the ARN of the published version into the parameter, unless it has it or that
// of a newer version. Parameter Store has no conditional put, but the number of the
// parameter's version tells that something else was written in between. If that was a newer
// version of the layer, it is put back.
func (p *Publish) point(ctx context.Context, result *Published, now *pointed) (problems problem.Problems) {
	name, want := p.parameter(), result.Version
	result.Parameter = &LayerParameter{Name: name.Value}
	defer func() { p.explain(problems, result) }()
	if now.layer != want.Number {
		if now, problems = p.look(ctx, result.Name, ""); len(problems) > 0 {
			return problems
		}
	}
	for range pointTries {
		result.Parameter.Layer, result.Parameter.Version = now.layer, now.version
		switch {
		case now.layer == want.Number:
			return nil
		case now.layer > want.Number && !p.AllowRollback:
			result.Warnings = append(result.Warnings, p.newer(now.layer, want).Warning())
			return nil
		}
		written, err := p.Pointer.Put(ctx, param.Put{
			Description: param.Description{Name: name.Value, Type: param.String, Tier: tierOf(now), DataType: param.Text, About: p.about(result.Name)},
			Value:       secret.New([]byte(want.ARN)), Create: now.version == 0,
		})
		if err != nil {
			return problem.Problems{pointerProblem(name, err, "ssm:PutParameter")}
		}
		result.Parameter.Layer, result.Parameter.Version, result.Parameter.Changed = want.Number, written.Version, true
		if written.Version <= now.version+1 || p.AllowRollback {
			return nil
		}
		between, problems := p.look(ctx, result.Name, strconv.FormatInt(written.Version-1, 10))
		if len(problems) > 0 {
			if problems[0].Kind == problem.Integrity {
				return problem.Problems{problem.New(problem.Integrity, &name.Range, "Parameter changed during the run", fmt.Sprintf(
					"Something else put another value into %q while this run wrote it. Its version %d has that value, which is not shown, because it may be a secret, and version %d has the ARN. "+
						"Name another parameter, or find out who put it.", name.Value, written.Version-1, written.Version))}
			}
			return problems
		}
		now.layer, now.version = want.Number, written.Version
		if between.layer > want.Number {
			result.Warnings = append(result.Warnings, p.newer(between.layer, want).Warning())
			want = publish.Version{Number: between.layer, ARN: publish.VersionOf(want.ARN, between.layer)}
		}
	}
	return problem.Problems{problem.New(problem.Integrity, &name.Range, "Parameter changed during the run", fmt.Sprintf(
		"Other runs write %q at the same time. Let one run publish at a time, and run bundle publish again.", name.Value))}
}

// tierOf returns the tier to put: a parameter never goes back from the advanced tier.
func tierOf(now *pointed) string {
	if now.version == 0 {
		return param.Standard
	}
	return param.Unchanged
}

// about is the description of the parameter.
func (p *Publish) about(layer string) string {
	return fmt.Sprintf("ARN of the newest version of layer %s, from bundle publish", layer)
}

// newer warns that the parameter has a newer version of the layer than this one.
func (p *Publish) newer(has int64, want publish.Version) problem.Problem {
	name := p.parameter()
	return problem.New(problem.Integrity, &name.Range, "Parameter has a newer layer", fmt.Sprintf(
		"The parameter %q has version %d of the layer, which is newer than %s, so it keeps that version. To move it back on purpose, or if version %d was deleted, pass --allow-rollback.",
		name.Value, has, want.ARN, has))
}

// pointerProblem joins an error of a call to the parameter.
func pointerProblem(name manifest.Text, err error, right string) problem.Problem {
	if errors.Is(err, param.ErrUnclear) {
		return problem.New(problem.Unavailable, &name.Range, "Outcome unknown", fmt.Sprintf("There was no answer to the put of %q.", name.Value))
	}
	return problem.FromAWS(err, problem.Resource{
		Name: strconv.Quote(name.Value), Lead: fmt.Sprintf("Parameter %q, for the ARN of the layer", name.Value), On: "it", Rights: []string{right},
	}, &name.Range)
}

// explain adds to problems with the parameter that the layer is published, and how to
// finish. A value that is not of this layer stays.
func (p *Publish) explain(problems problem.Problems, result *Published) {
	name := p.parameter().Value
	for i, one := range problems {
		if one.Kind == problem.Interrupted {
			problems[i].Detail = "The run was stopped."
		}
		problems[i].Detail += fmt.Sprintf(" %s is published", result.Version.ARN)
		if has := result.Parameter; has.Changed && has.Layer == result.Version.Number {
			problems[i].Detail += fmt.Sprintf(", and version %d of %q has its ARN.", has.Version, name)
		} else {
			problems[i].Detail += fmt.Sprintf(", but %q may not have its ARN.", name)
		}
		if one.Kind != problem.Integrity {
			problems[i].Detail += fmt.Sprintf(" To finish, run bundle publish again with the same layer, or run: aws ssm put-parameter --region %s --name %s --type String --overwrite --value %s",
				p.Region, name, result.Version.ARN)
		}
	}
}
