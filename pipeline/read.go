package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// A reading is a way to read parameters and secrets of Secrets Manager.
type reading func(ctx context.Context, refs []secret.Ref, got func(Found)) error

// readVersions reads the version of each parameter and secret of Secrets Manager that a
// build would seal now, without reading a value.
func (l listed) readVersions(ctx context.Context, read reading) (versioned, problem.Problems) {
	users, refs := users(l.functions, func(bind *binding) secret.Ref { return bind.ref })
	problems := l.paths
	done := progress(l.Observer, StepVersion, len(refs))
	err := read(ctx, refs, func(res Found) {
		for _, bind := range users[res.Ref] {
			problems = append(problems, bind.lookedUp(res)...)
		}
		done()
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	if len(problems) > 0 {
		return versioned{l}, problems
	}
	for _, run := range l.functions {
		problems = append(problems, run.complete()...)
	}
	return versioned{l}, problems
}

// lookedUp records the version that a build would seal now.
func (bind *binding) lookedUp(res Found) problem.Problems {
	bind.version = res.Version()
	bind.stored(res)
	return bind.resultProblem(res)
}

// users maps each distinct reference of the functions to the secrets that need it,
// and lists the references in the order of the functions, so that those of one
// function arrive together.
func users(functions []*functionRun, ref func(*binding) secret.Ref) (map[secret.Ref][]*binding, []secret.Ref) {
	count := 0
	for _, run := range functions {
		count += len(run.bindings)
	}
	users, refs := make(map[secret.Ref][]*binding, count), make([]secret.Ref, 0, count)
	for _, run := range functions {
		for _, bind := range run.bindings {
			key := ref(bind)
			if users[key] == nil {
				refs = append(refs, key)
			}
			users[key] = append(users[key], bind)
		}
	}
	return users, refs
}

// resultProblem reports what could not be read, unless it is optional and missing.
func (bind *binding) resultProblem(res Found) problem.Problems {
	if res.Err == nil || bind.optional && isMissing(res.Err) {
		return nil
	}
	p := readProblem(bind.at, res.Err)
	p.About = fmt.Sprintf("%q", res.Ref)
	if errors.Is(res.Err, secretsmanager.ErrMissing) {
		p.Detail += misspelled(bind.ref.Name)
	}
	return problem.Problems{p}
}

// misspelled says what is often wrong with the name of a secret of Secrets Manager that
// does not exist, as sentences after a space; "" for nothing.
func misspelled(name string) string {
	if without, ok := secret.CopiedSuffix(name); ok {
		return fmt.Sprintf(" The name may end with the suffix of an ARN, which is not a part of it: without it, the name is %q.", without)
	}
	other, begins := strings.CutPrefix(name, "/")
	if !begins {
		other = "/" + name
	}
	if strings.Contains(name, "/") {
		return fmt.Sprintf(" A leading slash counts: %q is another secret.", other)
	}
	return ""
}

// readProblem joins an error of a store to its place in the manifest.
func readProblem(at *hcl.Range, err error) problem.Problem {
	about := problem.Resource{On: "it", Rights: []string{"ssm:GetParameters"}}
	if errors.Is(err, secretsmanager.ErrDenied) {
		about.Rights = nil // that of the call
	}
	return problem.FromAWS(err, about, at)
}

// describeProblem reports that parameters cannot be described. why is why the role needs
// the right to, and what helps without it.
func describeProblem(err error, why string) problem.Problem {
	if errors.Is(err, param.ErrDenied) {
		return problem.New(problem.Access, nil, "Parameters cannot be described", sentence(err)+" Allow ssm:DescribeParameters for this role, "+why)
	}
	return readProblem(nil, err)
}
