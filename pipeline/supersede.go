package pipeline

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// A LeftOut is something that the published layer has and the new layer does not:
// a function's document, or one secret of it.
type LeftOut struct {
	Function string
	Secret   string // "" if the whole document is missing
}

// supersede compares the layer with the published version that it would replace,
// and refuses to go back to an older version of a parameter, or to replace a
// version that cannot be compared. AllowRollback turns these problems into
// warnings.
func (p *Publish) supersede(ctx context.Context, name manifest.Text, newest publish.Version) (left []LeftOut, warnings, refused problem.Problems) {
	layer, refusal := p.download(ctx, name, newest)
	if refusal != nil {
		if _, ended := interrupted(ctx.Err()); ended || !p.AllowRollback {
			return nil, nil, problem.Problems{*refusal}
		}
		return nil, problem.Problems{refusal.Warning()}, nil
	}
	var wants []plan.Want
	for _, d := range p.Layer.Documents {
		wants = append(wants, plan.Want{Header: d.Header, Key: d.Key})
	}
	changes := plan.Diff(wants, layer.Documents)
	refused = p.rollbacks(newest, plan.Rollbacks(wants, changes))
	left, lacking := p.leftOut(newest, changes)
	if len(refused) > 0 && !p.AllowRollback {
		return nil, nil, append(refused, lacking...).Sort()
	}
	for _, one := range append(lacking, refused...) {
		warnings = append(warnings, one.Warning())
	}
	return left, warnings, nil
}

// download returns the published layer, if the new layer can replace it.
func (p *Publish) download(ctx context.Context, name manifest.Text, newest publish.Version) (*layerbuild.Layer, *problem.Problem) {
	refuse := func(summary, format string, args ...any) *problem.Problem {
		r := problem.New(problem.Integrity, &name.Range, summary, fmt.Sprintf(format, args...))
		return &r
	}
	content, err := p.Layers.Download(ctx, newest)
	if err != nil {
		r := layerProblem(&name.Range, newest.ARN, err, ", or pass --allow-rollback to publish without a comparison")
		return nil, &r
	}
	layer, err := layerbuild.Read(content)
	if err != nil {
		return nil, refuse("Newest version not readable", "%s is published under this name: %v. It is damaged, or was made by another program or a later release of bundle, "+
			"so %s cannot be compared with it. Use another name, or pass --allow-rollback to publish anyway.", newest.ARN, err, p.From)
	}
	why := mismatch(layer, p.Manifest)
	if why != "" {
		why = "is a layer " + why
	} else {
		why = wrongAccount(layer, p.Manifest)
	}
	if why != "" {
		return nil, refuse("Newest version does not match", "%s is published under this name, and %s. %s would replace it. "+
			"Use another name, or pass --allow-rollback to publish anyway.", newest.ARN, why, p.From)
	}
	return layer, nil
}

// rollbacks reports secrets that the layer would roll back.
func (p *Publish) rollbacks(newest publish.Version, all []plan.Rollback) problem.Problems {
	var problems problem.Problems
	for _, back := range all {
		d := document(p.Layer.Documents, back.Name)
		how := fmt.Sprintf("from version %d to %d of %q", back.Was.Version, back.Now.Version, arn.ParameterName(back.Now.ARN))
		if back.Now.ID != "" {
			how = older(back) + fmt.Sprintf(" of %q", arn.SecretName(back.Now.ARN))
		}
		problems = append(problems, problem.New(problem.Integrity, placeIn(p.Manifest, d.Header.Name, back.Now.Secret), "Older version", fmt.Sprintf(
			"%s of function %q would be rolled back %s, because the published %s has the newer version. "+
				"Build the layer again, or pass --allow-rollback to roll back on purpose.",
			back.Now.Secret, d.Header.Function, how, newest.ARN)))
	}
	return problems
}

// leftOut lists what the layer lacks. That is no reason to refuse it: removing
// functions and secrets from a manifest is normal.
func (p *Publish) leftOut(newest publish.Version, changes []plan.Change) (left []LeftOut, lacking problem.Problems) {
	note := func(summary string, at *hcl.Range, function, secret, what string) {
		left = append(left, LeftOut{function, secret})
		lacking = append(lacking, problem.New(problem.Integrity, at, summary, fmt.Sprintf(
			"The published %s has %s, but %s does not. If this is a mistake, build the layer again from the current manifest.", newest.ARN, what, p.From)))
	}
	for _, c := range changes {
		if c.Action == plan.Remove {
			function := c.Previous.Header.Function
			note("Function no longer in the layer", placeIn(p.Manifest, c.Name, ""), function, "", fmt.Sprintf("the secrets of function %q", function))
			continue
		}
		for _, reason := range c.Reasons {
			if reason.Secret != "" && reason.What == "removed" {
				function := c.Want.Header.Function
				note("Secret no longer in the layer", placeIn(p.Manifest, c.Name, reason.Secret), function, reason.Secret, fmt.Sprintf("%s of function %q", reason.Secret, function))
			}
		}
	}
	return left, lacking
}

// placeIn returns where a manifest has a secret of a document, or else its function; nil for
// another document or without a manifest.
func placeIn(m *manifest.Manifest, document, secret string) *hcl.Range {
	if m == nil {
		return nil
	}
	for i := range m.Functions {
		fn := &m.Functions[i]
		if fn.File() != document {
			continue
		}
		for k := range fn.Secrets {
			if s := &fn.Secrets[k]; s.Name.Value == secret {
				return &s.Source().Range
			}
		}
		return &fn.Range
	}
	return nil
}

func document(all []*sealed.Document, name string) *sealed.Document {
	for _, d := range all {
		if d.Header.Name == name {
			return d
		}
	}
	return nil
}

// overtaken finds out whether another run has published between the comparison
// and this publication. Lambda has no conditional publish. Version numbers only
// grow, so the run that publishes later sees the other one, whichever layer is
// older.
func (p *Publish) overtaken(ctx context.Context, name manifest.Text, compared, made publish.Version) problem.Problems {
	switch {
	case p.AllowRollback || made.Number == compared.Number+1:
		return nil
	case made.Number <= compared.Number:
		return problem.Problems{problem.New(problem.Integrity, &name.Range, "Unexpected answer from Lambda", fmt.Sprintf(
			"It returned %s as the new version, but version %d existed before. Run the command again.", made.ARN, compared.Number))}
	}
	between, err := p.Layers.Find(ctx, publish.Ref{Layer: name.Value, Before: made.Number})
	switch {
	case isNoLayer(err), err == nil && between.Number <= compared.Number:
		return nil // the versions between were deleted
	case err != nil:
		return problem.Problems{layerProblem(&name.Range, name.Value, err, fmt.Sprintf(": %s was published, but it is not known whether another run published at the same time", made.ARN))}
	}
	_, _, problems := p.supersede(ctx, name, between)
	for i := range problems {
		problems[i].Detail += fmt.Sprintf(" Another run published %s at the same time, just before %s. Delete the latter, and do not attach it to a function.", between.ARN, made.ARN)
	}
	return problems
}
