package batch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline/problem"
)

const (
	atOnce  = 4  // sessions in progress at a time
	working = 16 // targets of a session that are not waiting for the others
)

// An Outcome is the outcome of one of several targets.
type Outcome struct {
	*target.Target
	order    int              // among all targets
	turn     *turn            // to work
	console  *console.Console // its standard error is held back
	do       Step             // nil if it could not be prepared
	Calls    *awsclient.Calls
	Result   view.Result // nil if there is none
	Problems problem.Problems
	done     chan struct{}
}

// eachOf does a job for independent targets, and prints the outcomes in the order of
// the targets. The problems of one do not affect the others. If
// printing fails, it stops the others and waits for them.
func eachOf(con *console.Console, c *cli.Context, targets []*target.Target, j Job) error {
	var options awsenv.Options
	ctx := c.Context
	if j.Calls {
		o, limit, err := awsenv.OptionsOf(c)
		if err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx, options = limited, o
		options.Rights = j.Rights
	}
	outcomes, ready := prepare(con, targets, j)
	ctx, stop := context.WithCancel(ctx)
	sessions := newPool(ctx, ready, func(t *target.Target, beside *awsenv.Clients) (*awsenv.Clients, error) {
		options := options
		options.Beside = beside
		return awsenv.Connect(con, ctx, t.Module, t.Whole(), options)
	})
	if !j.Calls {
		sessions = nil
	}
	bar := con.NewBar(len(targets))
	teams := teamsOf(outcomes, sessions != nil)
	queue := make(chan team, len(teams))
	for _, t := range teams {
		queue <- t
	}
	close(queue)
	var workers sync.WaitGroup
	defer func() { // if printing failed, nothing continues
		for range queue {
			continue // do not begin it
		}
		stop()
		workers.Wait()
	}()
	for range atOnce {
		workers.Go(func() {
			for t := range queue {
				t.each(func(o *Outcome) { o.work(ctx, sessions, bar) })
			}
		})
	}
	plain := !con.JSON() && !c.Bool("markdown") && !j.paged(c)
	var once causes
	if j.Together != nil {
		once = causes{}
	}
	for _, o := range outcomes {
		<-o.done
		if c.Err() != nil && len(o.Problems) > 0 {
			continue // it was stopped, and has no problem of its own
		}
		var err error
		bar.Aside(func() { err = show(con, o, plain, once) })
		if err != nil {
			return err
		}
	}
	bar.Finish()
	return conclude(con, c, outcomes, j)
}

// prepare prepares every target, and returns those that can be worked on.
func prepare(con *console.Console, targets []*target.Target, j Job) (outcomes []*Outcome, ready []*target.Target) {
	for i, t := range targets {
		o := &Outcome{Target: t, order: i, Problems: t.Problems, Calls: new(awsclient.Calls), done: make(chan struct{})}
		o.console = con.Aside()
		if len(o.Problems) == 0 {
			var err error
			o.do, err = j.Prepare(o.console, t)
			o.Problems = console.ProblemsOf(err)
		}
		if len(o.Problems) == 0 {
			ready = append(ready, t)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, ready
}

// A team is targets that are worked on together: those of one session.
type team []*Outcome

// teamsOf divides targets into teams, in their order. Without sessions, and for what
// could not be prepared, each target is a team.
func teamsOf(outcomes []*Outcome, sessions bool) []team {
	var teams []team
	at := make(map[string]int)
	for _, o := range outcomes {
		i, ok := at[sessionName(o.Target)]
		switch together := sessions && len(o.Problems) == 0; {
		case together && ok:
			teams[i] = append(teams[i], o)
			continue
		case together:
			at[sessionName(o.Target)] = len(teams)
		}
		teams = append(teams, team{o})
	}
	return teams
}

// each calls do for every target of a team, and returns when all are done. So many
// work at a time: the memory that they need does not depend on the number of targets.
func (t team) each(do func(o *Outcome)) {
	room := make(chan struct{}, working)
	var all sync.WaitGroup
	for _, o := range t {
		o.turn = &turn{room: room}
		o.turn.begin()
		all.Go(func() {
			defer close(o.done)
			defer o.turn.end()
			do(o)
		})
	}
	all.Wait()
}

// A turn is the place of a target among those that work.
type turn struct {
	room   chan struct{} // has an item for each that works
	mu     sync.Mutex
	paused int // calls in progress that wait for other targets
}

func (t *turn) begin() { t.room <- struct{}{} }
func (t *turn) end()   { <-t.room }

// pause makes room while the target waits for others.
func (t *turn) pause() {
	if t.count(1) == 1 {
		t.end()
	}
}

// resume waits for room, after a pause.
func (t *turn) resume() {
	if t.count(-1) == 0 {
		t.begin()
	}
}

func (t *turn) count(n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paused += n
	return t.paused
}

// work runs the step of a target.
func (o *Outcome) work(ctx context.Context, sessions *pool, bar *console.Bar) {
	if len(o.Problems) > 0 {
		return
	}
	w := &Work{calls: o.Calls, Observer: bar.Of(o.String()), started: time.Now()}
	if sessions != nil {
		s, release, err := sessions.get(o)
		defer release()
		if err != nil {
			o.Problems = console.ProblemsOf(err)
			return
		}
		w.Session = s
	}
	var err error
	o.Result, err = o.do(awsclient.WithCalls(ctx, w.calls), o.console, w)
	o.Problems = console.ProblemsOf(err)
}

// causes are the targets that problems were printed for. If it is nil, each target's are printed.
type causes map[string]*Outcome

// first returns the problems of a target that no earlier target has, and prints a line about each of the others.
func (c causes) first(o *Outcome) problem.Problems {
	if c == nil {
		return o.Problems
	}
	var own problem.Problems
	for _, p := range o.Problems {
		key := fmt.Sprintf("%s\n%s\n%s", p.Kind, p.Summary, p.Detail)
		if p.Cause == "" && p.Subject != nil {
			key += "\n" + p.Subject.String()
		}
		if c[key] != nil {
			o.console.Hint("%s: the same as for %s", p.Summary, c[key])
			continue
		}
		c[key] = o
		own = append(own, p)
	}
	return own
}

// show prints the messages of a target, and its result.
func show(con *console.Console, o *Outcome, plain bool, once causes) error {
	if problems := once.first(o); len(problems) > 0 {
		o.console.RenderDiagnostics(problems)
	}
	_ = con.Stderr.Release(o.console.Stderr, fmt.Sprintf("bundle: %s:\n", o)) // there is no other place to report it
	if o.Result == nil || !plain {
		return nil
	}
	if err := con.Print("%s\n", o); err != nil {
		return err
	}
	for _, note := range o.Result.Notes() {
		con.Hint("%s", note)
	}
	if err := o.Result.Text(con.Stdout); err != nil {
		return err
	}
	return con.Print("\n")
}

// conclude prints the summary of all targets, and returns how the run has ended.
func conclude(con *console.Console, c *cli.Context, outcomes []*Outcome, j Job) error {
	var problems problem.Problems
	done, notable := 0, false
	for _, o := range outcomes {
		for _, p := range o.Problems {
			p.Summary += fmt.Sprintf(" (%s)", o)
			problems = append(problems, p)
		}
		if len(o.Problems) == 0 {
			done++
		}
		notable = notable || o.Result != nil && o.Result.Brief().Notable
	}
	var failed error
	if len(problems) > 0 {
		failed = &console.Failure{Problems: problems, Aftermath: fmt.Sprintf("; %d of %d are done", done, len(outcomes)), AlreadyReported: true}
	}
	con.AnswerEach(answers(outcomes, j.Together != nil))
	if c.Err() != nil && failed != nil {
		return failed
	}
	if j.Together == nil {
		handOverAll(con, outcomes, j.Details)
	}
	var err error
	switch {
	case j.Together != nil:
		r := j.Together(con, outcomes)
		notable = r.Brief().Notable
		err = present(con, c, r, nil)
	case con.Version1():
		err = printVersion1(con, outcomes, notable, j)
	case con.JSON(): // printed when the run ends
	case c.Bool("markdown"):
		err = con.PrintMarkdown(severalMarkdown(c.Command.Name, outcomes))
	case j.paged(c):
		err = j.Page(con, outcomes)
	default:
		err = con.Stdout.Table(summary(outcomes))
	}
	switch {
	case err != nil:
		return err
	case failed == nil && notable && c.Bool("exit-code"):
		return console.ErrDifferences
	}
	return failed
}

// answers returns what --json prints about each target. If all of them have one result, it is first, in a target without
// names, and only targets with problems follow.
func answers(outcomes []*Outcome, together bool) []console.Target {
	var all []console.Target
	if together {
		all = make([]console.Target, 1)
	}
	for _, o := range outcomes {
		if together && len(o.Problems) == 0 {
			all[0].AddWarnings(o.console)
			continue
		}
		t := console.Target{Environment: o.Environment, Region: o.Region, Function: o.Function, Result: o.Result}
		t.Add(o.Problems)
		t.AddWarnings(o.console)
		all = append(all, t)
	}
	return all
}
