// Package batch does a job for one target or for several at once, and reports the
// outcome of each.
package batch

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
)

// A Job is what a command does for each of its targets.
type Job struct {
	Calls  bool          // it calls AWS
	Rights awsenv.Rights // that it needs of a role

	// prepare does what takes no call, and returns what is left to be done. All
	// targets are prepared, one after another, before anything is called.
	Prepare func(con *console.Console, t *target.Target) (Step, error)

	// gather puts the results of several targets into the report of --json=1.
	Gather func(r *view.Several, results []any, notable bool)

	// together makes one result of all targets, which is then printed instead of
	// one for each: their steps have none.
	Together func(con *console.Console, outcomes []*Outcome) view.Result

	// Page prints the results of all targets as one page, for --html.
	Page func(con *console.Console, outcomes []*Outcome) error

	Details bool // the step's summary also has each result, after the table
}

// A Step does the rest of the work for a target. It can return both a result and an
// error.
type Step func(ctx context.Context, con *console.Console, w *Work) (view.Result, error)

// A Work is a target in progress.
type Work struct {
	Session  *awsenv.Clients // nil if AWS is not called
	Observer observer
	calls    *awsclient.Calls // for this target
	started  time.Time
}

type observer interface {
	pipeline.Observer
	Finish()
}

// Spent returns the calls and the time of the work so far.
func (w *Work) Spent() (calls map[string]int, milliseconds int64) {
	return w.calls.Snapshot(), time.Since(w.started).Milliseconds()
}

// Each does a job for every target. Several targets are independent of each other. A
// single target is printed without a heading and a summary.
func Each(con *console.Console, c *cli.Context, targets []*target.Target, j Job) error {
	if len(targets) > 1 {
		return eachOf(con, c, targets, j)
	}
	t := targets[0]
	con.About(t.Environment, t.Region, t.Function)
	if len(t.Problems) > 0 {
		return console.Failed(t.Problems)
	}
	do, err := j.Prepare(con, t)
	if err != nil {
		return err
	}
	ctx := c.Context
	w := &Work{calls: new(awsclient.Calls), started: con.Started}
	if j.Calls {
		limited, s, end, err := awsenv.Begin(con, c, t.Module, t.Manifest, j.Rights)
		if err != nil {
			return err
		}
		defer end()
		ctx, w.Session = awsclient.WithCalls(limited, w.calls), s
	}
	bar := con.NewBar(1)
	w.Observer = bar
	r, err := do(ctx, con, w)
	bar.Finish()
	if r != nil {
		var page func() error
		if j.paged(c) {
			page = func() error { return j.Page(con, []*Outcome{{Target: t, Result: r}}) }
		}
		if err := present(con, c, r, page); err != nil {
			return err
		}
	}
	if err == nil && c.Bool("exit-code") && r.Brief().Notable {
		return console.ErrDifferences
	}
	return err
}

// paged reports whether Page prints the results.
func (j Job) paged(c *cli.Context) bool { return j.Page != nil && c.Bool("html") }

// present prints the only result, with page if it is not nil.
func present(con *console.Console, c *cli.Context, r view.Result, page func() error) error {
	con.HandOver(r.Markdown(), r.Outputs())
	if err := con.Answer(r); err != nil || con.JSON() {
		return err
	}
	if c.Bool("markdown") {
		return con.PrintMarkdown(r.Markdown())
	}
	for _, note := range r.Notes() {
		con.Hint("%s", note)
	}
	if page != nil {
		return page()
	}
	return r.Text(con.Stdout)
}
