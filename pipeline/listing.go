package pipeline

import (
	"context"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Lister lists parameters. It is safe for concurrent use. If there is none below
// a path, it returns an empty list.
type Lister interface {
	List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error)
}

// A Listing lists the names of the parameters below a path, for a manifest that
// is not written yet. Its problems therefore have no place in a manifest.
type Listing struct {
	Environment manifest.Environment
	Path        string
	Caller      func(context.Context) (account string, err error)
	Parameters  Lister
}

// Run checks the account and lists. It calls GetCallerIdentity, and
// GetParametersByPath without decryption.
func (l *Listing) Run(ctx context.Context) ([]string, problem.Problems) {
	scope := &Scope{Manifest: &manifest.Manifest{Environment: l.Environment}, Account: l.Environment.AccountID.Value, Caller: l.Caller}
	problems := scope.checkAccount(ctx)
	var names []string
	if len(problems) == 0 {
		all, err := l.Parameters.List(ctx, l.Path, true)
		switch {
		case err != nil:
			problems = problem.Problems{listProblem(manifest.Import{}, err)}
		case len(all) == 0:
			problems = problem.Problems{problem.New(problem.Missing, nil, "No parameters",
				"There are no parameters below "+l.Path+". Correct the path, or use another region with --region.")}
		}
		for _, p := range all {
			names = append(names, p.Ref.Name)
		}
	}
	return names, problems
}
