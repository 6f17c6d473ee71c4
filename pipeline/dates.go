package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// date fills in when versions of Secrets Manager were written, from the function's
// previous document. DescribeSecret does not say it, but a version never changes. A wrong
// date in the previous layer makes a document that nobody can open. This includes a layer
// with two dates for one version: each secret keeps the date of its own line.
func (run *functionRun) date(d *sealed.Document) {
	for _, bind := range run.bindings {
		v := &bind.version
		if v.ID == "" || !v.Modified.IsZero() {
			continue
		}
		is := func(s sealed.Source) bool { return s.ARN == v.ARN && s.ID == v.ID }
		if own, _ := d.Header.Source(bind.name); is(own) {
			v.Modified = own.Modified
		} else if i := slices.IndexFunc(d.Header.Sources, is); i >= 0 {
			v.Modified = d.Header.Sources[i].Modified
		}
	}
}

// readDates reads when the versions of Secrets Manager were written that replace others of
// the same secret, because only their dates tell whether they are newer. A build gets them
// with the values. It warns about dates that this role may not read.
func (c compared) readDates(ctx context.Context, parameters Versions) (warnings, problems problem.Problems) {
	var replacing []*functionRun
	for _, run := range c.functions {
		if run.change.Action != plan.Reseal {
			continue
		}
		some := &functionRun{fn: run.fn}
		for _, bind := range run.bindings {
			if old, ok := run.change.Previous.Header.Source(bind.name); ok && bind.version.ID != "" && old.ARN == bind.version.ARN && old.ID != bind.version.ID {
				some.bindings = append(some.bindings, bind)
			}
		}
		replacing = append(replacing, some)
	}
	used, refs := users(replacing, func(bind *binding) secret.Ref {
		return secret.Ref{Store: secret.SecretsManager, Name: bind.version.ARN, ID: bind.version.ID}
	})
	if len(refs) == 0 {
		return nil, nil
	}
	done := progress(c.Observer, StepDates, len(refs))
	err := parameters.Dates(ctx, refs, func(res Found) {
		binds := used[res.Ref]
		switch {
		case errors.Is(res.Err, secretsmanager.ErrDenied):
			warnings = append(warnings, binds[0].undated())
		case res.Err != nil:
			for _, bind := range binds {
				problems = append(problems, bind.resultProblem(res)...)
			}
		}
		for _, bind := range binds {
			bind.version.Modified = res.Secret.Version.Modified
		}
		done()
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	c.dated()
	return warnings, problems
}

// undated warns that it is not known when a version was written.
func (bind *binding) undated() problem.Problem {
	return problem.New(problem.Manifest, bind.at, "Date of a version not known", fmt.Sprintf(
		"%q has another version than the previous layer, and this role may not list its versions, so this plan cannot tell whether that is an older one. "+
			"A build will, and refuses an older one. To see it here, allow secretsmanager:ListSecretVersionIds, as bundle policy --kind plan does.", bind.ref)).Warning()
}

// dated completes the changes with the dates that are known by now.
func (c compared) dated() {
	byName := c.byName()
	for i := range c.changes {
		if run := byName[c.changes[i].Name]; run != nil {
			c.changes[i].Date(run.header(c.Manifest).Sources)
		}
	}
}

// older describes a rollback of a secret of Secrets Manager.
func older(r plan.Rollback) string {
	const form = time.RFC3339Nano // two versions can be of one second
	return "from version " + r.Was.ID + " of " + r.Was.Modified.Format(form) + " to version " + r.Now.ID + " of " + r.Now.Modified.Format(form)
}
