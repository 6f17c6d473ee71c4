package pipeline

import (
	"fmt"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
)

// compare decides for each function whether its document is carried over.
func (v versioned) compare(previous Previous, reseal bool) compared {
	var documents []*sealed.Document
	if previous.Layer != nil {
		documents = previous.Layer.Documents
	}
	changes := plan.Diff(v.wanted(), documents)
	byName := v.byName()
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

// rollbacks reports the parameters that would go back to an older version.
func (c compared) rollbacks(allowed bool) problem.Problems {
	if allowed {
		return nil
	}
	var problems problem.Problems
	byName := c.byName()
	for _, back := range plan.Rollbacks(c.wanted(), c.changes) {
		run := byName[back.Name]
		for _, bind := range run.bindings {
			if bind.name == back.Secret {
				problems = append(problems, problem.New(problem.Integrity, bind.at, "Older version", fmt.Sprintf(
					"%s of function %q would be rolled back from version %d to %d of %q. "+
						"To roll back on purpose, pass --allow-rollback.",
					bind.name, run.fn.Name.Value, back.From, back.To, bind.ref.Bare())))
			}
		}
	}
	return problems
}
