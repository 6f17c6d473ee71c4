package rollout

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// judge says what is left to do for a function of which all is read, or why nothing may be done.
func (f *function) judge() (todo, problem.Problems) {
	var t todo
	if refused := f.judgeLatest(&t); len(refused) > 0 {
		return t, refused
	}
	if refused := f.judgeAlias(&t); len(refused) > 0 {
		return t, refused
	}
	if t.none() || f.want.Check == nil {
		return t, nil
	}
	return t, f.want.Check(f.want.Version, f.latest.Settings)
}

// judgeLatest judges $LATEST.
func (f *function) judgeLatest(t *todo) problem.Problems {
	l := f.latest
	at, has := f.place(l.Layers)
	failed := l.Update == "Failed"
	switch {
	case l.Image:
		return f.refuse(problem.Manifest, "Function is a container image", "Container images have no layers.")
	case l.Managed:
		return f.refuse(problem.Manifest, "Function runs on Managed Instances",
			"Its calls run $LATEST.PUBLISHED, which bundle does not publish. Roll it out with its deployment tool.")
	case l.Master != "":
		return f.refuse(problem.Manifest, "Function is a replica", "It is a replica of Lambda@Edge, which cannot have layers.")
	case failed && f.updated:
		return f.refuse(problem.Integrity, "Update failed", "Lambda did not finish the update"+because(l.UpdateCode)+
			", and runs the configuration before. No version was published.")
	case l.State == "Failed":
		return f.refuse(problem.Integrity, "Function failed", "Its state is Failed"+because(l.StateCode)+". Repair it first, or choose others with --function.")
	case at < 0:
		return f.refuse(problem.Integrity, "Changed by something else", "$LATEST has lost the layer meanwhile. Nothing more was changed. Find out what changes the function, and run the command again.")
	case f.updated && has != f.want.Version:
		return f.refuse(problem.Integrity, "Changed by something else", fmt.Sprintf("$LATEST has version %d of the layer, although this run has set version %d. Nothing more was changed. "+
			"Find out what changes the function, such as another rollout, and run the command again.", has, f.want.Version))
	case has > f.want.Version && !f.job.Older:
		return f.newer("$LATEST has", has)
	}
	t.at, t.update = at, has != f.want.Version || failed
	return nil
}

func (f *function) newer(what string, has int64) problem.Problems {
	return f.refuse(problem.Integrity, "Function has a newer layer", fmt.Sprintf("%s version %d, which is newer than %d. To go back to that, name it: --layer %d.",
		what, has, f.want.Version, f.want.Version))
}

// judgeAlias judges the alias.
func (f *function) judgeAlias(t *todo) problem.Problems {
	if f.alias == nil || f.alias.Routes[0].Version == publish.Latest {
		return nil
	}
	routes := f.alias.Routes
	serves := f.versions[routes[0].Version]
	_, has := f.place(serves.Layers)
	if len(routes) > 1 {
		if done, refused := f.judgeSplit(t, has); done || len(refused) > 0 {
			return refused
		}
	} else if has == f.want.Version {
		return nil
	}
	if has > f.want.Version && !f.job.Older {
		return f.newer("Alias "+f.alias.Name+" serves", has)
	}
	t.move = true
	if t.next == "" {
		if p := f.published; p != nil && f.differs(p, serves) == "" && slices.Contains(p.Layers, f.target()) {
			t.next = p.Version
		}
	}
	if t.next == "" {
		if why := f.differs(f.latest, serves); why != "" {
			return f.refuse(problem.Integrity, "Unreleased change at $LATEST", fmt.Sprintf(
				"$LATEST differs from version %s, which alias %s serves, in %s. A version published now would release that. Release or undo it with the deployment tool first.",
				serves.Version, f.alias.Name, why))
		}
		t.publish = true
	}
	if t.routes = []publish.Route{{Version: t.next, Weight: 1}}; f.job.Share < 1 {
		t.routes = []publish.Route{{Version: serves.Version, Weight: 1 - f.job.Share}, {Version: t.next, Weight: f.job.Share}}
	}
	return nil
}

// judgeSplit judges an alias with two versions, of which the first has a version of the layer. done means that nothing is left to do.
func (f *function) judgeSplit(t *todo, has int64) (done bool, refused problem.Problems) {
	main, added := f.alias.Routes[0], f.alias.Routes[1]
	serves, other := f.versions[main.Version], f.versions[added.Version]
	if why := f.differs(other, serves); why != "" {
		return false, f.refuse(problem.Integrity, "Alias splits its calls", fmt.Sprintf(
			"Alias %s sends %s of its calls to version %s, which differs from version %s in %s: that is a canary of something else. End it first.",
			f.alias.Name, percent(added.Weight), added.Version, main.Version, why))
	}
	switch _, adds := f.place(other.Layers); {
	case has == f.want.Version && f.job.Share == 1:
		t.next, f.Revised = main.Version, added.Version
	case has == f.want.Version:
		f.Reason = fmt.Sprintf("alias %s still sends %s of its calls to version %s", f.alias.Name, percent(added.Weight), added.Version)
		return true, nil
	case adds != f.want.Version:
		f.Revised = added.Version
	case f.job.Share < 1 && math.Abs(added.Weight-f.job.Share) < 1e-9:
		return true, nil
	default:
		t.next = added.Version
	}
	return false, nil
}

// choose returns the alias to move among those of the function; nil for none.
func (f *function) choose(all []publish.Alias) (*publish.Alias, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var names []string
	for i, a := range all {
		if a.Name == f.job.Alias || f.job.Alias == "" && len(all) == 1 {
			return &all[i], nil
		}
		names = append(names, a.Name)
	}
	if f.job.Alias == "" {
		return nil, &refusal{f.refuse(problem.Manifest, "Which alias", "It has the aliases "+strings.Join(names, ", ")+". Name the one to move with --alias.")}
	}
	return nil, &refusal{f.refuse(problem.Manifest, "No such alias", fmt.Sprintf(
		"It has no alias %s, but %s. Name one with --alias.", f.job.Alias, strings.Join(names, ", ")))}
}

// refuse returns a problem of the function.
func (f *function) refuse(kind problem.Kind, summary, detail string) problem.Problems {
	return problem.Problems{problem.New(kind, f.want.At, summary, "Function "+f.Function+": "+detail)}
}

// because names a reason code, if there is one.
func because(code string) string {
	if code == "" {
		return ""
	}
	return " (reason code " + code + ")"
}

// percent is a share as text.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e4)/100, 'f', -1, 64) + " %"
}
