package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// listConcurrency is how many paths are listed at a time.
const listConcurrency = 32

// list lists the paths that functions import, and adds the parameters below them
// to the functions. It keeps the problems that it finds, to be reported together
// with those of the parameters that the manifest names.
func (a admitted) list(ctx context.Context, parameters, blind Lister) listed {
	expanded := listed{admitted: a}
	type place struct {
		path      string
		recursive bool
		blind     bool // SecureStrings only
	}
	type list struct {
		found []param.Parameter
		err   error
	}
	lists := make(map[place]*list)
	for _, run := range a.functions {
		for _, im := range run.fn.Imports {
			lists[place{im.Path.Value, im.Recursive, run.blind()}] = new(list)
		}
	}
	if len(lists) == 0 {
		return expanded
	}
	done := progress(a.Observer, StepList, len(lists))
	calls := workers.Start(min(listConcurrency, len(lists)))
	for p, l := range lists {
		calls.Always(func() {
			list := parameters.List
			if p.blind {
				list = blind.List
			}
			l.found, l.err = list(ctx, p.path, p.recursive)
			done()
		})
	}
	calls.Stop()
	for _, run := range a.functions {
		for _, im := range run.fn.Imports {
			l := lists[place{im.Path.Value, im.Recursive, run.blind()}]
			if l.err != nil {
				run.below = append(run.below, -1)
				expanded.paths = append(expanded.paths, listProblem(im, l.err))
				continue
			}
			run.below = append(run.below, len(l.found))
			expanded.paths = append(expanded.paths, run.importAll(im, l.found)...)
		}
	}
	return expanded
}

// importAll adds every parameter below a path to a function.
func (run *functionRun) importAll(im manifest.Import, found []param.Parameter) problem.Problems {
	at := &im.Range
	kind := "parameter"
	if run.blind() {
		kind = "SecureString" // the others of a path are left out
	}
	if len(found) == 0 {
		return problem.Problems{problem.New(problem.Missing, at, "No parameters below the path", fmt.Sprintf(
			"Parameter Store has no %s below %q. Put one there, correct the path, or remove the block.", kind, im.Path.Value))}
	}
	var problems problem.Problems
	for _, p := range found {
		name, err := im.Name(p.Ref.Name)
		if err != nil {
			problems = append(problems, problem.New(problem.Manifest, at, "Parameter cannot be imported", sentence(err)))
			continue
		}
		if n, reserved := manifest.Lookup(name); reserved {
			problems = append(problems, problem.New(problem.Manifest, at, "Reserved name", fmt.Sprintf(
				"The parameter %q would be imported as %s. %s. Such names are never imported by path. To fix this, %s.", p.Ref.Name, name, n.Why(name), insteadOf(n.Class))))
			continue
		}
		below, _ := im.Below(p.Ref.Name)
		problems = append(problems, run.add(&binding{
			name: name, ref: secret.Ref{Name: p.Ref.Name}, encoding: secret.Text, at: at, imported: true,
			below: below,
		})...)
	}
	return problems
}

// insteadOf returns what to do instead of importing a name of this class.
func insteadOf(class manifest.Class) string {
	switch class {
	case manifest.Never:
		return "set a prefix, or rename the parameter"
	case manifest.BlockOnly:
		return "set a prefix, rename the parameter, or declare it in a secret block"
	}
	return "set a prefix, rename the parameter, or declare it in a secret block with allow_reserved = true"
}

// A reading is a way to read parameters.
type reading func(ctx context.Context, refs []secret.Ref, got func(param.Result)) error

// readVersions reads the version of each parameter that a build would seal now,
// without reading a value.
func (l listed) readVersions(ctx context.Context, read reading) (versioned, problem.Problems) {
	users, refs := users(l.functions, func(bind *binding) secret.Ref { return bind.ref })
	problems := l.paths
	done := progress(l.Observer, StepVersion, len(refs))
	err := read(ctx, refs, func(res param.Result) {
		for _, bind := range users[res.Ref] {
			bind.version = res.Parameter.Version
			bind.stored(res.Parameter)
			problems = append(problems, bind.resultProblem(res)...)
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

// resultProblem reports a parameter that could not be read, unless it is optional
// and missing.
func (bind *binding) resultProblem(res param.Result) problem.Problems {
	if res.Err == nil || bind.optional && errors.Is(res.Err, param.ErrMissing) {
		return nil
	}
	p := readProblem(bind.at, res.Err)
	p.About = fmt.Sprintf("%q", res.Ref)
	return problem.Problems{p}
}

func listProblem(im manifest.Import, err error) problem.Problem {
	return problem.FromAWS(err, problem.Resource{
		Name: fmt.Sprintf("%q", im.Path.Value), On: "it", Rights: []string{"ssm:GetParametersByPath"},
	}, &im.Path.Range)
}

// readProblem joins an error of Parameter Store to its place in the manifest.
func readProblem(at *hcl.Range, err error) problem.Problem {
	return problem.FromAWS(err, problem.Resource{On: "it", Rights: []string{"ssm:GetParameters"}}, at)
}
