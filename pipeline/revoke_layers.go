package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// mostVersions is how many of a layer's versions are downloaded to tell what else is shut out, besides those that are kept and
// those that functions have.
const mostVersions = 10

// A layerOf is a published layer of functions of the environment.
type layerOf struct {
	arn      string // without a version
	manifest *manifest.Manifest
	versions []int64 // that exist, the newest first
}

// published returns the layers of the functions: one, or one for each function.
func (p *revoking) published(ctx context.Context) ([]layerOf, problem.Problems) {
	var all []layerOf
	partition, _ := arn.Parse(p.setting.Keys[p.functions[0].Name.Value])
	for _, fn := range p.functions {
		m := ofLayer(p.Manifest, fn)
		name := m.Bundle.Layer.Value
		if name == "" {
			return nil, problem.Problems{problem.New(problem.Manifest, &fn.Name.Range, "No layer name",
				"The manifest has no name that the layer is published under, so it cannot be known what deployed functions have. Write layer into the bundle block.")}
		}
		layer := arn.ARN{Partition: partition.Partition, Service: "lambda", Region: p.Region, Account: p.Account, Resource: "layer:" + name}
		l := layerOf{arn: layer.String(), manifest: m}
		if slices.ContainsFunc(all, func(other layerOf) bool { return other.arn == l.arn }) {
			continue
		}
		exist, err := p.Layers(p.Region).Numbers(ctx, name)
		if err != nil && !errors.Is(err, publish.ErrNoLayer) {
			return nil, problem.Problems{layerProblem(nil, name, err, "")}
		}
		l.versions = slices.Sorted(maps.Keys(exist))
		slices.Reverse(l.versions)
		all = append(all, l)
	}
	return all, nil
}

// lookAtLayers finds what is kept and what functions have, and the documents of both and of the newest versions.
func (p *revoking) lookAtLayers(ctx context.Context) (map[string][]Running, problem.Problems) {
	layers, problems := p.published(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	if problems := p.keep(ctx, layers); len(problems) > 0 {
		return nil, problems
	}
	running, problems := p.running(ctx, layers)
	if len(problems) > 0 {
		return nil, problems
	}
	for _, l := range layers {
		wanted := slices.Clone(l.versions[:min(len(l.versions), mostVersions)])
		for _, one := range running[l.arn] {
			if one.Attached > 0 && !one.Deleted && (one.Qualifier != "" || one.Function == "") {
				wanted = append(wanted, one.Attached)
			}
		}
		slices.Sort(wanted)
		for _, number := range slices.Backward(slices.Compact(wanted)) {
			if _, problems := p.version(ctx, p.Region, publish.Ref{Layer: l.arn, Version: number}); len(problems) > 0 {
				return nil, problems
			}
		}
	}
	return running, nil
}

// version returns a version of a layer, which is downloaded once. Its documents are none if it is no layer of bundle.
func (p *revoking) version(ctx context.Context, region string, ref publish.Ref) (known, problem.Problems) {
	if i := slices.IndexFunc(p.known, func(l known) bool { return l.name == ref.String() }); i >= 0 && ref.Version > 0 {
		return p.known[i], nil
	}
	done := progress(p.Observer, StepPrevious, 1)
	defer done()
	from := p.Layers(region)
	v, err := from.Find(ctx, ref)
	var content []byte
	if err == nil {
		content, err = from.Download(ctx, v)
	}
	if err != nil {
		return known{}, problem.Problems{layerProblem(nil, ref.String(), err, "")}
	}
	found := known{name: v.ARN}
	if layer, err := layerbuild.Read(content); err == nil {
		found.documents = layer.Documents
	}
	p.known = append(p.known, found)
	return found, nil
}

// keep finds the layers that are kept.
func (p *revoking) keep(ctx context.Context, layers []layerOf) problem.Problems {
	keep := p.Keep
	if len(keep) == 0 {
		for _, l := range layers {
			if len(l.versions) == 0 {
				return refused(problem.Integrity, "Layer not found", "No version of layer %s is published, so there is nothing to keep. Publish one with bundle publish, or name a file with --keep.", l.arn)
			}
			keep = append(keep, ToKeep{Ref: &publish.Ref{Layer: l.arn, Version: l.versions[0]}})
		}
	}
	for _, one := range keep {
		found := known{one.Path, one.Documents}
		if one.Ref != nil {
			ref := *one.Ref
			if ref.Layer == "" {
				if len(layers) > 1 {
					return refused(problem.Manifest, "Several layers", "Each function has its own layer, so %d does not say which version is meant. Name versions by their ARNs with --keep.", ref.Version)
				}
				ref.Layer = layers[0].arn
			}
			if account := arn.Account(ref.Layer); account != p.Account {
				return refused(problem.Manifest, "Layer of another account", "Layer %s is in account %s, and this environment in %s. Download it, and keep the file.", ref, account, p.Account)
			}
			var problems problem.Problems
			if found, problems = p.version(ctx, cmp.Or(ref.Region, p.Region), ref); len(problems) > 0 {
				return problems
			}
		}
		if problems := p.checkKept(found); len(problems) > 0 {
			return problems
		}
		p.kept = append(p.kept, found)
		p.result.Kept = append(p.result.Kept, found.name)
	}
	for _, fn := range p.functions {
		if !p.Add && !slices.ContainsFunc(p.kept, func(l known) bool { return l.has(p, fn.Name.Value) }) {
			return refused(problem.Integrity, "Function would open nothing", "No layer that is kept has a document of function %q, which uses key %s: it could open none. Name its layer as well with --keep.",
				fn.Name.Value, p.setting.Keys[fn.Name.Value])
		}
	}
	return nil
}

// has reports whether the layer has a document of a function.
func (l known) has(p *revoking, function string) bool {
	for _, d := range l.documents {
		if p.ours(d) && d.Header.Function == function {
			return true
		}
	}
	return false
}

// checkKept refuses a layer without a document under one of the keys, and one with a document of a function under another.
func (p *revoking) checkKept(l known) problem.Problems {
	found := false
	for _, d := range l.documents {
		if p.ours(d) && !isRelative(d.Key, p.setting.Keys[d.Header.Function]) {
			return refused(problem.Integrity, "Document under another key", "The document of function %q in layer %s is under key %s, and the function's key is %s now. Build the layer again, or keep another one.",
				d.Header.Function, l.name, d.Key, p.setting.Keys[d.Header.Function])
		}
		found = found || p.underOurs(d.Key)
	}
	if !found {
		return refused(problem.Integrity, "Layer does not match", "Layer %s has no document under a key of these functions. It has %s. Keep a layer of environment %q.",
			l.name, contained(l.documents), p.Manifest.Environment.Name.Value)
	}
	return nil
}

// underOurs reports whether a key is that of one of the functions, or a relative.
func (p *revoking) underOurs(key string) bool {
	return slices.ContainsFunc(p.functions, func(fn manifest.Function) bool { return isRelative(key, p.setting.Keys[fn.Name.Value]) })
}

// running finds which versions of the layers functions have.
func (p *revoking) running(ctx context.Context, layers []layerOf) (map[string][]Running, problem.Problems) {
	d := &Deployed{Status: Status{Manifest: p.Manifest, Observer: p.Observer}, Functions: p.Functions, FunctionsOnly: p.FunctionsOnly}
	all, problems := d.list(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	running := map[string][]Running{}
	for _, l := range layers {
		d.Manifest = l.manifest
		var newest known
		if len(l.versions) > 0 {
			if newest, problems = p.version(ctx, p.Region, publish.Ref{Layer: l.arn, Version: l.versions[0]}); len(problems) > 0 {
				return nil, problems
			}
		}
		found := &DeployedResult{Layer: l.arn}
		if problems := d.join(ctx, found, all, newest.documents); len(problems) > 0 {
			return nil, problems
		}
		rows := slices.Concat(found.Functions, found.Others)
		for i, one := range rows {
			rows[i].Deleted = one.Attached != 0 && !slices.Contains(l.versions, one.Attached)
		}
		running[l.arn] = rows
	}
	return running, nil
}

// checkUses lists what functions have, and refuses to shut out what they need.
func (p *revoking) checkUses(running map[string][]Running) {
	for _, layer := range slices.Sorted(maps.Keys(running)) {
		for _, one := range running[layer] {
			if one.Function != "" && !slices.ContainsFunc(p.functions, func(fn manifest.Function) bool { return fn.Name.Value == one.Function }) {
				continue
			}
			p.use(layer, one)
		}
	}
}

func (p *revoking) use(layer string, one Running) {
	u := Use{Running: one}
	if one.Attached == 0 {
		if len(one.Versions) > 0 {
			u.Why = "it does not have the layer, and may open a document that came in another way"
		}
		p.result.Uses = append(p.result.Uses, u)
		return
	}
	u.Layer = publish.Ref{Layer: layer, Version: one.Attached}.String()
	i := slices.IndexFunc(p.known, func(l known) bool { return l.name == u.Layer })
	switch {
	case one.Deleted:
		u.Why = "the version of the layer is deleted, so its documents are not known"
	case i < 0:
		u.Why = "the version of the layer was not looked at"
	default:
		u.Open = true
		documents := p.known[i].documents
		if d := opened(documents, one.Name, one.Settings); d != nil {
			documents = []*sealed.Document{d}
		} // otherwise, it may open any of them
		for _, d := range documents {
			if !p.ours(d) {
				continue
			}
			u.Digest = append(u.Digest, d.HeaderSHA256())
			u.Open = u.Open && p.state(d).After
		}
	}
	// Other functions may have aliases, which are not looked at.
	u.Blocks = !u.Open && (one.Qualifier != "" || one.Function == "")
	p.result.Uses = append(p.result.Uses, u)
	if !u.Blocks || p.InUse || p.Add {
		return
	}
	needs := "needs a document of layer version " + u.Layer + ", which would be shut out"
	if u.Why != "" {
		needs = "has layer version " + u.Layer + ": " + u.Why
	}
	way := fmt.Sprintf("Deploy a version that is kept, or keep this one as well (--keep %d,…)", one.Attached)
	if one.Deleted {
		way = "Deploy a version that is kept"
	}
	p.refuse(problem.Integrity, "Still in use", "Function %s, %s, %s. %s. To shut it out nevertheless, so that it fails at its next cold start, pass --allow-in-use.",
		one.Name, one.where(), needs, way)
}

// where says how the function is called.
func (r Running) where() string {
	switch {
	case r.Qualifier == "":
		return fmt.Sprintf("versions %v", r.Versions)
	case r.Qualifier == publish.Latest, r.Qualifier == publish.LatestPublished:
		return r.Qualifier
	}
	return fmt.Sprintf("alias %s (version %s)", r.Qualifier, r.Versions[0])
}
