package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/rollout"
)

// Revocations tells whether the policy of a key revokes a document. [doctor.Doctor] implements it.
type Revocations interface {
	Revocation(ctx context.Context, keyARN, digest string) (doctor.Revocation, string)
}

// A Rollout moves the deployed functions of a manifest to a version of their published layer, or their aliases back from it.
type Rollout struct {
	Scope
	Layers  Layers // also of others, which functions have beside; with a pace for Lambda's control plane
	Revoked Revocations

	Names   []string        // of functions in the manifest; none for all
	Version int64           // of the layer; 0 for the newest
	How     rollout.Rollout // its Layers, Older and Progress are set here
}

// A RolloutPlan is what a Rollout is going to do. Its rows are in the order of Functions.
type RolloutPlan struct {
	*rollout.Plan
	Functions []manifest.Function
	Layers    []publish.Ref // that functions get, or their aliases leave; one for each layer of the manifest
	Warnings  problem.Problems

	r      *Rollout
	docs   []map[*sealed.Document]bool // that the functions may open, in their order
	layers []publish.Ref               // of the functions, without versions
	before before
}

// before are the documents of versions of layers that aliases go back to, each downloaded once.
type before struct {
	mu     sync.Mutex
	known  map[publish.Ref][]*sealed.Document
	unread []string // why versions could not be read
}

// documents returns none if the version cannot be read. That does not keep an alias from going back: a version of a layer that was deleted
// works.
func (b *before) documents(ctx context.Context, layers Layers, ref publish.Ref) []*sealed.Document {
	b.mu.Lock()
	defer b.mu.Unlock()
	docs, known := b.known[ref]
	if known {
		return docs
	}
	v, err := layers.Find(ctx, ref)
	var content []byte
	if err == nil {
		content, err = layers.Download(ctx, v)
	}
	var layer *layerbuild.Layer
	if err == nil {
		layer, err = layerbuild.Read(content)
	}
	if err == nil {
		docs = layer.Documents
	} else {
		b.unread = append(b.unread, fmt.Sprintf("%s: %v", ref, err))
	}
	if b.known == nil {
		b.known = map[publish.Ref][]*sealed.Document{}
	}
	b.known[ref] = docs
	return docs
}

// Plan looks, and changes nothing. If it has problems, the plan must not be applied; it is nil if it did not come so far.
//
// It finds and downloads the version of each layer, looks at every function as [rollout.Rollout.Plan] does, and reads the key policies of
// the documents that functions are going to open.
func (r *Rollout) Plan(ctx context.Context) (*RolloutPlan, problem.Problems) {
	p := &RolloutPlan{r: r}
	for _, fn := range r.Manifest.Functions {
		if len(r.Names) == 0 || slices.Contains(r.Names, fn.Name.Value) {
			p.Functions = append(p.Functions, fn)
		}
	}
	p.docs, p.layers = make([]map[*sealed.Document]bool, len(p.Functions)), make([]publish.Ref, len(p.Functions))
	if problems := r.checkAccount(ctx); len(problems) > 0 {
		return nil, problems
	}
	wants, problems := p.wants(ctx)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	r.How.Layers, r.How.Older = r.Layers, r.Version > 0
	r.How.Progress = func(done, total int) { r.Observer.Progress(StepLook, done, total) }
	p.Plan, problems = r.How.Plan(ctx, wants)
	switch {
	case p.Plan == nil:
		return nil, problems
	case len(problems) > 0:
		return p, problems
	}
	return p, p.checkRevoked(ctx).Sort()
}

// Apply does what is planned. Progress is that of functions.
func (p *RolloutPlan) Apply(ctx context.Context) problem.Problems {
	p.r.How.Progress = func(done, total int) { p.r.Observer.Progress(StepRollout, done, total) }
	return p.Plan.Apply(ctx)
}

// wants returns what the functions are to have.
func (p *RolloutPlan) wants(ctx context.Context) ([]rollout.Want, problem.Problems) {
	type version struct {
		ref  publish.Ref
		docs []*sealed.Document
	}
	known := map[string]version{}
	var wants []rollout.Want
	for i, fn := range p.Functions {
		name := p.r.Manifest.Bundle.Layer
		if name.Value == "" {
			name = fn.Layer
		}
		if name.Value == "" {
			return nil, problem.Problems{problem.New(problem.Manifest, &p.r.Manifest.Bundle.Range, "No layer name",
				"Write layer = \"NAME\" in the bundle block, and publish the layer under it, before it can be rolled out.")}
		}
		v, found := known[name.Value]
		if !found {
			var problems problem.Problems
			if v.ref, v.docs, problems = p.find(ctx, name); len(problems) > 0 {
				return nil, problems
			}
			known[name.Value] = v
			p.Layers = append(p.Layers, v.ref)
		}
		layer := v.ref
		layer.Version = 0
		p.docs[i], p.layers[i] = map[*sealed.Document]bool{}, layer
		want := rollout.Want{Function: fn.File(), At: &p.Functions[i].Name.Range, Layer: layer.String(), Version: v.ref.Version}
		want.Check = func(_ int64, s publish.Settings) problem.Problems { return p.check(i, v.ref, v.docs, s) }
		if p.r.How.Back {
			want.Check = func(version int64, s publish.Settings) problem.Problems {
				before := layer
				before.Version = version
				if d := opened(p.before.documents(ctx, p.r.Layers, before), fn.File(), s); d != nil {
					p.docs[i][d] = true
				}
				return nil
			}
		}
		wants = append(wants, want)
	}
	return wants, nil
}

// find finds the version of a layer, and what is needed of its documents.
func (p *RolloutPlan) find(ctx context.Context, name manifest.Text) (publish.Ref, []*sealed.Document, problem.Problems) {
	r := p.r
	done := progress(r.Observer, StepPrevious, 1)
	defer done()
	wanted := publish.Ref{Layer: name.Value, Version: r.Version}
	v, err := r.Layers.Find(ctx, wanted)
	var content []byte
	if err == nil && !r.How.Back {
		content, err = r.Layers.Download(ctx, v)
	}
	if err != nil {
		return publish.Ref{}, nil, problem.Problems{layerProblem(&name.Range, wanted.String(), err, ", or publish the layer first")}
	}
	ref, err := publish.ParseARN(v.ARN)
	if err != nil || r.How.Back {
		return ref, nil, nil
	}
	layer, err := layerbuild.Read(content)
	why := ""
	switch {
	case err != nil:
		return ref, nil, problem.Problems{problem.New(problem.Integrity, &name.Range, "Invalid layer",
			fmt.Sprintf("%s: %v. Publish the layer that bundle build wrote.", v.ARN, err))}
	case wrongAccount(layer, r.Manifest) != "":
		why = wrongAccount(layer, r.Manifest)
	case mismatch(layer, r.Manifest) != "":
		why = "is a layer " + mismatch(layer, r.Manifest)
	}
	if why != "" {
		return ref, nil, problem.Problems{problem.New(problem.Integrity, &name.Range, "Layer does not match",
			fmt.Sprintf("%s %s. %s", v.ARN, why, elsewhere(layer, r.Manifest)))}
	}
	return ref, layer.Documents, nil
}

// check refuses a function with settings with which it could not open its document in a layer.
func (p *RolloutPlan) check(i int, layer publish.Ref, docs []*sealed.Document, s publish.Settings) problem.Problems {
	fn := p.Functions[i]
	refuse := func(summary, format string, args ...any) problem.Problems {
		return problem.Problems{problem.New(problem.Integrity, &fn.Name.Range, summary, "Function "+fn.File()+": "+fmt.Sprintf(format, args...))}
	}
	d := opened(docs, fn.File(), s)
	switch {
	case s.Unread:
		return refuse("Environment variables not readable", "Lambda cannot decrypt its environment variables for these credentials, so it is not known whether BUNDLE_SECRETS_SHA256 "+
			"pins another document. Allow kms:Decrypt on the key of its variables.")
	case d == nil:
		return refuse("Layer has no document for the function", "%s has no document that it would open. Build and publish a layer with the function first.", layer)
	case s.SHA256 != "" && s.SHA256 != d.SHA256():
		return refuse("Function pins another document", "BUNDLE_SECRETS_SHA256 in its environment is %s, and its document in %s has %s, so that it would not start. "+
			"Change or remove the variable with the deployment tool first.", s.SHA256, layer, d.SHA256())
	}
	p.docs[i][d] = true
	return nil
}

// checkRevoked refuses the functions that are to be changed to a document that the policy of its key revokes. That it cannot be read is a
// warning.
func (p *RolloutPlan) checkRevoked(ctx context.Context) problem.Problems {
	var mu sync.Mutex
	var problems problem.Problems
	unclear, first := 0, ""
	w := workers.Start(rollout.AtOnce)
	for i, row := range p.Rows {
		if row.Action != rollout.Change {
			continue
		}
		for d := range p.docs[i] {
			w.Go(ctx, func() {
				is, why := p.r.Revoked.Revocation(ctx, d.Key, d.HeaderSHA256())
				mu.Lock()
				defer mu.Unlock()
				switch is {
				case doctor.Revoked:
					row.Action = rollout.Refuse
					layer := p.layers[i]
					layer.Version = row.To
					problems = append(problems, problem.New(problem.Integrity, &p.Functions[i].Name.Range, "Document is revoked", fmt.Sprintf(
						"Function %s: the policy of the key %s denies to open its document in version %d of the layer, whose bundle:document is %s. "+
							"To let it open, run bundle revoke --add --keep %s --apply first.", row.Function, d.Key, row.To, d.HeaderSHA256(), layer)))
				case doctor.Unclear:
					if unclear++; first == "" || why < first {
						first = why
					}
				}
			})
		}
	}
	w.Stop()
	if ctx.Err() != nil {
		return problem.Problems{problem.FromAWS(ctx.Err(), problem.Resource{}, nil)}
	}
	for _, why := range p.before.unread {
		p.Warnings = append(p.Warnings, problem.New(problem.Access, nil, "Revocation not checked", fmt.Sprintf(
			"Whether key policies revoke documents of the version before is not known: %s.", why)).Warning())
	}
	if unclear > 0 {
		p.Warnings = append(p.Warnings, problem.New(problem.Access, nil, "Revocation not checked", fmt.Sprintf(
			"Whether key policies revoke the documents is not known for %d functions: %s.", unclear, first)).Warning())
	}
	return problems
}
