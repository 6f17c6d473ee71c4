package pipeline

import (
	"context"
	"fmt"
	"time"

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
	lists := make(map[importedPath]*list)
	for _, run := range a.functions {
		for _, im := range run.fn.Imports {
			lists[run.path(im)] = new(list)
		}
	}
	if len(lists) == 0 {
		return expanded
	}
	done := progress(a.Observer, StepList, len(lists))
	calls := workers.Start(min(listConcurrency, len(lists)))
	for p, l := range lists {
		calls.Always(func() {
			l.read(ctx, p, parameters, blind)
			done()
		})
	}
	calls.Stop()
	for _, run := range a.functions {
		for _, im := range run.fn.Imports {
			l := lists[run.path(im)]
			run.lists = append(run.lists, l)
			if l.err != nil {
				expanded.paths = append(expanded.paths, listProblem(im, l.err))
				continue
			}
			expanded.paths = append(expanded.paths, run.importAll(im, l)...)
		}
	}
	return expanded
}

// An importedPath is a path as functions import it.
type importedPath struct {
	path      string
	recursive bool
	blind     bool // SecureStrings only
}

func (run *functionRun) path(im manifest.Import) importedPath {
	return importedPath{im.Path.Value, im.Recursive, run.blind()}
}

// A list is what is below a path.
type list struct {
	found  []param.Parameter
	deeper int // if nothing is found, because the import is not recursive
	err    error
}

// mostDeeper is how long a run that cannot succeed looks for what to say about it.
const mostDeeper = 5 * time.Second

// read lists a path. If there is nothing, it also counts what a recursive import would find, which needs the same right.
func (l *list) read(ctx context.Context, p importedPath, parameters, blind Lister) {
	from := parameters
	if p.blind {
		from = blind
	}
	l.found, l.err = from.List(ctx, p.path, p.recursive)
	if l.err != nil || len(l.found) > 0 || p.recursive {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, mostDeeper)
	defer cancel()
	deeper, err := from.List(ctx, p.path, true)
	if err == nil {
		l.deeper = len(deeper)
	}
}

// importAll adds every parameter below a path to a function.
func (run *functionRun) importAll(im manifest.Import, l *list) problem.Problems {
	at := &im.Range
	kind := "parameter"
	if run.blind() {
		kind = "SecureString" // the others of a path are left out
	}
	if len(l.found) == 0 {
		detail := fmt.Sprintf("Parameter Store has no %s below %q. Put one there, correct the path, or remove the block.", kind, im.Path.Value)
		if l.deeper > 0 {
			detail = fmt.Sprintf("Parameter Store has no %s directly below %q, but %d lie deeper. Write recursive = true to import them, or correct the path.",
				kind, im.Path.Value, l.deeper)
		}
		p := problem.New(problem.Missing, at, "No parameters below the path", detail)
		p.Cause = detail
		return problem.Problems{p}
	}
	var problems problem.Problems
	for _, p := range l.found {
		name, err := im.Name(p.Ref.Name)
		if err != nil {
			wrong := problem.New(problem.Manifest, at, "Parameter cannot be imported", sentence(err)+" Set a prefix, rename the parameter, or declare it in a secret block.")
			wrong.Cause = wrong.Detail
			problems = append(problems, wrong)
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

func listProblem(im manifest.Import, err error) problem.Problem {
	return problem.FromAWS(err, problem.Resource{
		Name: fmt.Sprintf("%q", im.Path.Value), On: "it", Rights: []string{"ssm:GetParametersByPath"},
	}, &im.Path.Range)
}
