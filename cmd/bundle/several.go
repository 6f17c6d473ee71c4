package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
)

// atOnce is how many targets are worked on at a time.
const atOnce = 4

// An outcome is what became of one of several targets.
type outcome struct {
	*target.Target
	app      *app // whose standard error is set aside: what it has to say
	do       step // nil if it could not be prepared
	calls    *awsclient.Calls
	result   view.Result
	problems pipeline.Problems
	done     chan struct{}
}

// several does a job for targets that are independent of each other, a few at a
// time, and prints what becomes of them in their order. The problems of one
// leave the others alone.
func (a *app) several(c *cli.Context, targets []*target.Target, j job) error {
	var options awsenv.Options
	ctx := c.Context
	if j.calls {
		o, limit, err := awsenv.OptionsOf(c)
		if err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx, options = limited, o
		options.Rights = j.rights
	}
	outcomes, ready := a.prepare(targets, j)
	sessions := newPool(ready, func(t *target.Target, beside *param.Source) (*awsenv.Clients, error) {
		options := options
		options.Beside = beside
		return awsenv.Connect(a.Console, ctx, t.Module, t.Whole(), options)
	})
	if !j.calls {
		sessions = nil
	}
	bar := a.NewBar()
	queue := make(chan *outcome, len(outcomes))
	for _, o := range outcomes {
		queue <- o
	}
	close(queue)
	for range atOnce {
		go func() {
			for o := range queue {
				o.work(ctx, sessions, bar)
				close(o.done)
			}
		}()
	}
	plain := !c.Bool("json") && !c.Bool("markdown")
	for _, o := range outcomes {
		<-o.done
		if c.Err() != nil && len(o.problems) > 0 {
			continue // it was stopped, and nothing is wrong with it
		}
		var err error
		bar.Aside(func() { err = a.show(o, plain) })
		if err != nil {
			return err
		}
	}
	bar.Finish()
	return a.conclude(c, outcomes, j)
}

// prepare prepares every target, and returns those that can be worked on.
func (a *app) prepare(targets []*target.Target, j job) (outcomes []*outcome, ready []*target.Target) {
	for _, t := range targets {
		o := &outcome{Target: t, problems: t.Problems, calls: new(awsclient.Calls), done: make(chan struct{})}
		o.app = a.with(a.Aside())
		if len(o.problems) == 0 {
			var err error
			o.do, err = j.prepare(o.app, t)
			o.problems = problemsOf(err)
		}
		if len(o.problems) == 0 {
			ready = append(ready, t)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, ready
}

// work does what is left to be done about a target.
func (o *outcome) work(ctx context.Context, sessions *pool, bar *console.Bar) {
	if len(o.problems) > 0 {
		return
	}
	w := &work{calls: o.calls, observer: bar.Of(o.String()), started: time.Now()}
	w.ctx = awsclient.WithCalls(ctx, w.calls)
	if sessions != nil {
		s, release, err := sessions.get(o.Target)
		defer release()
		if err != nil {
			o.problems = problemsOf(err)
			return
		}
		w.session = s
	}
	var err error
	o.result, err = o.do(o.app, w)
	o.problems = problemsOf(err)
}

// show prints what a target has to say, and its result.
func (a *app) show(o *outcome, plain bool) error {
	if len(o.problems) > 0 {
		o.app.RenderDiagnostics(o.problems)
	}
	_ = a.Stderr.Release(o.app.Stderr, fmt.Sprintf("bundle: %s:\n", o)) // nobody is left to tell
	if o.result == nil || !plain {
		return nil
	}
	if err := a.Print("%s\n", o); err != nil {
		return err
	}
	for _, note := range o.result.Notes() {
		a.Hint("%s", note)
	}
	if err := o.result.Text(a.Stdout); err != nil {
		return err
	}
	return a.Print("\n")
}

// conclude prints the summary of all targets, and says how the run has ended.
func (a *app) conclude(c *cli.Context, outcomes []*outcome, j job) error {
	var problems pipeline.Problems
	done, notable := 0, false
	for _, o := range outcomes {
		for _, p := range o.problems {
			p.Summary += fmt.Sprintf(" (%s)", o)
			problems = append(problems, p)
		}
		if len(o.problems) == 0 {
			done++
		}
		notable = notable || o.result != nil && o.result.Brief().Notable
	}
	var failed error
	if len(problems) > 0 {
		failed = &console.Failure{Problems: problems, Aftermath: fmt.Sprintf("; %d of %d are done", done, len(outcomes)), Told: true}
	}
	if c.Err() != nil && failed != nil {
		return failed
	}
	if j.together == nil {
		a.handOverAll(outcomes, j.details)
	}
	var err error
	switch {
	case j.together != nil:
		r := j.together(a, outcomes)
		notable = r.Brief().Notable
		err = a.present(c, r)
	case c.Bool("json"):
		err = a.PrintJSON(newSeveralReport(outcomes, notable, j))
	case c.Bool("markdown"):
		err = a.PrintMarkdown(severalMarkdown(outcomes))
	default:
		err = a.Stdout.Table(summary(outcomes))
	}
	switch {
	case err != nil:
		return err
	case failed == nil && notable && c.Bool("exit-code"):
		return console.ErrDifferences
	}
	return failed
}
