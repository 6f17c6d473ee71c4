package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// Why a version is kept.
const (
	KeptNewest    = "newest"
	KeptPrevious  = "previous"  // the one before the newest
	KeptAmong     = "among"     // among the newest, as many as are to be kept
	KeptRecent    = "recent"    // it was replaced, or published, too short a time ago
	KeptUndated   = "undated"   // Lambda does not say when it was replaced
	KeptForeign   = "foreign"   // its description is not that of a publication of this bundle and environment
	KeptFunction  = "function"  // versions of a function have it
	KeptParameter = "parameter" // the parameter has its ARN, had it before, or had it in a version with a label
	KeptShared    = "shared"    // other accounts may use it
	KeptUnplanned = "unplanned" // it appeared during the run
)

// A Kept is a reason to keep a version.
type Kept struct {
	Why string

	Since    time.Time // KeptRecent: when it was replaced
	Function string    // KeptFunction: in Lambda
	Versions []string  // KeptFunction: of the function, which have it, ascending
	Master   string    // KeptFunction: ARN of the function that this is a Lambda@Edge replica of, or ""

	Parameter string // KeptParameter
	Version   int64  // KeptParameter: the newest of the parameter that has the ARN
}

// keepOwn keeps what the list of versions alone says. Only versions of this bundle and environment count for how many to keep,
// so that others under the same name cost none of them their place.
func (p *Prune) keepOwn(r *Pruned) {
	rank := 0
	for i := range r.Versions {
		v := &r.Versions[i]
		if !published(v.Description, p.Manifest) {
			v.Kept = append(v.Kept, Kept{Why: KeptForeign})
			continue
		}
		switch {
		case rank == 0:
			v.Kept = append(v.Kept, Kept{Why: KeptNewest})
		case rank == 1:
			v.Kept = append(v.Kept, Kept{Why: KeptPrevious})
		case rank < p.Keep:
			v.Kept = append(v.Kept, Kept{Why: KeptAmong})
		}
		rank++
		if i == 0 {
			continue
		}
		switch since := r.Versions[i-1].Created; {
		case since.IsZero():
			v.Kept = append(v.Kept, Kept{Why: KeptUndated})
		case since.After(p.Now.Add(-p.OlderThan)):
			v.Kept = append(v.Kept, Kept{Why: KeptRecent, Since: since})
		}
	}
}

// keepAttached keeps what a version of a function has, whether or not an alias names it.
func (r *Pruned) keepAttached(all []publish.Function) {
	type user struct {
		layer    int64
		function string
	}
	var order []user
	users := map[user]*Kept{}
	for _, f := range all {
		for _, number := range versionsOf(f, r.Layer) {
			u := user{number, f.Name}
			if users[u] == nil {
				users[u] = &Kept{Why: KeptFunction, Function: f.Name, Master: f.Master}
				order = append(order, u)
			}
			users[u].Versions = append(users[u].Versions, f.Version)
		}
	}
	slices.SortStableFunc(order, func(a, b user) int { return strings.Compare(a.function, b.function) })
	for i := range r.Versions {
		v := &r.Versions[i]
		for _, u := range order {
			if u.layer == v.Number {
				slices.SortStableFunc(users[u].Versions, byNumber)
				v.Kept = append(v.Kept, *users[u])
			}
		}
	}
}

// keepPointed keeps the versions whose ARN the layer's parameter has: now, before that, and in every version with a label,
// which a template can name. A parameter with anything else than such an ARN is refused: nobody knows then which version is in use.
func (p *Prune) keepPointed(ctx context.Context, name manifest.Text, r *Pruned) problem.Problems {
	parameter := p.Manifest.Bundle.LayerParameter
	if parameter.Value == "" {
		return nil
	}
	history, err := p.Pointer.History(ctx, parameter.Value)
	switch {
	case errors.Is(err, param.ErrMissing):
		return nil
	case err != nil:
		return problem.Problems{pointerProblem(parameter, err, "ssm:GetParameterHistory")}
	}
	now := p.pointed(history[0], name.Value)
	if now == 0 {
		return problem.Problems{problem.New(problem.Integrity, &parameter.Range, "Parameter is not of this layer", fmt.Sprintf(
			"The parameter %q does not have the ARN of a version of layer %q in account %s and region %s, so it is not known which version is in use. "+
				"Its value is not shown, because it may be a secret. Name the parameter of this layer.", parameter.Value, name.Value, p.Account, p.Region))}
	}
	before := int64(0)
	kept := map[int64]bool{}
	for _, past := range history {
		number := p.pointed(past, name.Value)
		if before == 0 && number != now {
			before = number
		}
		if number == 0 || kept[number] || number != now && number != before && len(past.Labels) == 0 {
			continue
		}
		kept[number] = true
		for i := range r.Versions {
			if v := &r.Versions[i]; v.Number == number {
				v.Kept = append(v.Kept, Kept{Why: KeptParameter, Parameter: parameter.Value, Version: past.Version})
			}
		}
	}
	return nil
}

// pointed returns the version of the layer whose ARN a version of the parameter has, 0 for none.
func (p *Prune) pointed(past param.Past, layer string) int64 {
	if past.Type != param.String {
		return 0
	}
	ref, err := publish.ParseARN(string(past.Value.Reveal()))
	if err != nil || !publish.IsIn(ref, p.Account, p.Region, layer) {
		return 0
	}
	return ref.Version
}
