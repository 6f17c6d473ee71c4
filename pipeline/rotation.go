package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// A Rotation finds out how far the rotation of one secret is in an environment and region: what of the way from a new value in
// Parameter Store or Secrets Manager to old layers that nobody can open is done. It changes nothing, and keeps no state: AWS knows it all.
type Rotation struct {
	Scope    // with all functions of the environment
	Secret   string
	Function string // only of this function in the manifest; "" for every function that has the secret

	Status Status  // Caller, Parameters and Layers; the rest is set here
	Revoke *Revoke // how it is found out what opens; it is not applied
	Prune  Prune   // Layers, Functions, Pointer and what to keep; it does not delete

	Openings Openings // asked once every function has the new value
}

// A RotationState is how far a rotation is.
type RotationState struct {
	Functions  []string           // in the manifest, that have the secret
	Parameters []RotatedParameter // by function
	Layers     []string           // ARNs of the newest versions

	Behind []Use            // ways to call a function that gets an older value than the newest version of the layer has
	Unsure []Use            // ways to call a function of which it is not known what it gets
	Shut   []DocumentState  // documents of the newest layers that do not open, because a revocation does not list them
	Open   []DocumentState  // documents with an older value that open
	Soak   []LastOpening    // of the documents in Open
	Beyond problem.Problems // why it is not known what else opens
	Waste  []PrunedVersion  // versions of layers with an older value that nothing needs
}

// A RotatedParameter is the parameter, or the secret of Secrets Manager, of the secret in one
// function.
type RotatedParameter struct {
	Function  string
	Published sealed.Source // in the newest version of the layer
	Now       sealed.Source // zero if there is none
	Secret    *LayerSecret  // what Secrets Manager says of it; nil for a parameter, and if it is gone
	Command   string        // that puts a new version into Secrets Manager, or rotates it; "" for a parameter
}

// Name returns the name of the parameter or secret.
func (p *RotatedParameter) Name() string {
	return cmp.Or(arn.ParameterName(p.Published.ARN), arn.SecretName(p.Published.ARN))
}

// RotatedBy says what puts new versions of the secret, and when next; "" if people do.
func (p *RotatedParameter) RotatedBy() string {
	if p.Secret == nil {
		return ""
	}
	return changedBy(p.Secret.Description)
}

// command returns the command that puts a new version into Secrets Manager, or lets it rotate
// the secret. A replica is read-only, so the command is for the region of the primary secret.
func (p *RotatedParameter) command(s *Scope, bind *binding) string {
	region := s.Region
	if p.Secret != nil {
		region = cmp.Or(p.Secret.Primary, region)
	}
	if p.RotatedBy() != "" {
		return inSecretsManager("rotate-secret", region, bind.ref.Name)
	}
	return s.putsSecret(region, bind)
}

func (p *RotatedParameter) changed() bool {
	return p.Now.Version != p.Published.Version || p.Now.ID != p.Published.ID
}

// Begun reports whether there is an older value anywhere: a layer without the newest value, or an older layer that a function
// has, that opens, or one to delete.
func (s *RotationState) Begun() bool {
	return s.Unbuilt() || len(s.Behind)+len(s.Open)+len(s.Waste) > 0
}

// Unbuilt reports whether a newest layer has another value than its parameter or secret of Secrets Manager.
func (s *RotationState) Unbuilt() bool {
	return slices.ContainsFunc(s.Parameters, func(p RotatedParameter) bool { return p.changed() })
}

// Run looks.
func (r *Rotation) Run(ctx context.Context) (*RotationState, problem.Problems) {
	chosen := Put{Scope: r.Scope, rotates: true}
	if problems := chosen.Choose([]Named{{Name: r.Secret}}, r.Function); len(problems) > 0 {
		return nil, problems
	}
	state := &RotationState{}
	var functions []manifest.Function
	for _, fn := range r.Manifest.Functions {
		if slices.Contains(r.Secrets(fn.Name.Value), r.Secret) && (r.Function == "" || fn.Name.Value == r.Function) {
			functions = append(functions, fn)
			state.Functions = append(state.Functions, fn.Name.Value)
		}
	}
	account := asked(r.Caller)
	r.Caller, r.Status.Caller, r.Revoke.Caller = account, account, account
	layers := map[string]*manifest.Manifest{}
	for _, fn := range functions {
		m := ofLayer(r.Manifest, fn)
		layers[m.Bundle.Layer.Value] = m
	}
	newest := map[string]*StatusResult{}
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		var problems problem.Problems
		if newest[name], problems = r.newest(ctx, layers[name]); len(problems) > 0 {
			return nil, problems
		}
	}
	for _, fn := range functions {
		if problems := r.compare(state, fn, newest[ofLayer(r.Manifest, fn).Bundle.Layer.Value], chosen.rotating); len(problems) > 0 {
			return nil, problems
		}
	}
	found, problems := r.Revoke.Plan(ctx)
	if found == nil {
		return nil, problems
	}
	current := r.opens(state, found)
	if problems := r.soak(ctx, state); len(problems) > 0 {
		return nil, problems
	}
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		if problems := r.waste(ctx, state, layers[name], current); len(problems) > 0 {
			return nil, problems
		}
	}
	return state, nil
}

// ofLayer returns the manifest of the layer that a function is in, whose name is "" if the manifest has none.
func ofLayer(m *manifest.Manifest, fn manifest.Function) *manifest.Manifest {
	if m.Bundle.Layer.Value != "" {
		return m
	}
	return m.Of(fn)
}

// asked returns a function that asks for the account of the credentials once.
func asked(ask func(context.Context) (string, error)) func(context.Context) (string, error) {
	account := ""
	return func(ctx context.Context) (_ string, err error) {
		if account == "" {
			account, err = ask(ctx)
		}
		return account, err
	}
}

// newest compares the newest version of a layer with Parameter Store and Secrets Manager.
func (r *Rotation) newest(ctx context.Context, m *manifest.Manifest) (*StatusResult, problem.Problems) {
	if m.Bundle.Layer.Value == "" {
		return nil, problem.Problems{problem.New(problem.Manifest, &m.Bundle.Range, "No layer name",
			"The manifest has no name that the layer is published under, so it cannot be known what functions have. Write layer = \"NAME\" into the bundle block.")}
	}
	status := r.Status
	status.Manifest, status.Observer, status.Published = m, r.Observer, &publish.Ref{Layer: m.Bundle.Layer.Value}
	status.Missing = ", or build and publish the first one: there is no older value to rotate"
	return status.Run(ctx)
}

// compare finds the secret in the function's document of the newest version of its layer.
func (r *Rotation) compare(state *RotationState, fn manifest.Function, found *StatusResult, secret *binding) problem.Problems {
	if !slices.Contains(state.Layers, found.Name) {
		state.Layers = append(state.Layers, found.Name)
	}
	i := slices.IndexFunc(found.Changes, func(c plan.Change) bool { return c.Name == fn.File() })
	if i < 0 || found.Changes[i].Previous == nil {
		return refused(problem.Integrity, "Function not in the layer", "Layer %s has no document for function %q. Build and publish it first.", found.Name, fn.Name.Value)
	}
	before, had := found.Changes[i].Previous.Header.Source(r.Secret)
	if !had {
		return refused(problem.Integrity, "Secret not in the layer", "The document of function %q in layer %s does not have %s yet, so there is no older value. Build and publish it first.",
			fn.Name.Value, found.Name, r.Secret)
	}
	p := RotatedParameter{Function: fn.Name.Value, Published: before}
	p.Now, _ = found.Changes[i].Want.Header.Source(r.Secret)
	if k := slices.IndexFunc(found.Secrets, func(s LayerSecret) bool { return s.ARN == before.ARN }); k >= 0 {
		p.Secret = &found.Secrets[k]
	}
	if secret != nil {
		p.Command = p.command(&r.Scope, secret)
	}
	state.Parameters = append(state.Parameters, p)
	return nil
}

// older reports whether a document of one of the functions has another value of the secret than the newest version of its
// layer, and false for documents of others.
func (s *RotationState) older(d *sealed.Document, secret string) bool {
	i := slices.IndexFunc(s.Parameters, func(p RotatedParameter) bool { return p.Function == d.Header.Function })
	if i < 0 {
		return false
	}
	source, has := d.Header.Source(secret)
	published := s.Parameters[i].Published
	return has && (source.Version != published.Version || source.ID != published.ID || !sameSource(source.ARN, published.ARN))
}

// sameSource reports whether two ARNs are those of one parameter, or of one secret of Secrets
// Manager, which has another ARN after it was created again.
func sameSource(a, b string) bool {
	return arn.ParameterName(a) == arn.ParameterName(b) && arn.SecretName(a) == arn.SecretName(b)
}

// opens finds out which older documents open, and which are in use. It returns the layers that are known to have no older value.
func (r *Rotation) opens(state *RotationState, found *Revocation) (current map[string]bool) {
	older := map[string]bool{} // by digest
	current = map[string]bool{}
	for _, d := range found.Documents {
		if d.After && !d.Before && slices.Contains(state.Functions, d.Function) {
			state.Shut = append(state.Shut, d)
		}
		if !state.older(d.document, r.Secret) {
			for _, layer := range d.Of {
				if _, listed := current[layer]; !listed {
					current[layer] = true
				}
			}
			continue
		}
		for _, layer := range d.Of {
			current[layer] = false
		}
		older[d.Digest] = true
		if d.Before && !d.Elsewhere {
			state.Open = append(state.Open, d)
		}
	}
	for _, u := range found.Uses {
		switch ours := slices.Contains(state.Functions, u.Function); {
		case u.Qualifier == "": // nobody calls it without naming a number
		case u.Function != "" && !ours:
		case slices.ContainsFunc(u.Digest, func(d string) bool { return older[d] }):
			state.Behind = append(state.Behind, u)
		case ours && (u.Why != "" || len(u.Versions) == 0):
			state.Unsure = append(state.Unsure, u)
		}
	}
	state.Beyond = found.Unreached
	return current
}

// waste finds the versions of a layer with an older value that nothing keeps.
func (r *Rotation) waste(ctx context.Context, state *RotationState, m *manifest.Manifest, current map[string]bool) problem.Problems {
	prune := r.Prune
	prune.Scope = r.Scope
	prune.Manifest = m
	prune.Delete = false
	found, problems := prune.Run(ctx)
	if len(problems) > 0 {
		return problems
	}
	for _, i := range found.waste() {
		v := found.Versions[i]
		if !current[v.ARN] && !slices.ContainsFunc(state.Waste, func(known PrunedVersion) bool { return known.ARN == v.ARN }) {
			state.Waste = append(state.Waste, v)
		}
	}
	slices.SortFunc(state.Waste, func(a, b PrunedVersion) int {
		return cmp.Or(strings.Compare(a.ARN[:strings.LastIndexByte(a.ARN, ':')], b.ARN[:strings.LastIndexByte(b.ARN, ':')]), cmp.Compare(a.Number, b.Number))
	})
	return nil
}

// soak finds out when the older documents were last opened, once no function needs them.
func (r *Rotation) soak(ctx context.Context, state *RotationState) (problems problem.Problems) {
	if state.Unbuilt() || len(state.Shut)+len(state.Behind) > 0 {
		return nil
	}
	state.Soak, problems = lastOpenings(ctx, r.Openings, state.Open, func(d DocumentState) time.Time {
		i := slices.IndexFunc(state.Parameters, func(p RotatedParameter) bool { return p.Function == d.Function })
		return state.Parameters[i].Now.Modified
	})
	return problems
}
