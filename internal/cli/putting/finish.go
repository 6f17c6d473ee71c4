package putting

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

// finish prints the results and problems of all places, and returns how the run ended.
func (r *run) finish() error {
	all := r.problems()
	left, written := r.tally()
	if written > 0 && left > 0 {
		all = append(all, problem.New(problem.Partial, nil, "Partly written", fmt.Sprintf(
			"%s written, and %s not, or maybe not: see the table. To go on, run the same command again: it ends in the same way.",
			printable.Count(written, "parameter")+" "+was(written), printable.Count(left, "parameter")+" "+was(left))))
	}
	done := r.answer(all)
	r.sayLost()
	if len(all) == 0 {
		return done
	}
	r.RenderDiagnostics(all)
	failure := &console.Failure{Problems: all, AlreadyReported: true}
	if !r.wrote {
		failure.Aftermath = "; nothing was written"
	}
	return errors.Join(failure, done)
}

// problems returns the problems of all places, each with the places that have it, unless
// that is all of them.
func (r *run) problems() problem.Problems {
	var all problem.Problems
	var of [][]string
	for _, p := range r.places {
		for _, one := range p.problems {
			i := slices.IndexFunc(all, func(other problem.Problem) bool {
				return other.Kind == one.Kind && other.Summary == one.Summary && other.Detail == one.Detail && problem.SamePlace(other.Subject, one.Subject)
			})
			if i < 0 {
				i, all, of = len(all), append(all, one), append(of, nil)
			}
			of[i] = append(of[i], p.String())
		}
	}
	for i, names := range of {
		if len(names) < len(r.places) {
			all[i].Summary += " (" + strings.Join(names, ", ") + ")"
		}
	}
	return all
}

// warn prints the warnings of all places, each once.
func (r *run) warn(of func(p *place) problem.Problems) {
	type warning struct{ environment, detail string }
	seen := make(map[warning]bool)
	for _, p := range r.places {
		var own problem.Problems
		for _, one := range of(p) {
			if w := (warning{p.Environment, one.Detail}); !seen[w] {
				seen[w] = true
				own = append(own, one)
			}
		}
		r.RenderWarningsOf(p.Environment, own)
	}
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// tally counts the parameters that were written, and those that were not, or may not have
// been, although they should.
func (r *run) tally() (left, written int) {
	if !r.wrote {
		return 0, 0
	}
	for _, p := range r.places {
		for _, o := range p.put.Outcomes() {
			switch o.State {
			case pipeline.PutCreated, pipeline.PutUpdated:
				written++
			case pipeline.PutUnchanged:
			default:
				left++
			}
		}
	}
	return left, written
}

// answer hands over the results of every place with its problems, for --json and --report.
// It prints them as a table, unless a check has failed.
func (r *run) answer(all problem.Problems) error {
	var targets []console.Target
	for _, p := range r.places {
		t := console.Target{Environment: p.Environment, Region: p.Region}
		if p.looked {
			t.Result = r.result(p)
		}
		t.Add(p.problems)
		targets = append(targets, t)
	}
	if i := slices.IndexFunc(all, func(p problem.Problem) bool { return p.Kind == problem.Partial }); i >= 0 {
		targets[len(targets)-1].Add(all[i:])
	}
	r.AnswerEach(targets)
	if !r.wrote && len(all) > 0 {
		return nil
	}
	r.HandOver(r.results().Markdown(), nil)
	if r.JSON() {
		return nil
	}
	return r.results().Text(r.Stdout)
}

func (r *run) results() view.PutTable {
	var all view.PutTable
	for _, p := range r.places {
		all = append(all, r.result(p))
	}
	return all
}

func (r *run) result(p *place) *view.Put {
	result := view.NewPut(p.put, r.dry, func(o pipeline.PutOutcome) string { return r.ForUser(r.goBack(p, o)) })
	result.AWSCalls, result.DurationMS = p.calls.Snapshot(), time.Since(r.Started).Milliseconds()
	return result
}
