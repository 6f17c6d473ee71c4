package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// SecretDescriptions describes secrets of Secrets Manager. [secretsmanager.Source]
// implements it.
type SecretDescriptions interface {
	Versions(ctx context.Context, refs []secret.Ref, got func(secretsmanager.Result)) error
}

// SecretNames finds the secrets of Secrets Manager that are in folders.
// [secretsmanager.Listing] implements it.
type SecretNames interface {
	Below(ctx context.Context, folders []string) ([]string, error)
}

// secretKeys fills in the keys that secrets of Secrets Manager are encrypted with. If none
// are named, it describes the secrets.
func (r *Resolve) secretKeys(ctx context.Context, s *policy.Setting, named []string) problem.Problems {
	if len(named) > 0 {
		keys, problems := r.ordered(ctx, named, keysOfSecrets)
		if len(problems) == 0 {
			s.SecretKeys = keys
		}
		return problems
	}
	bound, problems := r.bind()
	if len(problems) > 0 {
		return problems.Sort()
	}
	of := make(map[string][]*binding)
	var refs []secret.Ref
	for _, run := range bound.functions {
		for _, bind := range run.bindings {
			if bind.ref.Store != secret.SecretsManager {
				continue
			}
			if name := bind.ref.Name; of[name] == nil {
				refs = append(refs, bind.ref.Bare())
			}
			of[bind.ref.Name] = append(of[bind.ref.Name], bind)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	var keys []string
	err := r.Secrets.Versions(ctx, refs, func(res secretsmanager.Result) {
		if described := res.Secret.Description; res.Err == nil || errors.Is(res.Err, secretsmanager.ErrVersion) || errors.Is(res.Err, secretsmanager.ErrDeleted) {
			s.Secrets = append(s.Secrets, policy.Secret{Name: res.Ref.Name, Key: described.Key})
			keys = append(keys, described.Key)
			return
		}
		for _, bind := range of[res.Ref.Name] {
			problems = append(problems, bind.undescribedSecret(res.Err)...)
		}
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	arns, wrong := r.KeyARNs(ctx, keys, keysOfSecrets)
	for i := range s.Secrets {
		s.Secrets[i].Key = arns[s.Secrets[i].Key]
	}
	return append(problems, wrong...).Sort()
}

// undescribedSecret reports a secret whose key is not known.
func (bind *binding) undescribedSecret(err error) problem.Problems {
	switch missing := errors.Is(err, secretsmanager.ErrMissing); {
	case missing && bind.optional:
		return nil
	case missing:
		return problem.Problems{problem.New(problem.Missing, bind.at, "Secret not found",
			fmt.Sprintf("Secret %q does not exist in Secrets Manager, so its key is not known. Create it first, or name its key with --secret-key.", bind.ref.Name))}
	case errors.Is(err, secretsmanager.ErrDenied):
		return problem.Problems{problem.New(problem.Access, bind.at, "Secrets cannot be described",
			sentence(err)+" Allow secretsmanager:DescribeSecret for this role, or list the keys of the secrets with --secret-key.")}
	}
	return problem.Problems{readProblem(bind.at, err)}
}
