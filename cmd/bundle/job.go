package main

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

// A job is what a command does about each of its targets.
type job struct {
	calls  bool          // it calls AWS
	rights awsenv.Rights // that it takes on with a role

	// prepare does what takes no call, and returns what is left to be done. All
	// targets are prepared, one after another, before anything is called.
	prepare func(a *app, t *target.Target) (step, error)

	// gather puts the results of several targets into their report.
	gather func(r *view.Several, results []any, notable bool)

	// together makes one result of all targets, which is then printed in place of
	// one for each: their steps have none.
	together func(a *app, outcomes []*outcome) view.Result

	details bool // the step's summary has what each result says, besides the table
}

// A step is what is left to be done about a target. It may return both a result
// and an error.
type step func(a *app, w *work) (view.Result, error)

// A work is a target that is being worked on.
type work struct {
	ctx      context.Context
	session  *awsenv.Clients // nil where AWS is not called
	observer observer
	calls    *awsclient.Calls // made for this target
	started  time.Time
}

type observer interface {
	pipeline.Observer
	Finish()
}

// spent returns what the work has taken so far.
func (w *work) spent() (calls map[string]int, milliseconds int64) {
	return w.calls.Snapshot(), time.Since(w.started).Milliseconds()
}

// each does a job for every target. One target is printed as if there were no
// others to be had; several are independent of each other.
func (a *app) each(c *cli.Context, targets []*target.Target, j job) error {
	if len(targets) > 1 {
		return a.several(c, targets, j)
	}
	t := targets[0]
	if len(t.Problems) > 0 {
		return console.Failed(t.Problems)
	}
	do, err := j.prepare(a, t)
	if err != nil {
		return err
	}
	w := &work{ctx: c.Context, calls: new(awsclient.Calls), started: a.Started}
	if j.calls {
		ctx, s, end, err := awsenv.Begin(a.Console, c, t.Module, t.Manifest, j.rights)
		if err != nil {
			return err
		}
		defer end()
		w.ctx, w.session = awsclient.WithCalls(ctx, w.calls), s
	}
	bar := a.NewBar()
	w.observer = bar
	r, err := do(a, w)
	bar.Finish()
	if r != nil {
		if err := a.present(c, r); err != nil {
			return err
		}
	}
	if err == nil && c.Bool("exit-code") && r.Brief().Notable {
		return console.ErrDifferences
	}
	return err
}

// present prints the only result.
func (a *app) present(c *cli.Context, r view.Result) error {
	a.HandOver(r.Markdown(), r.Outputs())
	switch {
	case c.Bool("json"):
		return a.PrintJSON(r)
	case c.Bool("markdown"):
		return a.PrintMarkdown(r.Markdown())
	}
	for _, note := range r.Notes() {
		a.Hint("%s", note)
	}
	return r.Text(a.Stdout)
}

// problemsOf turns what ended the work on a target into problems.
func problemsOf(err error) pipeline.Problems {
	var refused *console.Failure
	var usage *console.UsageError
	one := func(kind pipeline.Kind, summary, detail string) pipeline.Problems {
		return problem.Problems{problem.New(kind, nil, summary, detail)}
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return refused.Problems
	case errors.As(err, &usage):
		return one(pipeline.Manifest, "Wrong command line", usage.Text)
	}
	return one(pipeline.Fault, "Unexpected error", err.Error())
}
