package pipeline

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// A PlanOffline compares the manifest with the previous layer without any call. It
// assumes that whatever only AWS knows is unchanged: versions of parameters, keys
// of aliases, which optional parameters exist, and what is below a path. For a new
// parameter or key, the name takes the place of the ARN.
type PlanOffline struct {
	Scope    // without a caller or an observer
	Previous Previous

	Reseal        bool // as in Build
	AllowRollback bool // as in Build
	RequireBlind  bool // as in Build
}

// Run plans. It returns a result or every problem that it found, never both.
func (p *PlanOffline) Run() (*Result, problem.Problems) {
	bound, problems := p.bind()
	if problems = append(problems, bound.requireBlind(p.RequireBlind)...); len(problems) > 0 {
		return nil, problems.Sort()
	}
	previous := p.Previous
	if previous.wanted != nil {
		previous = Previous{From: "first build: " + previous.file + "; offline, published layers are not looked up", sha256: previous.sha256}
		if problems := previous.missed(); len(problems) > 0 {
			return nil, problems
		}
	}
	assumed := bound.assume(previous)
	if problems := assumed.checkBlind(); len(problems) > 0 {
		return nil, problems.Sort()
	}
	compared := assumed.compare(previous, p.Reseal)
	if problems := compared.rollbacks(p.AllowRollback); len(problems) > 0 {
		return nil, problems.Sort()
	}
	result := compared.result()
	return &result, nil
}

// assume assumes that whatever only AWS knows is as in the previous layer.
func (b bound) assume(previous Previous) versioned {
	for _, run := range b.functions {
		var old *sealed.Document
		if previous.Layer != nil {
			old, _ = previous.Layer.Document(run.fn.File())
		}
		run.assume(old, b.Manifest.Environment.AccountID.Value)
		run.sort()
	}
	return versioned{listed{admitted: admitted{bound: b}}}
}

// assume fills in what is not known from the function's document in the previous
// layer, which may be nil. account is the environment's, or "" for an embedded AWS.
func (run *functionRun) assume(old *sealed.Document, account string) {
	run.key.ARN = run.fn.Key.Value
	if old == nil {
		for _, bind := range run.bindings {
			bind.assume(sealed.Source{})
		}
		return
	}
	if sameKey(run.fn.Key.Value, old.Key, account) {
		run.key.ARN = old.Key
	}
	for _, s := range old.Header.Sources {
		for _, im := range run.fn.Imports {
			if imports(im, s) && !slices.ContainsFunc(run.bindings, func(bind *binding) bool { return bind.name == s.Secret }) {
				run.bindings = append(run.bindings, &binding{
					name: s.Secret, ref: secret.Ref{Name: arn.ParameterName(s.ARN)}, encoding: secret.Text, at: &im.Range, imported: true,
				})
			}
		}
	}
	run.bindings = slices.DeleteFunc(run.bindings, func(bind *binding) bool {
		s, ok := old.Header.Source(bind.name)
		bind.assume(s)
		return !ok && bind.optional
	})
}

// assume assumes that the version in the previous document is still the newest,
// unless the manifest names another.
func (bind *binding) assume(s sealed.Source) {
	if bind.ref.Store == secret.SecretsManager {
		bind.assumeSecret(s)
		return
	}
	bind.version = secret.Version{ARN: bind.ref.Name, Number: s.Version, Modified: s.Modified}
	if s.ARN != "" && arn.ParameterName(s.ARN) == bind.ref.Name {
		bind.version.ARN = s.ARN
	}
	if n, err := strconv.ParseInt(bind.ref.Selector, 10, 64); err == nil {
		bind.version.Number = n
	}
}

// assumeSecret is assume for a secret of Secrets Manager.
func (bind *binding) assumeSecret(s sealed.Source) {
	bind.version = secret.Version{ARN: bind.ref.Name, ID: cmp.Or(bind.ref.ID, plan.UnknownID)}
	if arn.SecretName(s.ARN) != bind.ref.Name {
		return
	}
	bind.version.ARN = s.ARN
	if bind.ref.ID == "" || bind.ref.ID == s.ID {
		bind.version.ID, bind.version.Modified = s.ID, s.Modified
	}
}

// sameKey reports whether a reference may be to the key with an ARN. Only KMS
// knows the key of an alias, but it is in the alias's own account
// (https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html), which
// is the environment's account unless the reference is an ARN.
func sameKey(ref, keyARN, account string) bool {
	key, _ := arn.Parse(keyARN)
	if other, ok := arn.Parse(ref); ok {
		related := arn.IsAlias(ref) || arn.MultiRegion(ref) && other.Key() == key.Key()
		return ref == keyARN || related && other.Account == key.Account
	}
	return (arn.IsAlias(ref) || ref == key.Key()) && (account == "" || account == key.Account)
}

// imports reports whether a path import gives the secret of a source.
func imports(im manifest.Import, s sealed.Source) bool {
	parameter := arn.ParameterName(s.ARN)
	name, err := im.Name(parameter)
	return err == nil && im.Takes(parameter) && name == s.Secret && s.Field == "" && s.Encoding == string(secret.Text)
}
