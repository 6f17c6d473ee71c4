package pipeline

import (
	"context"

	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
)

// Beyond returns the parameters that exist now and that a policy grants only because it
// names folders.
func (r *Resolve) Beyond(ctx context.Context, s *policy.Setting, kind string) ([]policy.Beyond, problem.Problems) {
	folders := s.Folders(kind)
	if len(folders) == 0 {
		return nil, nil
	}
	found, err := r.Parameters.Describe(ctx, nil, folders)
	if err != nil {
		return nil, problem.Problems{describeProblem(err, "which a build does not need, or leave out --prefixes: without it, nobody can see what the policy grants.")}
	}
	names := make([]string, len(found))
	for i, p := range found {
		names[i] = p.Name
	}
	return s.BeyondOf(kind, names), nil
}
