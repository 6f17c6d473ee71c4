package pipeline

import (
	"slices"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
)

// The functions of a run after each step. Each step takes what the step before it
// returned, so that none can run too early: no parameter is read before the account
// and all keys are checked.
type (
	// bound is what the manifest says about every secret. Nothing was called.
	bound struct {
		*Scope
		functions []*functionRun
	}

	// admitted is bound, after the account and all keys were checked.
	admitted struct {
		bound
		parameterKeys []string // ARNs of the environment's parameter_keys
	}

	// listed is admitted, with the parameters below the paths that functions import.
	listed struct {
		admitted
		paths problem.Problems // kept to be reported with those of named parameters
	}

	// versioned is listed, with the version of each parameter that a build would
	// seal, or without versions because none is needed.
	versioned struct{ listed }

	// compared is versioned, with what happens to each function's document.
	compared struct {
		versioned
		previous Previous
		changes  []plan.Change
	}
)

// bind parses what the manifest says about every secret.
func (s *Scope) bind() (bound, problem.Problems) {
	all, problems := functionRuns(s.Manifest)
	return bound{s, all}, problems
}

// anyBlind reports whether a function of the run is blind.
func (b bound) anyBlind() bool { return slices.ContainsFunc(b.functions, (*functionRun).blind) }

// wanted returns the documents of the run as far as they are known.
func (b bound) wanted() []plan.Want {
	var all []plan.Want
	for _, run := range b.functions {
		all = append(all, plan.Want{Header: run.header(b.Manifest), Key: run.key.ARN})
	}
	return all
}

// byName returns the functions by the names of their documents.
func (b bound) byName() map[string]*functionRun {
	byName := make(map[string]*functionRun, len(b.functions))
	for _, run := range b.functions {
		byName[run.fn.File()] = run
	}
	return byName
}

// unread skips reading versions: everything is sealed, whatever its version.
func (l listed) unread() versioned { return versioned{l} }

// A Result is what happens to each function, and why.
type Result struct {
	Changes  []plan.Change // ascending by name; one for each document, including removed ones
	Previous Previous      // what they were compared with
	Warnings problem.Problems

	Standing *Standing // of a plan with calls: what the parameter with the layer's ARN has; nil if the manifest names none
}

func (c compared) result() Result {
	all := slices.Concat(warnings(c.functions), c.formatWarnings(), blankWarnings(c.functions), snapshotWarnings(c.functions))
	return Result{Changes: c.changes, Previous: c.previous, Warnings: all}
}

// documents returns the documents of the run, ascending by name.
func (c compared) documents() []*sealed.Document {
	var all []*sealed.Document
	byName := c.byName()
	for _, change := range c.changes {
		if run := byName[change.Name]; run != nil && run.document != nil {
			all = append(all, run.document)
		}
	}
	return all
}

// keys returns the key of each function by its name in the manifest.
func (a admitted) keys() map[string]seal.Key {
	keys := make(map[string]seal.Key, len(a.functions))
	for _, run := range a.functions {
		keys[run.fn.Name.Value] = run.key
	}
	return keys
}
