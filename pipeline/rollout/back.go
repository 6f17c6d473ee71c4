package rollout

import (
	"context"
	"fmt"
	"strconv"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// lookBack reads the alias and all versions of a function, and finds the version to go back to.
func (f *function) lookBack(ctx context.Context) (todo, error) {
	if !f.listed {
		if err := f.readVersions(ctx); err != nil || f.Action == Skip {
			return todo{}, err
		}
	}
	if f.State == Planned {
		f.showAlias()
	}
	return f.judgeBack()
}

// readVersions reads the alias and all versions.
func (f *function) readVersions(ctx context.Context) error {
	all, err := f.job.Functions.Configurations(ctx, f.Function)
	if err != nil {
		return err
	}
	for i, c := range all {
		if f.versions[c.Version] = &all[i]; c.Version == publish.Latest {
			f.latest = &all[i]
		}
	}
	if f.latest == nil {
		f.Action, f.Reason = Skip, "no such function"
		return nil
	}
	f.arn = f.latest.ARN
	aliases, err := f.job.Functions.Aliases(ctx, f.Function)
	if err == nil {
		f.alias, err = f.choose(aliases)
	}
	f.listed = err == nil
	switch {
	case err != nil:
		return err
	case f.alias == nil || f.alias.Routes[0].Version == publish.Latest:
		f.Action, f.Reason = Skip, "no alias with a version: to go back, run bundle rollout --layer with the version before"
	}
	return nil
}

// judgeBack says how the alias goes back: to one version if it has two, else to the highest one before that has another version of the
// layer and is otherwise the same.
func (f *function) judgeBack() (todo, error) {
	routes := f.alias.Routes
	serves := f.versions[routes[0].Version]
	if serves == nil {
		return todo{}, &refusal{f.refuse(problem.Integrity, "Unexpected answer from Lambda", "Its list of versions lacks the one that the alias serves. Run the command again.")}
	}
	_, has := f.place(serves.Layers)
	looking := f.State == Planned // later, the row stays as it was planned
	if looking {
		f.From, f.To = has, has
	}
	if len(routes) > 1 {
		return f.unsplit(serves, routes[1])
	}
	if has != f.want.Version {
		if f.Reason = fmt.Sprintf("alias %s serves version %d of the layer", f.alias.Name, has); has == 0 {
			f.Reason = fmt.Sprintf("alias %s serves a version without the layer", f.alias.Name)
		}
		return todo{}, nil
	}
	var before *publish.Configuration
	to := has
	for _, v := range f.versions {
		_, had := f.place(v.Layers)
		if had != 0 && had != has && earlier(v.Version, serves.Version) && (before == nil || earlier(before.Version, v.Version)) && f.differs(v, serves) == "" {
			before, to = v, had
		}
	}
	if before == nil {
		f.Action, f.Reason = Skip, "there is no version before with another version of the layer and the same code and configuration"
		return todo{}, nil
	}
	if looking {
		f.To = to
	}
	return todo{move: true, next: before.Version, routes: []publish.Route{{Version: before.Version, Weight: 1}}}, nil
}

// unsplit ends a canary.
func (f *function) unsplit(serves *publish.Configuration, added publish.Route) (todo, error) {
	other := f.versions[added.Version]
	if other == nil || f.differs(other, serves) != "" {
		return todo{}, &refusal{f.refuse(problem.Integrity, "Alias splits its calls", fmt.Sprintf(
			"Alias %s sends %s of its calls to version %s, which differs in more than the layer: that is a canary of something else. End it first.",
			f.alias.Name, percent(added.Weight), added.Version))}
	}
	if f.State == Planned {
		_, f.From = f.place(other.Layers)
	}
	f.Revised = added.Version
	return todo{move: true, next: serves.Version, routes: []publish.Route{{Version: serves.Version, Weight: 1}}}, nil
}

// earlier reports whether a is the number of an earlier version than b. $LATEST has no number.
func earlier(a, b string) bool {
	x, err := strconv.ParseInt(a, 10, 64)
	y, _ := strconv.ParseInt(b, 10, 64)
	return err == nil && x < y
}

// applyBack moves the alias back.
func (f *function) applyBack(ctx context.Context, stop *halt) problem.Problems {
	for {
		t, err := f.lookBack(ctx)
		switch {
		case err != nil:
			return f.fail(ctx, err)
		case t.none():
			f.State = Changed
			return nil
		case stop.reached() || ctx.Err() != nil:
			return nil
		}
		moved, err := f.job.Functions.Route(ctx, f.Function, f.alias.Name, f.alias.Revision, t.routes...)
		f.note(err)
		switch {
		case err == nil:
			f.alias, f.State = &moved, Changed
			return nil
		case !f.again(ctx, err):
			return f.fail(ctx, err)
		}
	}
}
