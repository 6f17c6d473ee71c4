package pipeline

import (
	"fmt"
	"slices"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// compare decides for each function whether its document is carried over.
func (v versioned) compare(previous Previous, reseal bool) compared {
	var documents []*sealed.Document
	if previous.Layer != nil {
		documents = previous.Layer.Documents
	}
	byName := v.byName()
	for _, d := range documents {
		if run := byName[d.Header.Name]; run != nil {
			run.date(d)
		}
	}
	changes := plan.Diff(v.wanted(), documents)
	for i, c := range changes {
		run := byName[c.Name]
		switch {
		case run == nil:
			continue
		case c.Action == plan.Carry && reseal:
			changes[i].Action = plan.Reseal
			changes[i].Reasons = []plan.Reason{{What: "asked for"}}
		case c.Action == plan.Carry:
			run.document = c.Previous
		}
		run.change = changes[i]
	}
	return compared{v, previous, changes}
}

// rollbacks reports the parameters and secrets of Secrets Manager that would go back to
// an older version, as far as it is known when versions were written.
func (c compared) rollbacks(allowed bool) problem.Problems {
	if allowed {
		return nil
	}
	var problems problem.Problems
	for _, run := range c.functions {
		problems = append(problems, run.rollbacks(c.Manifest)...)
	}
	return problems
}

// rollbacks reports the same of one function.
func (run *functionRun) rollbacks(m *manifest.Manifest) problem.Problems {
	if run.change.Action != plan.Reseal {
		return nil
	}
	var problems problem.Problems
	for _, back := range plan.Rollbacks([]plan.Want{{Header: run.header(m), Key: run.key.ARN}}, []plan.Change{run.change}) {
		i := slices.IndexFunc(run.bindings, func(bind *binding) bool { return bind.name == back.Now.Secret })
		bind := run.bindings[i]
		problems = append(problems, problem.New(problem.Integrity, bind.at, "Older version", fmt.Sprintf(
			"%s of function %q would be rolled back %s. To roll back on purpose, pass --allow-rollback.",
			bind.name, run.fn.Name.Value, bind.back(back))))
	}
	return problems
}

// back describes a rollback.
func (bind *binding) back(r plan.Rollback) string {
	switch {
	case bind.ref.Store == secret.ParameterStore:
		return fmt.Sprintf("from version %d to %d of %q", r.Was.Version, r.Now.Version, bind.ref.Bare())
	case bind.ref.ID != "":
		return older(r) + fmt.Sprintf(" of %q, which version_id names", bind.ref)
	}
	return older(r) + fmt.Sprintf(" of %q: %s was moved back", bind.ref, bind.ref.Selector)
}
