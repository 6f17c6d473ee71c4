package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/compare"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Compare finds which secrets exist in one environment, to compare it with
// others.
type Compare struct {
	Scope
	Parameters Versions
	Keys       KeyDescriber
	Blind      BlindParameters
}

// Run reads no value. It does not stop where a build would: a missing secret or key
// of a function is part of the result. Every other problem is reported with the
// result, and what could not be found because of it is Unknown.
func (c *Compare) Run(ctx context.Context) (compare.Column, problem.Problems) {
	bound, problems := c.askedOnce(ctx).bind()
	if problems = append(problems, bound.checkAccount(ctx)...); len(problems) > 0 {
		return bound.column(nil), problems.Sort()
	}
	problems = bound.checkBlind()
	admitted, wrong := bound.preflight(ctx, c.Keys)
	for _, p := range wrong {
		if p.Kind != problem.Missing || !bound.ofKey(p) {
			problems = append(problems, p)
		}
	}
	listed := admitted.list(ctx, c.Parameters, c.Blind)
	for _, p := range listed.paths {
		if p.Kind != problem.Missing { // the column shows that there are none
			problems = append(problems, p)
		}
	}
	missing, wrong := listed.compareVersions(ctx, listed.withoutValues(c.Parameters, c.Blind))
	problems = append(problems, wrong...)
	problems = append(problems, listed.compareDates(ctx, c.Parameters, missing)...)
	return bound.column(missing), problems.Sort()
}

// Declared returns the column of an environment that cannot be read: what the
// manifest declares, with every state Unknown.
func (s *Scope) Declared() compare.Column {
	bound, _ := s.bind() // its problems are reported elsewhere
	return bound.column(nil)
}

// column returns what exists in the environment. missing has the reason why a
// secret's parameter could not be read.
func (b bound) column(missing map[*binding]error) compare.Column {
	c := compare.Column{Environment: b.Manifest.Environment.Name.Value, Region: b.Region}
	for _, run := range b.functions {
		c.Functions = append(c.Functions, run.column(missing))
	}
	return c
}

// ofKey reports whether a problem is about a function's key.
func (b bound) ofKey(p problem.Problem) bool {
	return slices.ContainsFunc(b.functions, func(run *functionRun) bool {
		return slices.ContainsFunc(run.keyWrong, func(k problem.Problem) bool { return problem.SamePlace(k.Subject, p.Subject) && k.Detail == p.Detail })
	})
}

// compareVersions reads versions, and returns for each secret without one the reason.
func (l listed) compareVersions(ctx context.Context, read reading) (missing map[*binding]error, problems problem.Problems) {
	missing = make(map[*binding]error)
	users, refs := users(l.functions, func(bind *binding) secret.Ref { return bind.ref })
	done := progress(l.Observer, StepVersion, len(refs))
	err := read(ctx, refs, func(res Found) {
		for _, bind := range users[res.Ref] {
			bind.version, missing[bind] = res.Version(), res.Err
			bind.stored(res)
			for _, p := range bind.resultProblem(res) {
				if p.Kind != problem.Missing {
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

// compareDates reads when the versions of secrets of Secrets Manager were written. It adds the
// reason to missing for each version that is not there any more, which only a version ID in the
// manifest can name. A date that cannot be read stays unknown.
func (l listed) compareDates(ctx context.Context, versions Versions, missing map[*binding]error) problem.Problems {
	users, refs := users(l.functions, func(bind *binding) secret.Ref {
		return secret.Ref{Store: bind.ref.Store, Name: bind.version.ARN, ID: bind.version.ID}
	})
	refs = slices.DeleteFunc(refs, func(ref secret.Ref) bool { return ref.ID == "" })
	if len(refs) == 0 {
		return nil
	}
	var problems problem.Problems
	done := progress(l.Observer, StepDates, len(refs))
	err := versions.Dates(ctx, refs, func(res Found) {
		for _, bind := range users[res.Ref] {
			bind.version.Modified = res.Secret.Version.Modified
			if bind.ref.ID != "" && isVersionMissing(res.Err) {
				bind.version, missing[bind] = secret.Version{}, res.Err
			}
			if !isUndated(res.Err) {
				problems = append(problems, readProblem(bind.at, res.Err))
			}
		}
		done()
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	return problems
}

func (run *functionRun) column(missing map[*binding]error) compare.ColumnFunction {
	f := compare.ColumnFunction{Name: run.fn.Name.Value, Mode: run.mode(), Key: run.columnKey()}
	for _, bind := range run.bindings {
		f.Secrets = append(f.Secrets, run.columnSecret(bind, missing[bind]))
	}
	for i, im := range run.fn.Imports {
		column := compare.ColumnImport{Import: im, State: compare.Unknown}
		if i < len(run.lists) {
			column.Deeper = run.lists[i].deeper
			switch l := run.lists[i]; {
			case l.err != nil:
			case len(l.found) == 0:
				column.State = compare.Missing
			default:
				column.State = compare.Present
			}
		}
		f.Imports = append(f.Imports, column)
	}
	return f
}

func (run *functionRun) columnKey() compare.ColumnKey {
	k := compare.ColumnKey{State: compare.Present, Name: run.fn.Key.Value, ARN: run.key.ARN}
	switch {
	case len(run.keyWrong) > 0 && run.keyWrong[0].Kind != problem.Missing, len(run.keyWrong) == 0 && k.ARN == "":
		k.State = compare.Unknown
	case len(run.keyWrong) > 0 && k.ARN == "":
		k.State, k.Why = compare.Missing, fmt.Sprintf("key %q does not exist", k.Name)
	case len(run.keyWrong) > 0:
		k.State, k.Why = compare.Unusable, strings.Replace(run.keyWrong[0].Detail, fmt.Sprintf(" of function %q", run.fn.Name.Value), "", 1)
	}
	return k
}

func (run *functionRun) columnSecret(bind *binding, err error) compare.ColumnSecret {
	s := compare.ColumnSecret{
		Name: bind.name, State: compare.Present, Store: bind.ref.Store, Parameter: bind.ref.String(), Version: bind.version, Type: bind.kind,
		Encoding: bind.encoding, Field: bind.field.String(), Checks: shortChecks(bind.checks), Below: bind.below,
	}
	if bind.elsewhere() && bind.version.ARN != "" {
		s.Type = "secret"
	}
	switch {
	case isDeleted(err):
		s.State, s.Why = compare.Deleted, err.Error()
	case bind.elsewhere() && isVersionMissing(err) && len(bind.description().Stages) == 0:
		s.State, s.Why = compare.Empty, err.Error()
	case bind.optional && isMissing(err):
		s.State = compare.Absent
	case isMissing(err), isVersionMissing(err):
		s.State, s.Why = compare.Missing, err.Error()
	case bind.version.ARN == "":
		s.State = compare.Unknown
	case run.blind() && bind.elsewhere():
		s.State, s.Why = compare.Unusable, fmt.Sprintf("%q is in Secrets Manager, which does not support blind mode", bind.ref)
	case run.blind() && bind.kind != secureString:
		s.State, s.Why = compare.Unusable, fmt.Sprintf("%q is a %s, which does not support blind mode", bind.ref, bind.kind)
	case run.blind() && bind.advanced:
		s.State, s.Why = compare.Unusable, fmt.Sprintf("%q is an advanced-tier parameter, which does not support blind mode", bind.ref)
	}
	return s
}

// shortChecks formats constraints for people. It keeps 8 digits of an expression's
// digest, enough to tell two apart.
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
