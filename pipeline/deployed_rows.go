package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// aliasConcurrency is how many functions are asked for their aliases at once. The clients' pace is slower than that.
const aliasConcurrency = 5

// A running function is one in Lambda, with its function of the manifest, if it is one.
type runningFunction struct {
	of       manifest.Function // without a name: not of the manifest
	name     string
	versions []publish.Function // none if it does not exist
	aliases  []publish.Alias
}

// join makes the rows of the functions of the manifest, and of the others.
func (d *Deployed) join(ctx context.Context, result *DeployedResult, all map[string][]publish.Function, documents []*sealed.Document) problem.Problems {
	functions := d.assign(result.Layer, all, documents)
	done := progress(d.Observer, StepAliases, len(functions))
	var g errgroup.Group
	g.SetLimit(aliasConcurrency)
	problems := make([]problem.Problems, len(functions))
	for i := range functions {
		g.Go(func() error {
			defer done()
			problems[i] = d.look(ctx, &functions[i])
			return nil
		})
	}
	_ = g.Wait()
	for i, one := range functions {
		if len(problems[i]) > 0 {
			return problems[i]
		}
		rows := rows(one.of, one.name, one.versions, one.aliases, result.Layer)
		switch {
		case one.of.Name.Value == "":
			result.Others = append(result.Others, attachedOnly(rows)...)
		case len(one.versions) == 0:
			result.Functions = append(result.Functions, Running{Function: one.of.Name.Value, Name: one.name})
		default:
			result.Functions = append(result.Functions, rows...)
		}
	}
	return nil
}

// assign returns the functions of the manifest in its order, and then the others. A function of another name is of the manifest
// if it has the layer and opens one of its documents, because of BUNDLE_SECRETS_FUNCTION or because there is no other document. A
// function of the manifest without any function in Lambda has no versions.
func (d *Deployed) assign(layer string, all map[string][]publish.Function, documents []*sealed.Document) []runningFunction {
	ours, opens := map[string]bool{}, map[string][]string{}
	for _, fn := range d.Manifest.Functions {
		ours[fn.File()] = true
	}
	names := slices.Sorted(maps.Keys(all))
	names = slices.DeleteFunc(names, func(name string) bool { return len(all[name]) == 0 })
	replica := func(name string) bool { return all[name][0].Master != "" }
	for _, name := range names {
		if ours[name] || replica(name) {
			continue
		}
		for _, v := range all[name] {
			if len(versionsOf(v, layer)) == 0 {
				continue
			}
			if doc := opened(documents, name, v.Settings); doc != nil {
				opens[doc.Header.Function] = append(opens[doc.Header.Function], name)
				break
			}
		}
	}
	var functions []runningFunction
	taken := map[string]bool{}
	for _, fn := range d.Manifest.Functions {
		of := opens[fn.Name.Value]
		if exists := len(all[fn.File()]) > 0 && !replica(fn.File()); exists || len(of) == 0 {
			one := runningFunction{of: fn, name: fn.File()}
			if exists {
				one.versions, taken[one.name] = all[one.name], true
			}
			functions = append(functions, one)
		}
		for _, name := range of {
			taken[name] = true
			functions = append(functions, runningFunction{of: fn, name: name, versions: all[name]})
		}
	}
	for _, name := range names {
		if !taken[name] {
			functions = append(functions, runningFunction{name: name, versions: all[name]})
		}
	}
	return functions
}

// look asks for the aliases of a function of the manifest, and for the version that an unqualified call of any function on Managed
// Instances runs, if it is not in the list: https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html
func (d *Deployed) look(ctx context.Context, one *runningFunction) problem.Problems {
	is := func(version string) int {
		return slices.IndexFunc(one.versions, func(v publish.Function) bool { return v.Version == version })
	}
	if latest := is(publish.Latest); latest >= 0 && one.versions[latest].Managed && is(publish.LatestPublished) < 0 {
		published, err := d.Functions.Published(ctx, one.name)
		if err != nil {
			return problem.Problems{functionsProblem("function "+one.name, "Function "+one.name, err, "lambda:GetFunctionConfiguration", "")}
		}
		one.versions = slices.Concat(one.versions, published)
	}
	if one.of.Name.Value == "" || len(one.versions) == 0 {
		return nil
	}
	var err error
	if one.aliases, err = d.Functions.Aliases(ctx, one.name); err != nil {
		return problem.Problems{functionsProblem("function "+one.name, "Function "+one.name, err, "lambda:ListAliases", "")}
	}
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
		one := Running{
			Function: fn.Name.Value, Name: name, Qualifier: qualifier, Versions: []string{version}, Weight: weight,
			Master: at[version].Master, Settings: at[version].Settings,
		}
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
