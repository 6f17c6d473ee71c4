package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// Functions lists deployed functions. [publish.Functions] implements it.
type Functions interface {
	All(ctx context.Context, page func(more bool)) ([]publish.Function, error)
	Versions(ctx context.Context, name string) ([]publish.Function, error)
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
}

// Outdated reports whether calls can go to anything but the newest version of the layer. Versions that no alias names do not
// count: they stay as they are for ever.
func (r *DeployedResult) Outdated() bool {
	outdated := func(one Running) bool { return one.Attached != r.Newest || one.Deleted }
	return slices.ContainsFunc(r.Functions, func(one Running) bool { return one.Qualifier != "" && outdated(one) || len(one.Versions) == 0 }) ||
		slices.ContainsFunc(r.Others, func(one Running) bool {
			return one.Qualifier != "" && one.Master == "" && outdated(one)
		})
}

// Run looks. Beside the calls of a Status, it lists the layer's versions, all versions of all functions (with FunctionsOnly, of
// those in the manifest), and their aliases, and downloads the versions of the layer that they have.
func (d *Deployed) Run(ctx context.Context) (*DeployedResult, problem.Problems) {
	account, ask := "", d.Caller
	d.Caller = func(ctx context.Context) (_ string, err error) { // once, for all versions
		if account == "" {
			account, err = ask(ctx)
		}
		return account, err
	}
	status, problems := d.Status.Run(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	newest, err := publish.ParseARN(status.Name)
	if err != nil {
		return nil, problem.Problems{problem.New(problem.Integrity, nil, "Unexpected answer from Lambda",
			fmt.Sprintf("%s is not the ARN of a layer version.", status.Name))}
	}
	result := &DeployedResult{StatusResult: status, Layer: newest.Layer, Newest: newest.Version}
	exist, err := d.Versions.Numbers(ctx, d.Published.Layer)
	if err != nil {
		return nil, problem.Problems{layerProblem(nil, newest.Layer, err, "")}
	}
	all, problems := d.list(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	if problems := d.join(ctx, result, all); len(problems) > 0 {
		return nil, problems
	}
	for _, rows := range [][]Running{result.Functions, result.Others} {
		for i, one := range rows {
			rows[i].Deleted = one.Attached != 0 && one.Attached != newest.Version && !exist[one.Attached]
		}
	}
	return result, d.compare(ctx, result)
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
		byName[fn.File()] = all
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

// join makes the rows of the functions of the manifest, and of the others.
func (d *Deployed) join(ctx context.Context, result *DeployedResult, all map[string][]publish.Function) problem.Problems {
	done := progress(d.Observer, StepAliases, len(d.Manifest.Functions))
	ours := map[string]bool{}
	for _, fn := range d.Manifest.Functions {
		name := fn.File()
		ours[name] = true
		versions := all[name]
		if len(versions) == 0 || versions[0].Master != "" {
			result.Functions = append(result.Functions, Running{Function: fn.Name.Value, Name: name})
			done()
			continue
		}
		aliases, err := d.Functions.Aliases(ctx, name)
		if err != nil {
			return problem.Problems{functionsProblem("function "+name, "Function "+name, err, "lambda:ListAliases", "")}
		}
		done()
		result.Functions = append(result.Functions, rows(fn, name, versions, aliases, result.Layer)...)
	}
	for name, versions := range all {
		if !ours[name] || versions[0].Master != "" {
			result.Others = append(result.Others, attachedOnly(rows(manifest.Function{}, name, versions, nil, result.Layer))...)
		}
	}
	slices.SortStableFunc(result.Others, func(a, b Running) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

func attachedOnly(all []Running) []Running {
	return slices.DeleteFunc(all, func(one Running) bool { return one.Attached == 0 })
}

// rows are those of one function: what an unqualified call runs, the aliases, and the versions that no alias names, together
// for each version of the layer.
func rows(fn manifest.Function, name string, versions []publish.Function, aliases []publish.Alias, layer string) []Running {
	at, named := map[string]publish.Function{}, map[string]bool{publish.Latest: true, publish.LatestPublished: true}
	for _, v := range versions {
		at[v.Version] = v
	}
	var all []Running
	add := func(qualifier, version string, weight float64) {
		one := Running{Function: fn.Name.Value, Name: name, Qualifier: qualifier, Versions: []string{version}, Weight: weight, Master: at[version].Master}
		attached := versionsOf(at[version], layer)
		for _, one.Attached = range attached {
			all = append(all, one)
		}
		if len(attached) == 0 {
			all = append(all, one)
		}
	}
	for _, version := range []string{publish.Latest, publish.LatestPublished} {
		if _, exists := at[version]; exists {
			add(version, version, 1)
		}
	}
	for _, a := range aliases {
		for _, to := range a.Routes {
			named[to.Version] = true
			add(a.Name, to.Version, to.Weight)
		}
	}
	idle := map[int64][]string{}
	for _, v := range versions {
		for _, attached := range versionsOf(v, layer) {
			if !named[v.Version] {
				idle[attached] = append(idle[attached], v.Version)
			}
		}
	}
	for _, attached := range slices.Backward(slices.Sorted(maps.Keys(idle))) { // the newest first
		numbers := idle[attached]
		slices.SortFunc(numbers, byNumber)
		all = append(all, Running{Function: fn.Name.Value, Name: name, Versions: numbers, Weight: 1, Attached: attached, Master: at[numbers[0]].Master})
	}
	return all
}

func byNumber(a, b string) int {
	x, _ := strconv.ParseInt(a, 10, 64)
	y, _ := strconv.ParseInt(b, 10, 64)
	return cmp.Compare(x, y)
}

// versionsOf returns the versions of a layer that a function version has. Layers of AWS (awslayer) and of others are not it.
func versionsOf(f publish.Function, layer string) []int64 {
	var all []int64
	for _, attached := range f.Layers {
		if ref, err := publish.ParseARN(attached); err == nil && ref.Layer == layer && ref.Version > 0 {
			all = append(all, ref.Version)
		}
	}
	return all
}

// compare finds the stale secrets of the rows that can be called without naming a number.
func (d *Deployed) compare(ctx context.Context, result *DeployedResult) problem.Problems {
	known := map[int64][]plan.Change{result.Newest: result.Changes}
	for i := range result.Functions {
		one := &result.Functions[i]
		if one.Attached == 0 || one.Qualifier == "" {
			continue
		}
		if one.Deleted {
			one.Unread = true
			continue
		}
		changes, seen := known[one.Attached]
		if !seen {
			var problems problem.Problems
			if changes, problems = d.changes(ctx, result.Layer, one.Attached); len(problems) > 0 {
				return problems
			}
			known[one.Attached] = changes
		}
		of := slices.IndexFunc(changes, func(c plan.Change) bool { return c.Name == one.Name })
		if one.Unread = of < 0; of >= 0 && changes[of].Action != plan.Carry {
			one.Stale = changes[of].Reasons
		}
	}
	return nil
}

// changes compares an older version of the layer with the parameters. There are none if it cannot be compared.
func (d *Deployed) changes(ctx context.Context, layer string, number int64) ([]plan.Change, problem.Problems) {
	ref := publish.Ref{Layer: d.Published.Layer, Version: number}
	v, err := d.Versions.Find(ctx, ref)
	var content []byte
	if err == nil {
		content, err = d.Versions.Download(ctx, v)
	}
	switch {
	case errors.Is(err, publish.ErrNoLayer), errors.Is(err, publish.ErrDamaged):
		return nil, nil
	case err != nil:
		return nil, problem.Problems{layerProblem(nil, publish.Ref{Layer: layer, Version: number}.String(), err, "")}
	}
	older := d.Status
	older.Published, older.Name, older.Content = nil, v.ARN, content
	status, problems := older.Run(ctx)
	switch {
	case len(problems) == 0:
		return status.Changes, nil
	case !slices.ContainsFunc(problems, func(p problem.Problem) bool { return p.Kind != problem.Integrity && p.Kind != problem.Missing }):
		return nil, nil
	}
	return nil, problems
}
