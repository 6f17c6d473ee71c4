package pipeline

import (
	"context"
	"errors"

	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// Beyond returns the parameters and secrets of Secrets Manager that exist now and that a
// policy grants only because it names folders.
func (r *Resolve) Beyond(ctx context.Context, s *policy.Setting, kind string) ([]policy.Beyond, problem.Problems) {
	const otherwise = "which a build does not need, or leave out --prefixes: without it, nobody can see what the policy grants."
	var all []policy.Beyond
	if folders := s.Folders(kind, secret.ParameterStore); len(folders) > 0 {
		found, err := r.Parameters.Describe(ctx, nil, folders)
		if err != nil {
			return nil, problem.Problems{describeProblem(err, otherwise)}
		}
		names := make([]string, len(found))
		for i, p := range found {
			names[i] = p.Name
		}
		all = s.BeyondOf(kind, secret.ParameterStore, names)
	}
	if folders := s.Folders(kind, secret.SecretsManager); len(folders) > 0 {
		names, err := r.Listed.Below(ctx, folders)
		switch {
		case errors.Is(err, secretsmanager.ErrDenied):
			return nil, problem.Problems{problem.New(problem.Access, nil, "Secrets cannot be listed",
				sentence(err)+" Allow secretsmanager:ListSecrets for this role, "+otherwise)}
		case err != nil:
			return nil, problem.Problems{readProblem(nil, err)}
		}
		all = append(all, s.BeyondOf(kind, secret.SecretsManager, names)...)
	}
	return all, nil
}
