package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/compare"
	"github.com/whispering/bundle/pipeline/param"
	table "github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Compare finds out what there is of one environment, for a comparison with
// others.
type Compare struct {
	Scope
	Parameters Versions
	Keys       KeyDescriber
	Blind      BlindParameters
}

// Run reads no value, and goes on where a build would stop: that a secret or a
// function's key is missing is its result. Every other problem is reported beside
// it, and what it keeps from being known is Unknown.
func (c *Compare) Run(ctx context.Context) (compare.Column, Problems) {
	bound, problems := c.askedOnce(ctx).bind()
	if problems = append(problems, bound.checkAccount(ctx)...); len(problems) > 0 {
		return bound.column(nil), problems.Sort()
	}
	problems = bound.checkBlind()
	admitted, wrong := bound.preflight(ctx, c.Keys)
	for _, p := range wrong {
		if p.Kind != Missing || !bound.ofKey(p) {
			problems = append(problems, p)
		}
	}
	listed := admitted.list(ctx, c.Parameters, c.Blind)
	for _, p := range listed.paths {
		if p.Kind != Missing { // nothing lies below: the column says it
			problems = append(problems, p)
		}
	}
	missing, wrong := listed.compareVersions(ctx, listed.withoutValues(c.Parameters, c.Blind))
	return bound.column(missing), append(problems, wrong...).Sort()
}

// Declared is what a Compare finds of an environment that cannot be asked about:
// what is meant to be there, and nothing of it known.
func (s *Scope) Declared() compare.Column {
	bound, _ := s.bind() // whose problems are told elsewhere
	return bound.column(nil)
}

// column is what there is of the environment; missing says of a secret why its
// parameter could not be read.
func (b bound) column(missing map[*want]error) compare.Column {
	c := compare.Column{Environment: b.Manifest.Environment.Name.Value, Region: b.Region}
	for _, j := range b.jobs {
		c.Functions = append(c.Functions, j.column(missing))
	}
	return c
}

// ofKey reports whether a problem is that of a function's key.
func (b bound) ofKey(p Problem) bool {
	return slices.ContainsFunc(b.jobs, func(j *job) bool {
		return slices.ContainsFunc(j.keyWrong, func(k Problem) bool { return table.SamePlace(k.Subject, p.Subject) && k.Detail == p.Detail })
	})
}

// compareVersions reads versions, and keeps by secret why there is none.
func (l listed) compareVersions(ctx context.Context, read reading) (missing map[*want]error, problems Problems) {
	missing = make(map[*want]error)
	users, refs := users(l.jobs, func(w *want) secret.Ref { return w.ref })
	done := progress(l.Observer, StepVersion, len(refs))
	err := read(ctx, refs, func(res param.Result) {
		for _, w := range users[res.Ref] {
			w.version, missing[w] = res.Parameter.Version, res.Err
			w.stored(res.Parameter)
			for _, p := range w.resultProblem(res) {
				if p.Kind != Missing {
					problems = append(problems, p)
				}
			}
		}
		done()
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	return missing, problems
}

func (j *job) column(missing map[*want]error) compare.ColumnFunction {
	f := compare.ColumnFunction{Name: j.fn.Name.Value, Mode: j.mode(), Key: j.columnKey()}
	for _, w := range j.wants {
		f.Secrets = append(f.Secrets, j.columnSecret(w, missing[w]))
	}
	for i, im := range j.fn.Imports {
		state := compare.Unknown
		switch {
		case i >= len(j.below) || j.below[i] < 0:
		case j.below[i] == 0:
			state = compare.Missing
		default:
			state = compare.Present
		}
		f.Imports = append(f.Imports, compare.ColumnImport{Import: im, State: state})
	}
	return f
}

func (j *job) columnKey() compare.ColumnKey {
	k := compare.ColumnKey{State: compare.Present, Name: j.fn.Key.Value, ARN: j.key.ARN}
	switch {
	case len(j.keyWrong) > 0 && j.keyWrong[0].Kind != Missing, len(j.keyWrong) == 0 && k.ARN == "":
		k.State = compare.Unknown
	case len(j.keyWrong) > 0 && k.ARN == "":
		k.State, k.Why = compare.Missing, fmt.Sprintf("there is no key %q", k.Name)
	case len(j.keyWrong) > 0:
		k.State, k.Why = compare.Unusable, j.keyWrong[0].Detail
	}
	return k
}

func (j *job) columnSecret(w *want, err error) compare.ColumnSecret {
	s := compare.ColumnSecret{
		Name: w.name, State: compare.Present, Parameter: w.ref.String(), Version: w.version, Type: w.kind,
		Encoding: w.encoding, Field: string(w.field), Checks: shortChecks(w.checks), Below: w.below,
	}
	switch {
	case w.optional && errors.Is(err, param.ErrMissing):
		s.State = compare.Absent
	case errors.Is(err, param.ErrMissing), errors.Is(err, param.ErrVersion):
		s.State, s.Why = compare.Missing, err.Error()
	case w.version.ARN == "":
		s.State = compare.Unknown
	case j.blind() && w.kind != secureString:
		s.State, s.Why = compare.Unusable, fmt.Sprintf("%q is a %s, which cannot go blind", w.ref, w.kind)
	case j.blind() && w.advanced:
		s.State, s.Why = compare.Unusable, fmt.Sprintf("%q is of the advanced tier, which cannot go blind", w.ref)
	}
	return s
}

// shortChecks names constraints for people: no more of an expression's digest
// than tells two apart.
func shortChecks(c secret.Constraints) string {
	const most = len("matches=") + 8
	words := strings.Split(c.String(), ",")
	for i, word := range words {
		if strings.HasPrefix(word, "matches=") {
			words[i] = word[:most]
		}
	}
	return strings.Join(words, " ")
}
