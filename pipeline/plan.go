package pipeline

import (
	"context"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Versions reads versions and names, without values. [Stores] implements it.
type Versions interface {
	// Versions passes each result to got as soon as it arrives, never two at a time.
	// It returns an error only if it stops the whole read. A version of Secrets Manager
	// has no date.
	Versions(ctx context.Context, refs []secret.Ref, got func(Found)) error
	// Dates reads when versions of secrets of Secrets Manager were written. Each
	// reference has an ID. Otherwise, it is like Versions.
	Dates(ctx context.Context, refs []secret.Ref, got func(Found)) error
	List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error)
}

// A Plan shows what a [Build] would do, or why it would fail. It runs the same
// steps, as far as they neither read a value nor encrypt.
type Plan struct {
	Scope
	Parameters Versions
	Keys       KeyDescriber
	Blind      BlindParameters
	Layers     Layers   // used only for what Previous has not read yet
	Previous   Previous // what the build would carry over from
	Pointer    Texts    // reads the parameter with the layer's ARN, if the manifest names one

	Reseal        bool // as in Build
	AllowRollback bool // as in Build
	RequireBlind  bool // as in Build
}

// Run plans. It returns a result or every problem that it found, never both.
func (p *Plan) Run(ctx context.Context) (*Result, problem.Problems) {
	bound, problems := p.bind()
	if problems = append(problems, bound.requireBlind(p.RequireBlind)...); len(problems) > 0 {
		return nil, problems.Sort()
	}
	admitted, problems := bound.preflight(ctx, p.Keys)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	previous, problems := p.Previous.fetch(ctx, &p.Scope, p.Layers)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	versioned, problems := admitted.list(ctx, p.Parameters, p.Blind).foresee(ctx, p.Parameters, p.Blind)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	compared := versioned.compare(previous, p.Reseal)
	undated, problems := compared.readDates(ctx, p.Parameters)
	if problems = append(problems, compared.rollbacks(p.AllowRollback)...); len(problems) > 0 {
		return nil, problems.Sort()
	}
	result := compared.result()
	result.Warnings = append(result.Warnings, undated...)
	if result.Standing, problems = p.standing(ctx, previous); len(problems) > 0 {
		return nil, problems
	}
	return &result, nil
}
