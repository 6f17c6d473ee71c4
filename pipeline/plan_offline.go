package pipeline

import (
	"slices"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// A PlanOffline compares the manifest with the previous layer without any call:
// what only AWS knows is taken to be as it was. That is the versions of parameters,
// the keys that aliases stand for, whether an optional parameter exists, and
// what lies below a path. A parameter or key that was not there before has its
// name for an ARN.
type PlanOffline struct {
	Scope    // without a caller or an observer
	Previous Previous

	Reseal        bool // as of the build
	AllowRollback bool // as of the build
	RequireBlind  bool // as of the build
}

// Run plans. It returns a result or every problem it found, never both.
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

// assume takes what only AWS knows to be as it was when the previous layer was
// made.
func (b bound) assume(previous Previous) versioned {
	for _, run := range b.functions {
		var old *sealed.Document
		if previous.Layer != nil {
			old, _ = previous.Layer.Document(run.fn.File())
		}
		run.assume(old, b.Manifest.Environment.AccountID.Value)
		slices.SortFunc(run.bindings, func(a, b *binding) int { return strings.Compare(a.name, b.name) })
	}
	return versioned{listed{admitted: admitted{bound: b}}}
}

// assume fills in what is not known from the function's earlier document,
// which may be nil, as of that
// account, "" where it is embedded.
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

// assume takes the version that an earlier document names for the one that
// there is now, as far as the manifest does not name another.
func (bind *binding) assume(s sealed.Source) {
	bind.version = secret.Version{ARN: bind.ref.Name, Number: s.Version, Modified: s.Modified}
	if s.ARN != "" && arn.ParameterName(s.ARN) == bind.ref.Name {
		bind.version.ARN = s.ARN
	}
	if n, err := strconv.ParseInt(bind.ref.Selector, 10, 64); err == nil {
		bind.version.Number = n
	}
}

// sameKey reports whether a reference to a key may mean the key of an ARN: what
// an alias stands for, only KMS knows, but it is a key of the alias's own account
// (https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html), which
// is the environment's where no ARN says otherwise.
func sameKey(ref, keyARN, account string) bool {
	key, _ := arn.Parse(keyARN)
	if other, ok := arn.Parse(ref); ok {
		related := arn.IsAlias(ref) || arn.MultiRegion(ref) && other.Key() == key.Key()
		return ref == keyARN || related && other.Account == key.Account
	}
	return (arn.IsAlias(ref) || ref == key.Key()) && (account == "" || account == key.Account)
}

// imports reports whether a path import gives the secret that a source names.
func imports(im manifest.Import, s sealed.Source) bool {
	parameter := arn.ParameterName(s.ARN)
	name, err := im.Name(parameter)
	return err == nil && im.Takes(parameter) && name == s.Secret && s.Field == "" && s.Encoding == string(secret.Text)
}
