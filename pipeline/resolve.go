package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// Descriptions describes how parameters are stored. [param.Source] implements it.
type Descriptions interface {
	Describe(ctx context.Context, names, paths []string) ([]param.Description, error)
}

// A Resolve resolves the manifest's references to keys and parameters to the ARNs
// that policies need.
type Resolve struct {
	Scope
	Keys       KeyDescriber
	Parameters Descriptions
	Secrets    SecretDescriptions
	Listed     SecretNames // for Beyond
}

// NamedKeys are references to the keys that parameters and secrets of Secrets Manager are
// encrypted with. Those that are not named are looked up.
type NamedKeys struct{ Parameters, Secrets []string }

// Setting fills in the keys that policies of a kind need: those of the functions
// and, for a role that builds, those that parameters and secrets are stored under. These
// are the named ones, or else what Parameter Store and Secrets Manager return.
func (r *Resolve) Setting(ctx context.Context, s *policy.Setting, kind string, named NamedKeys) problem.Problems {
	keys, problems := r.FunctionKeys(ctx)
	if len(problems) > 0 {
		return problems
	}
	s.Keys = make(map[string]string, len(keys))
	for name, key := range keys {
		s.Keys[name] = key.ARN
	}
	switch kind {
	case policy.KindFunction, policy.KindKey, policy.KindRollout, policy.KindPrune, policy.KindRevoke, policy.KindAudit:
		return nil // these policies are not about parameters
	}
	looks := kind == policy.KindPlan || kind == policy.KindDeployed
	problems = r.parameterKeys(ctx, s, named.Parameters, !looks, kind != policy.KindPut)
	if looks || kind == policy.KindPut { // these policies do not open secrets
		return problems
	}
	return append(problems, r.secretKeys(ctx, s, named.Secrets)...)
}

// parameterKeys fills in the keys that parameters are stored under. If none are named, it
// looks up, if it may, what Parameter Store returns. If not all parameters have to exist,
// it leaves out those that do not.
func (r *Resolve) parameterKeys(ctx context.Context, s *policy.Setting, named []string, lookUp, all bool) problem.Problems {
	var refs []string
	for _, key := range r.Manifest.Environment.ParameterKeys {
		refs = append(refs, key.Value)
	}
	keys, problems := r.ordered(ctx, refs, keysOfParameters)
	if len(problems) > 0 {
		return problems
	}
	s.BlindKeys = keys
	if len(named) > 0 {
		if keys, problems = r.ordered(ctx, named, keysOfParameters); len(problems) == 0 {
			s.ParameterKeys = keys
		}
		return problems
	}
	packed := slices.ContainsFunc(r.Manifest.Functions, func(fn manifest.Function) bool { return !fn.Blind.Value })
	if !lookUp || len(s.BlindKeys) > 0 && !packed {
		return nil
	}
	stored, problems := r.stored(ctx, all)
	for _, p := range stored {
		s.Parameters = append(s.Parameters, policy.Parameter(p))
	}
	return problems
}

// ordered resolves references to keys, in their order.
func (r *Resolve) ordered(ctx context.Context, refs []string, of encrypted) ([]string, problem.Problems) {
	found, problems := r.KeyARNs(ctx, refs, of)
	var arns []string
	for _, ref := range refs {
		arns = append(arns, found[ref])
	}
	return arns, problems
}

// FunctionKeys checks the caller and every key as the preflight of a build does,
// and returns the key of each function by its name.
func (r *Resolve) FunctionKeys(ctx context.Context) (map[string]seal.Key, problem.Problems) {
	bound, problems := r.bind()
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	admitted, problems := bound.preflight(ctx, r.Keys)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	return admitted.keys(), nil
}

// A StoredParameter is a parameter that the manifest names or imports, with the key
// that it is stored under.
type StoredParameter struct {
	Name string
	Key  string // ARN; "" if the parameter is not encrypted

	Advanced bool // it is of the advanced tier
}

// StoredParameters returns the keys that the manifest's parameters are stored under
// now. An older version that a reference names may be stored under another key.
func (r *Resolve) StoredParameters(ctx context.Context) ([]StoredParameter, problem.Problems) {
	return r.stored(ctx, true)
}

// stored is StoredParameters. If not all have to exist, it leaves out those that do not.
func (r *Resolve) stored(ctx context.Context, all bool) ([]StoredParameter, problem.Problems) {
	bound, problems := r.bind()
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	var names, paths []string
	for _, run := range bound.functions {
		for _, bind := range run.bindings {
			if bind.ref.Store == secret.ParameterStore {
				names = append(names, bind.ref.Name)
			}
		}
		for _, im := range run.fn.Imports {
			paths = append(paths, im.Path.Value)
		}
	}
	if len(names)+len(paths) == 0 {
		return nil, nil
	}
	found, err := r.Parameters.Describe(ctx, names, paths)
	if err != nil {
		return nil, problem.Problems{describeProblem(err, "which a build does not need, or list the keys of the parameters with --parameter-key.")}
	}
	if all {
		problems = bound.undescribed(found)
	}
	var refs []string
	for _, p := range found {
		if p.Key != "" {
			refs = append(refs, p.Key)
		}
	}
	keys, wrong := r.KeyARNs(ctx, refs, keysOfParameters)
	if problems = append(problems, wrong...); len(problems) > 0 {
		return nil, problems.Sort()
	}
	stored := make([]StoredParameter, len(found))
	for i, p := range found {
		stored[i] = StoredParameter{p.Name, keys[p.Key], p.Tier == param.Advanced}
	}
	return stored, nil
}

// undescribed reports the parameters whose key is not known because they do not
// exist yet.
func (b bound) undescribed(found []param.Description) problem.Problems {
	const remedy = "so its key is not known. Put it first, or name its key with --parameter-key."
	var problems problem.Problems
	for _, run := range b.functions {
		for _, bind := range run.bindings {
			if bind.ref.Store != secret.ParameterStore || bind.optional {
				continue
			}
			if !slices.ContainsFunc(found, func(d param.Description) bool { return d.Name == bind.ref.Name }) {
				problems = append(problems, problem.New(problem.Missing, bind.at, "Parameter not found",
					fmt.Sprintf("Parameter %q does not exist, %s", bind.ref.Bare(), remedy)))
			}
		}
		for _, im := range run.fn.Imports {
			below := strings.TrimSuffix(im.Path.Value, "/") + "/"
			if !slices.ContainsFunc(found, func(d param.Description) bool { return strings.HasPrefix(d.Name, below) }) {
				problems = append(problems, problem.New(problem.Missing, &im.Range, "No parameters below the path", fmt.Sprintf("There are no parameters below %q, %s",
					im.Path.Value, remedy)))
			}
		}
	}
	return problems
}

// encrypted is what keys are of: parameters or secrets of Secrets Manager.
type encrypted struct{ what, verb, flag string }

var (
	keysOfParameters = encrypted{"parameters", "Put the parameters again with a key", "--parameter-key"}
	keysOfSecrets    = encrypted{"secrets", "Give the secrets a key", "--secret-key"}
)

// KeyARNs resolves references to keys that parameters or secrets are encrypted with. That
// of no key is none.
func (r *Resolve) KeyARNs(ctx context.Context, refs []string, of encrypted) (map[string]string, problem.Problems) {
	arns := make(map[string]string)
	var problems problem.Problems
	for _, ref := range slices.Compact(slices.Sorted(slices.Values(refs))) {
		if ref == "" {
			continue
		}
		key, err := r.Keys.Describe(ctx, ref)
		if err != nil {
			problems = append(problems, sourceKeyProblem(ref, of, err))
		}
		arns[ref] = key.ARN
	}
	return arns, problems
}

func sourceKeyProblem(ref string, of encrypted, err error) problem.Problem {
	return problem.FromAWS(err, problem.Resource{
		Name: fmt.Sprintf("key %q", ref), Lead: fmt.Sprintf("Key %q of the %s", ref, of.what),
		Rights: []string{"kms:DescribeKey"}, On: "it", Absent: of.verb + " that exists, or correct " + of.flag,
		Or: ", or pass the ARN of the key with " + of.flag,
	}, nil)
}
