package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// PrunedLayers are the calls to layers of a Prune. [publish.Lambda] implements it.
type PrunedLayers interface {
	List(ctx context.Context, layer string) ([]publish.Listed, error)
	Shared(ctx context.Context, layer string, number int64) (bool, error)
	Delete(ctx context.Context, layer string, number int64) error
}

// SweptFunctions lists all functions of the account and region: All once for several layers, and Sweep again each time.
// [publish.Functions] implements it.
type SweptFunctions interface {
	All(ctx context.Context, page func(more bool)) ([]publish.Function, error)
	Sweep(ctx context.Context, page func(more bool)) ([]publish.Function, error)
	Published(ctx context.Context, name string) ([]publish.Function, error)
}

// A PointerHistory reads the versions of the parameter with the ARN of a layer. [param.Source] implements it.
type PointerHistory interface {
	History(ctx context.Context, name string) ([]param.Past, error)
}

// What a Prune keeps at least, and by default.
const (
	PruneKeep = 2                  // the newest version and the one before it
	PruneAge  = 7 * 24 * time.Hour // since a version was replaced
)

// A Prune finds the versions of a published layer that nothing names, and deletes them. What it cannot read it takes for a
// reason to delete nothing.
//
// Deleting a version revokes nothing: functions that have it keep it, and so does everyone who has downloaded it.
type Prune struct {
	Scope
	Layers    PrunedLayers
	Functions SweptFunctions
	Pointer   PointerHistory // only used if the manifest names a layer parameter

	Keep      int           // how many of the newest versions to keep, at least PruneKeep
	OlderThan time.Duration // a version is kept until the next one is this old
	Shared    bool          // also delete versions with a policy, which functions of other accounts may name
	Delete    bool          // delete, and do not only plan
	Now       time.Time
}

// A Pruned is the result of a Prune.
type Pruned struct {
	Name     string          // of the layer
	Layer    string          // ARN, without a version; "" if nothing is published
	Versions []PrunedVersion // the newest first
}

// A PrunedVersion is a version of the layer. One without reasons to be kept is or was to be deleted.
type PrunedVersion struct {
	publish.Listed
	Kept    []Kept
	Deleted bool
}

// Run plans and, if it is to, deletes. A plan lists the versions of the layer, all versions of all functions, and the history of
// the layer's parameter, and reads the policy of each version that nothing else keeps. Before it deletes, it reads all but the
// policies again, and keeps what either of the two found a reason for. Then it deletes, the oldest first, and lists what is left.
//
// After a problem of a deletion, it also returns what it has done.
func (p *Prune) Run(ctx context.Context) (*Pruned, problem.Problems) {
	name := p.Manifest.Bundle.Layer
	if name.Value == "" {
		return nil, problem.Problems{problem.New(problem.Manifest, &p.Manifest.Bundle.Range, "No layer name",
			"Write layer = \"NAME\" in the bundle block. Only the versions of a layer with a name can be pruned.")}
	}
	if problems := p.checkAccount(ctx); len(problems) > 0 {
		return nil, problems
	}
	planned, problems := p.look(ctx, name, p.Functions.All)
	if len(problems) == 0 {
		problems = p.keepShared(ctx, name, planned)
	}
	if len(problems) > 0 || !p.Delete || len(planned.waste()) == 0 {
		return planned.unless(problems)
	}
	now, problems := p.look(ctx, name, p.Functions.Sweep)
	if len(problems) > 0 {
		return nil, problems
	}
	now.keepAsIn(planned)
	return now, p.delete(ctx, name, now)
}

// unless returns the result, or nothing where there are problems.
func (r *Pruned) unless(problems problem.Problems) (*Pruned, problem.Problems) {
	if len(problems) > 0 {
		return nil, problems
	}
	return r, nil
}

// waste returns the indexes of the versions to delete, the oldest version first.
func (r *Pruned) waste() []int {
	var all []int
	for i, v := range slices.Backward(r.Versions) {
		if len(v.Kept) == 0 {
			all = append(all, i)
		}
	}
	return all
}

// keepAsIn keeps what nothing keeps if an earlier look had a reason, or did not see it.
func (r *Pruned) keepAsIn(earlier *Pruned) {
	before := map[int64][]Kept{}
	for _, v := range earlier.Versions {
		before[v.Number] = v.Kept
	}
	for i, v := range r.Versions {
		kept, seen := before[v.Number]
		switch {
		case len(v.Kept) > 0:
		case seen:
			r.Versions[i].Kept = kept
		default:
			r.Versions[i].Kept = []Kept{{Why: KeptUnplanned}}
		}
	}
}

// look lists the versions with the reasons to keep them, except policies.
func (p *Prune) look(ctx context.Context, name manifest.Text, functions lister) (*Pruned, problem.Problems) {
	listed, err := p.Layers.List(ctx, name.Value)
	if err != nil {
		return nil, problem.Problems{p.layerProblem(name, err, "lambda:ListLayerVersions")}
	}
	r := &Pruned{Name: name.Value}
	for _, v := range listed {
		r.Versions = append(r.Versions, PrunedVersion{Listed: v})
	}
	if len(listed) == 0 {
		return r, nil
	}
	slices.SortFunc(r.Versions, func(a, b PrunedVersion) int { return cmp.Compare(b.Number, a.Number) })
	ref, err := publish.ParseARN(r.Versions[0].ARN)
	if err != nil {
		return nil, problem.Problems{problem.New(problem.Integrity, &name.Range, "Unexpected answer from Lambda",
			fmt.Sprintf("%s is not the ARN of a layer version.", r.Versions[0].ARN))}
	}
	r.Layer = ref.Layer
	p.keepOwn(r)
	all, err := sweep(ctx, p.Observer, functions)
	if err != nil {
		return nil, problem.Problems{functionsProblem("the functions of the account", "The list of functions", err, "lambda:ListFunctions",
			". Nothing is deleted without it")}
	}
	all, problems := p.withPublished(ctx, all)
	if len(problems) > 0 {
		return nil, problems
	}
	r.keepAttached(all)
	return r.unless(p.keepPointed(ctx, name, r))
}

// withPublished adds what an unqualified call of each function on Managed Instances runs, where the list does not have it.
func (p *Prune) withPublished(ctx context.Context, all []publish.Function) ([]publish.Function, problem.Problems) {
	listed := map[string]bool{}
	for _, f := range all {
		listed[f.Name] = listed[f.Name] || f.Version == publish.LatestPublished
	}
	with := all[:len(all):len(all)] // the list is also that of other layers
	for _, f := range all {
		if f.Version != publish.Latest || !f.Managed || listed[f.Name] {
			continue
		}
		published, err := p.Functions.Published(ctx, f.Name)
		if err != nil {
			return nil, problem.Problems{functionsProblem("function "+f.Name, "Function "+f.Name, err, "lambda:GetFunctionConfiguration", "")}
		}
		with = append(with, published...)
	}
	return with, nil
}

// layerProblem reports a failed call about the layer.
func (p *Prune) layerProblem(name manifest.Text, err error, right string) problem.Problem {
	return problem.FromAWS(err, problem.Resource{Name: "layer " + name.Value, Lead: "Layer " + name.Value, Rights: []string{right}, On: "it"}, &name.Range)
}

// keepShared keeps versions that nothing else keeps, if they have a policy.
func (p *Prune) keepShared(ctx context.Context, name manifest.Text, r *Pruned) problem.Problems {
	waste := r.waste()
	if p.Shared || len(waste) == 0 {
		return nil
	}
	done := progress(p.Observer, StepSharing, len(waste))
	for _, i := range waste {
		v := &r.Versions[i]
		shared, err := p.Layers.Shared(ctx, name.Value, v.Number)
		switch {
		case err != nil:
			return problem.Problems{p.versionProblem(name, *v, err, "lambda:GetLayerVersionPolicy",
				", or pass --shared to delete versions whether or not other accounts can use them")}
		case shared:
			v.Kept = []Kept{{Why: KeptShared}}
		}
		done()
	}
	return nil
}

func (p *Prune) versionProblem(name manifest.Text, v PrunedVersion, err error, right, or string) problem.Problem {
	return problem.FromAWS(err, problem.Resource{
		Name: fmt.Sprintf("version %d of layer %s", v.Number, name.Value), Lead: fmt.Sprintf("Version %d of layer %s", v.Number, name.Value),
		Rights: []string{right}, On: "it", Or: or,
	}, &name.Range)
}
