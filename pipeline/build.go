package pipeline

import (
	"context"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Build makes the documents of one environment in one region.
type Build struct {
	Scope
	Parameters Parameters
	Keys       Keys
	Blind      Blind
	Layers     Layers   // used only for what Previous has not read yet
	Previous   Previous // what to carry over from

	Reseal        bool // carry nothing over
	AllowRollback bool // accept versions lower than in Previous
	RequireBlind  bool // refuse functions that are not blind
}

// Built is what a Build made.
type Built struct {
	Result
	Documents []*sealed.Document // ascending by name

	read   *plaintexts   // in this run
	public func() []byte // see compared.public
}

// Run builds. It returns a result or every problem that it found, never both, and
// writes nothing. It reads no parameter before the account and all keys are checked.
func (b *Build) Run(ctx context.Context) (*Built, problem.Problems) {
	bound, problems := b.bind()
	if problems = append(problems, bound.requireBlind(b.RequireBlind)...); len(problems) > 0 {
		return nil, problems.Sort()
	}
	admitted, problems := bound.preflight(ctx, b.Keys)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	previous, problems := b.Previous.fetch(ctx, &b.Scope, b.Layers)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	listed := admitted.list(ctx, b.Parameters, b.Blind.Parameters)
	versioned := listed.unread()
	if previous.Layer != nil {
		if versioned, problems = listed.readVersions(ctx, listed.byVersion(b.Parameters, b.Blind.Parameters)); len(problems) > 0 {
			return nil, problems.Sort()
		}
	}
	compared := versioned.compare(previous, b.Reseal)
	if problems = compared.rollbacks(b.AllowRollback); len(problems) > 0 {
		return nil, problems.Sort()
	}
	compared, values, problems := compared.seal(ctx, b)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	compared.dated()
	return &Built{Result: compared.result(), Documents: compared.documents(), read: values, public: compared.public}, nil
}
