package pipeline

import (
	"context"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Versions tells of parameters without their values. [param.Source] is the one
// there is.
type Versions interface {
	// Versions hands each result to got as soon as it is there, never two at once;
	// it returns an error only for what stops the whole read.
	Versions(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
	List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error)
}

// A Plan tells what a [Build] would do, or why it would fail. It goes the way of
// one as far as that goes without reading a value or encrypting anything.
type Plan struct {
	Scope
	Parameters Versions
	Keys       KeyDescriber
	Blind      BlindParameters
	Layers     Layers   // asked only for what Previous does not know yet
	Previous   Previous // what the build would carry over from

	Reseal        bool // as of the build
	AllowRollback bool // as of the build
	RequireBlind  bool // as of the build
}

// Run plans. It returns a result or every problem it found, never both.
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
	if problems = compared.rollbacks(p.AllowRollback); len(problems) > 0 {
		return nil, problems.Sort()
	}
	result := compared.result()
	return &result, nil
}
