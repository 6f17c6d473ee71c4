package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// Functions lists deployed functions. [publish.Functions] implements it.
type Functions interface {
	All(ctx context.Context, page func(more bool)) ([]publish.Function, error)
	Versions(ctx context.Context, name string) ([]publish.Function, error)
	Published(ctx context.Context, name string) ([]publish.Function, error)
	Aliases(ctx context.Context, name string) ([]publish.Alias, error)
}

// DeployedLayers are the calls to layers of a Deployed. [publish.Lambda] implements it.
type DeployedLayers interface {
	Layers
	Numbers(ctx context.Context, layer string) (map[int64]bool, error)
}

// A Deployed finds which version of the published layer each function has, beside what a Status finds.
type Deployed struct {
	Status        // of the newest version, with a Manifest
	Versions      DeployedLayers
	Functions     Functions
	FunctionsOnly bool // look only at the functions of the manifest, not at all of the account
}

// A DeployedResult is the state of the functions that have the layer.
type DeployedResult struct {
	*StatusResult
	Layer     string // ARN, without a version
	Newest    int64
	Functions []Running // of the manifest, in its order; each has at least one
	Others    []Running // the others in account and region that have a version of the layer; none with FunctionsOnly
}

// A Running is one way to call a function, and the version of the layer that it then has.
type Running struct {
	Function  string   // in the manifest; "" of another
	Name      string   // in Lambda
	Qualifier string   // publish.Latest, publish.LatestPublished, an alias; "" for numbers that no alias names
	Versions  []string // of the function, ascending; none if there is no such function
	Weight    float64  // of an alias: how much of its calls go to the version; 1 for all
	Attached  int64    // version of the layer; 0 for none
	Deleted   bool     // the version of the layer is deleted: it keeps working, but cannot be attached again
	Master    string   // ARN of the function that this is a Lambda@Edge replica of, or ""

	// Stale are the secrets that have changed since the attached version was built. Unread says that it could not be compared:
	// it is deleted, is not a layer of this bundle and environment, or has no document for the function.
	Stale  []plan.Reason
	Unread bool

	Settings publish.Settings // of the version
	Pin      Pin
}

// A Pin is what BUNDLE_SECRETS_SHA256 of a function means for the documents of the layer.
type Pin string

// Pins. The zero Pin is that of a function without BUNDLE_SECRETS_SHA256, or whose documents are not known.
const (
	PinFits   Pin = "fits"   // it is the attached document, and the newest version's
	PinHolds  Pin = "holds"  // it is the attached document, so that the function cannot open the newest version's
	PinBreaks Pin = "breaks" // it is not the attached document, so that the function cannot open that
)

// Outdated reports whether calls can go to anything but the newest version of the layer. Versions that no alias names do not
// count: they stay as they are for ever.
func (r *DeployedResult) Outdated() bool {
	return slices.ContainsFunc(r.Functions, r.OutdatedFunction) || slices.ContainsFunc(r.Others, r.OutdatedOther)
}

// OutdatedFunction is Outdated for a row of Functions.
func (r *DeployedResult) OutdatedFunction(one Running) bool {
	return len(one.Versions) == 0 || one.Qualifier != "" && r.isOld(one)
}

// OutdatedOther is Outdated for a row of Others.
func (r *DeployedResult) OutdatedOther(one Running) bool {
	return one.Qualifier != "" && one.Master == "" && r.isOld(one)
}

func (r *DeployedResult) isOld(one Running) bool {
	return one.Attached != r.Newest || one.Deleted || one.Pin == PinBreaks
}

// Run looks. Beside the calls of a Status, it lists the layer's versions, all versions of all functions (with FunctionsOnly, of
// those in the manifest), and their aliases, and downloads the versions of the layer that they have. Parameters of several
// versions of the layer are read once.
func (d *Deployed) Run(ctx context.Context) (*DeployedResult, problem.Problems) {
	d.Caller = asked(d.Caller) // once, for all versions
	newest, problems := d.open(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	if problems := d.checkAccount(ctx, newest); len(problems) > 0 {
		return nil, problems
	}
	ref, err := publish.ParseARN(d.Name)
	if err != nil {
		return nil, problem.Problems{problem.New(problem.Integrity, nil, "Unexpected answer from Lambda",
			fmt.Sprintf("%s is not the ARN of a layer version.", d.Name))}
	}
	result := &DeployedResult{Layer: ref.Layer, Newest: ref.Version}
	exist, err := d.Versions.Numbers(ctx, d.Published.Layer)
	if err != nil {
		return nil, problem.Problems{layerProblem(nil, ref.Layer, err, "")}
	}
	all, problems := d.list(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	if problems := d.join(ctx, result, all, newest.Documents); len(problems) > 0 {
		return nil, problems
	}
	for _, rows := range [][]Running{result.Functions, result.Others} {
		for i, one := range rows {
			rows[i].Deleted = one.Attached != 0 && one.Attached != ref.Version && !exist[one.Attached]
		}
	}
	return result, d.compare(ctx, result, newest)
}

// list returns the versions of functions by the name of the function.
func (d *Deployed) list(ctx context.Context) (map[string][]publish.Function, problem.Problems) {
	byName := map[string][]publish.Function{}
	if !d.FunctionsOnly {
		all, err := sweep(ctx, d.Observer, d.Functions.All)
		if err != nil {
			return nil, problem.Problems{functionsProblem("the functions of the account", "The list of functions", err, "lambda:ListFunctions",
				", or pass --functions-only to look only at the functions of the manifest")}
		}
		for _, f := range all {
			byName[f.Name] = append(byName[f.Name], f)
		}
		return byName, nil
	}
	done := progress(d.Observer, StepFunctions, len(d.Manifest.Functions))
	for _, fn := range d.Manifest.Functions {
		all, err := d.Functions.Versions(ctx, fn.File())
		if err != nil {
			return nil, problem.Problems{functionsProblem("function "+fn.File(), "Function "+fn.File(), err, "lambda:ListVersionsByFunction", "")}
		}
		if len(all) > 0 {
			byName[fn.File()] = all
		}
		done()
	}
	return byName, nil
}

// A lister lists functions, and calls page after each page.
type lister func(ctx context.Context, page func(more bool)) ([]publish.Function, error)

// sweep lists functions, with progress by pages.
func sweep(ctx context.Context, o Observer, list lister) ([]publish.Function, error) {
	pages := 0
	o.Progress(StepFunctions, 0, 1)
	return list(ctx, func(more bool) {
		pages++
		total := pages
		if more {
			total++
		}
		o.Progress(StepFunctions, pages, total)
	})
}

func functionsProblem(name, lead string, err error, right, or string) problem.Problem {
	on := "it"
	if right == "lambda:ListFunctions" {
		on = "all resources (*), because Lambda knows no others for it,"
	}
	return problem.FromAWS(err, problem.Resource{Name: name, Lead: lead, On: on, Rights: []string{right}, Or: or}, nil)
}
