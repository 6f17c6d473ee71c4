// Package rollout moves deployed functions to a version of a layer. It keeps no state: every step follows from what Lambda says at
// that moment, so that a run that was killed, or overtaken by another one, goes on where things stand.
package rollout

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// AtOnce is how many functions are in progress at a time.
const AtOnce = 16

// Layers finds versions of layers. [publish.Lambda] implements it.
type Layers interface {
	Find(ctx context.Context, ref publish.Ref) (publish.Version, error)
}

// A Rollout is how functions are to be changed.
type Rollout struct {
	Functions *publish.Functions
	Layers    Layers

	Alias       string  // to move; "" for the only one that a function has
	Share       float64 // of the alias's calls that the new version gets, above 0; 1 for all
	Wave        float64 // of the functions that are changed before the next ones begin, above 0; 1 for all
	MaxFailures int     // after so many, from 1, nothing more is changed
	Drift       bool    // also change functions that CloudFormation, Terraform or another tool owns
	Older       bool    // also replace a newer version of the layer
	Back        bool    // only move aliases, to the versions that have another version of the layer and are otherwise the same

	Pause    func(context.Context, time.Duration) // nil for one that waits
	Progress func(done, total int)                // of functions that were looked at or changed; calls never overlap; nil for none
}

// A Want is what a function is to have.
type Want struct {
	Function string     // its name in Lambda
	At       *hcl.Range // its place in the manifest; nil for none
	Layer    string     // ARN of the layer, without a version
	Version  int64      // of the layer; not used to go back

	// Check refuses a function that is to run with these settings and this version of the layer, and could not open its document; nil for
	// no check. To go back, it is called by Plan only.
	Check func(version int64, s publish.Settings) problem.Problems
}

// An Action is what a rollout does with a function.
type Action string

// The actions. A function without the layer is skipped.
const (
	Change Action = "change"
	Keep   Action = "keep" // it has the version
	Skip   Action = "skip"
	Refuse Action = "refuse"
)

// A State is how far the change of a function is.
type State string

// The states. Every other State than Changed of a function to change is one in which a new run goes on.
const (
	Planned  State = "planned"
	Changed  State = "changed"
	Kept     State = "unchanged"
	Failed   State = "failed"
	Stopped  State = "stopped" // begun, and not ended
	NotTried State = "not tried"
)

// A Row is one function of a rollout.
type Row struct {
	Function string
	Action   Action
	State    State
	Reason   string // why it is skipped or kept, or what else is to be known; "" for nothing

	Place, Layers int   // the layer's place in the function's list, from 1, and how many it has; 0 if it has none
	From, To      int64 // versions of the layer, before and after

	// What was left to do when the run began: set the layers of $LATEST, publish a version, move the alias.
	Latest, Publish, Move bool

	Alias   string  // "" for none
	Serves  string  // version of the alias before
	Next    string  // version of the alias after; "" while it is not published
	Share   float64 // of the alias's calls for Next
	Revised string  // version whose share is taken away, of an earlier canary; "" for none
}

// A Plan is what a rollout is going to do.
type Plan struct {
	Rows []*Row // in the order of the wants

	rollout   *Rollout
	functions []*function
	begun     bool
}

// Changes returns how many functions are to be changed.
func (p *Plan) Changes() int {
	n := 0
	for _, row := range p.Rows {
		if row.Action == Change {
			n++
		}
	}
	return n
}

// Touched reports whether anything was changed.
func (p *Plan) Touched() bool {
	for _, f := range p.functions {
		if f.wrote {
			return true
		}
	}
	return false
}

// Plan looks at the functions, and returns what Apply would do, also if it refuses some: then Apply must not be called. If AWS does not
// answer about all of them, there is no plan. It changes nothing. For a
// function to change, it makes the calls of [publish.Functions] Configuration, Aliases, Owner and Signing once, Configuration once more
// for each version of the alias, and it looks once for each other layer of any function.
func (r *Rollout) Plan(ctx context.Context, wants []Want) (*Plan, problem.Problems) {
	p := &Plan{rollout: r}
	for _, want := range wants {
		row := &Row{Function: want.Function, State: Planned, To: want.Version, Share: r.Share}
		p.Rows = append(p.Rows, row)
		p.functions = append(p.functions, &function{job: r, want: want, Row: row, versions: map[string]*publish.Configuration{}})
	}
	stop := new(halt)
	stop.most = 1 // one answer of AWS that is missing is enough: no other is asked for
	others := &others{layers: r.Layers}
	found := make([]problem.Problems, len(wants))
	var mu sync.Mutex
	done := 0
	p.each(ctx, p.functions, func(i int, f *function) {
		if stop.reached() {
			return
		}
		problems, failed := f.plan(ctx, others)
		if found[i] = problems; failed {
			stop.count()
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		p.progress(done, len(wants))
	})
	var problems problem.Problems
	for _, one := range found {
		problems = append(problems, one...)
	}
	if ctx.Err() != nil && len(problems) == 0 {
		problems = problem.Problems{problem.FromAWS(ctx.Err(), problem.Resource{}, nil)}
	}
	if slices.ContainsFunc(p.Rows, func(row *Row) bool { return row.Action == "" }) {
		p = nil
	}
	return p, problems.Sort()
}

// Apply changes the functions of a plan without problems. In a wave, it changes AtOnce of them at a time. What fails ends nothing but its
// function, until MaxFailures are reached: then nothing more is changed, and functions in progress stop before their next change.
func (p *Plan) Apply(ctx context.Context) problem.Problems {
	p.begun = true
	var left []*function
	for _, f := range p.functions {
		switch f.Action {
		case Change:
			f.State = NotTried
			left = append(left, f)
		default:
			f.State = Kept
		}
	}
	stop := &halt{most: max(p.rollout.MaxFailures, 1)}
	var mu sync.Mutex
	var problems problem.Problems
	wave := max(int(math.Ceil(p.rollout.Wave*float64(len(left)))), 1)
	done, total := 0, len(left)
	for len(left) > 0 && !stop.reached() && ctx.Err() == nil {
		now := left[:min(wave, len(left))]
		left = left[len(now):]
		p.each(ctx, now, func(_ int, f *function) {
			if stop.reached() || ctx.Err() != nil {
				return
			}
			failed := f.apply(ctx, stop)
			mu.Lock()
			defer mu.Unlock()
			if len(failed) > 0 {
				stop.count()
				problems = append(problems, failed...)
			}
			done++
			p.progress(done, total)
		})
	}
	return append(problems, p.conclude(ctx)...).Sort()
}

// conclude returns what is to be said about a run that has not done everything.
func (p *Plan) conclude(ctx context.Context) problem.Problems {
	var all problem.Problems
	changed, left := 0, 0
	for _, row := range p.Rows {
		switch {
		case row.State == Changed:
			changed++
		case row.Action == Change:
			left++
		}
	}
	switch {
	case left == 0:
		return nil
	case p.Touched():
		all = append(all, problem.New(problem.Partial, nil, "Partly rolled out", fmt.Sprintf(
			"Functions changed: %d. Functions that are not, or only in part: %d. To go on, run the same command again: it goes on where AWS says that each function stands. "+
				"To go back, run it with --back: it moves each alias to the version before.", changed, left)))
	case ctx.Err() != nil:
		all = append(all, problem.FromAWS(ctx.Err(), problem.Resource{}, nil))
	}
	return all
}

// each calls do for functions, AtOnce at a time, and returns when all are done.
func (p *Plan) each(ctx context.Context, functions []*function, do func(i int, f *function)) {
	w := workers.Start(AtOnce)
	defer w.Stop()
	for i, f := range functions {
		if !w.Go(ctx, func() { do(i, f) }) {
			return
		}
	}
}

func (p *Plan) progress(done, total int) {
	if p.rollout.Progress != nil {
		p.rollout.Progress(done, total)
	}
}

// A halt ends a rollout after a number of failures.
type halt struct {
	mu       sync.Mutex
	failures int
	most     int
}

func (h *halt) count() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures++
}

func (h *halt) reached() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failures >= h.most
}
