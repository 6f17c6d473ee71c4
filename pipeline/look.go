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

// Look finds out what there is of one environment, for a comparison with others.
// It reads no value, and goes on where a build would stop: that a secret or a
// function's key is missing is its result. Every other problem is reported beside
// it, and what it keeps from being known is Unknown.
func (b *Build) Look(ctx context.Context) (compare.Column, Problems) {
	r, problems := b.known(ctx)
	errs := map[*want]error{}
	if len(problems) == 0 {
		problems = r.checkBlind(ctx)
		for _, p := range r.guard(ctx) {
			if p.Kind != Missing || !r.ofKey(p) {
				problems = append(problems, p)
			}
		}
		problems = append(problems, r.expand(ctx)...)
		for _, p := range r.paths {
			if p.Kind != Missing { // nothing lies below: the column says it
				problems = append(problems, p)
			}
		}
		problems = append(problems, r.lookAtVersions(ctx, errs)...)
	}
	return r.column(errs), problems.Sort()
}

// Meant is what Look returns of an environment that cannot be looked at: what is
// meant to be there, and nothing of it known.
func (b *Build) Meant() compare.Column {
	r := b.run()
	r.jobs, _ = jobs(r.Manifest) // whose problems are told elsewhere
	return r.column(nil)
}

func (r *run) column(errs map[*want]error) compare.Column {
	c := compare.Column{Environment: r.Manifest.Environment.Name.Value, Region: r.Region}
	for _, j := range r.jobs {
		c.Functions = append(c.Functions, j.column(errs))
	}
	return c
}

// ofKey reports whether a problem is that of a function's key.
func (r *run) ofKey(p Problem) bool {
	return slices.ContainsFunc(r.jobs, func(j *job) bool {
		return slices.ContainsFunc(j.keyWrong, func(k Problem) bool { return table.SamePlace(k.Subject, p.Subject) && k.Detail == p.Detail })
	})
}

// lookAtVersions reads versions, and keeps by secret why there is none.
func (r *run) lookAtVersions(ctx context.Context, errs map[*want]error) Problems {
	users, refs := r.users(r.jobs, func(w *want) secret.Ref { return w.ref })
	var problems Problems
	done := progress(r.Observer, StepVersion, len(refs))
	read := r.Parameters.Versions
	if r.anyBlind() {
		read = r.Blind.Parameters.Ciphertexts
	}
	err := read(ctx, refs, func(res param.Result) {
		for _, w := range users[res.Ref] {
			w.version, errs[w] = res.Parameter.Version, res.Err
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
	return problems
}

func (j *job) column(errs map[*want]error) compare.ColumnFunction {
	f := compare.ColumnFunction{Name: j.fn.Name.Value, Mode: j.mode(), Key: j.columnKey()}
	for _, w := range j.wants {
		f.Secrets = append(f.Secrets, j.columnSecret(w, errs[w]))
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
