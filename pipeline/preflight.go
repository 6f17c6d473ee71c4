package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
)

// preflightConcurrency is how many keys are described at a time. Everything else
// waits for the preflight, so it must be fast. kms:DescribeKey has a quota of
// 2,000 calls per second
// (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html).
const preflightConcurrency = 32

// A keyUse is a place in the manifest that names a key.
type keyUse struct {
	at    *hcl.Range
	of    string // what uses it, for diagnostics
	right string // the permission needed besides kms:DescribeKey
	take  func(key seal.Key, wrong problem.Problems)
}

// A namedKey is a key, by one of its names in the manifest.
type namedKey struct {
	ref  string
	uses []keyUse // by this build; none if another build checks the key
	key  seal.Key // once described
}

// keyUses lists the keys that the manifest names, and their uses by this build, which
// store the key in the functions and in sources. beside are the keys of Beside, each
// nil if this build has the function.
func (b bound) keyUses(sources *[]string) (all, beside []*namedKey) {
	most := len(b.functions) + len(b.Beside) + len(b.Manifest.Environment.ParameterKeys)
	named := make(map[string]*namedKey, most)
	list := make([]namedKey, 0, most)
	find := func(ref string) *namedKey {
		k := named[ref]
		if k == nil {
			list = append(list, namedKey{ref: ref})
			k = &list[len(list)-1]
			named[ref], all = k, append(all, k)
		}
		return k
	}
	add := func(ref string, use keyUse) {
		k := find(ref)
		k.uses = append(k.uses, use)
	}
	for _, run := range b.functions {
		right := "kms:Encrypt"
		if run.blind() {
			right = "kms:ReEncryptTo"
		}
		add(run.fn.Key.Value, keyUse{&run.fn.Key.Range, run.name(), right, func(k seal.Key, wrong problem.Problems) { run.key, run.keyWrong = k, wrong }})
	}
	own := make(map[string]bool, len(b.functions))
	for _, run := range b.functions {
		own[run.fn.Name.Value] = true
	}
	beside = make([]*namedKey, len(b.Beside))
	for i := range b.Beside {
		if fn := &b.Beside[i]; !own[fn.Name.Value] {
			beside[i] = find(fn.Key.Value)
		}
	}
	if !b.anyBlind() {
		return all, beside
	}
	keys := b.Manifest.Environment.ParameterKeys
	*sources = make([]string, len(keys))
	for i := range keys {
		add(keys[i].Value, keyUse{&keys[i].Range, "parameter_keys", "kms:ReEncryptFrom", func(k seal.Key, _ problem.Problems) { (*sources)[i] = k.ARN }})
	}
	return all, beside
}

// preflight checks the caller's account and every key against the manifest, before
// the first parameter is read.
func (b bound) preflight(ctx context.Context, keys KeyDescriber) (admitted, problem.Problems) {
	a := admitted{bound: b}
	named, beside := b.keyUses(&a.parameterKeys)
	var account problem.Problems
	var all collector
	done := progress(b.Observer, StepPreflight, len(named)+1)
	calls := workers.Start(min(preflightConcurrency, len(named)+1))
	calls.Always(func() {
		account = b.checkAccount(ctx)
		done()
	})
	for _, k := range named {
		calls.Always(func() {
			key, err := keys.Describe(ctx, k.ref)
			k.key = key
			for _, use := range k.uses {
				wrong := b.checkKey(k.ref, use, key, err)
				use.take(key, wrong)
				all.add(wrong...)
			}
			done()
		})
	}
	calls.Stop()
	if len(account) > 0 {
		return a, account // with another caller, every key would fail as well
	}
	all.add(a.checkShared(beside)...)
	return a, all.problems
}

// askedOnce returns the scope with a Caller that does not call AWS again.
func (s *Scope) askedOnce(ctx context.Context) *Scope {
	account, err := s.Caller(ctx)
	known := *s
	known.Caller = func(context.Context) (string, error) { return account, err }
	return &known
}

// checkAccount checks that the caller is in the environment's account.
func (s *Scope) checkAccount(ctx context.Context) problem.Problems {
	environment := s.Manifest.Environment
	at := &s.Manifest.Environment.Range
	if environment.AccountID.Value != "" {
		at = &s.Manifest.Environment.AccountID.Range
	}
	switch got, err := s.Caller(ctx); {
	case err != nil:
		var refused interface{ AssumedRole() string }
		if errors.As(err, &refused) && refused.AssumedRole() != "" && refused.AssumedRole() == environment.Role.Value {
			at = &s.Manifest.Environment.Role.Range
		}
		return problem.Problems{callerProblem(at, err)}
	case got != s.Account:
		return problem.Problems{problem.New(problem.Access, at, "Wrong account", fmt.Sprintf(
			"These credentials belong to account %s, but environment %q is for account %s. "+
				"Use credentials of that account, or choose another environment with --env.",
			got, environment.Name.Value, s.Account))}
	}
	return nil
}

// checkKey checks that a key can be used for a function, or for the parameters of
// blind functions.
func (s *Scope) checkKey(ref string, use keyUse, key seal.Key, err error) problem.Problems {
	if err != nil {
		return problem.Problems{keyProblem(use.at, ref, use.of, use.right, err)}
	}
	refuse := func(format string, args ...any) problem.Problems {
		return problem.Problems{problem.New(problem.Missing, use.at, "Unusable key", fmt.Sprintf("Key %q of %s %s", ref, use.of, fmt.Sprintf(format, args...)))}
	}
	switch {
	case key.Region != s.Region:
		return refuse("is in region %s, but this run is for %s. Keys cannot be used across regions. Use a key in that region.", key.Region, s.Region)
	case !arn.InPartition(key.Partition, s.Region):
		return refuse("is in partition %s, which does not have region %s. Use a key in that region.", key.Partition, s.Region)
	case key.Account != s.Account && !slices.Contains(s.AllowKeyAccounts, key.Account):
		return refuse("belongs to account %s, not %s. Use a key in your account, or allow this account with --allow-key-account %s.",
			key.Account, s.Account, key.Account)
	case !key.CustomerManaged:
		return refuse("is an AWS managed key, which only its AWS service can use. Use a customer managed key.")
	case !key.Symmetric:
		return refuse("has key spec %q and key usage %q. Use a key with key spec SYMMETRIC_DEFAULT and key usage ENCRYPT_DECRYPT.",
			key.Spec, key.Usage)
	case !key.Enabled:
		return refuse("is in state %s. %s, or use another key.", key.State, madeUsable(key.State))
	}
	return nil
}

// madeUsable says how to make a key in a state other than Enabled usable.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func madeUsable(state string) string {
	switch state {
	case "PendingDeletion", "PendingReplicaDeletion":
		return "Cancel its deletion and then enable it"
	case "PendingImport":
		return "Import its key material"
	case "Unavailable":
		return "Reconnect its custom key store"
	case "Creating", "Updating":
		return "Try again in a minute"
	}
	return "Enable it"
}

// checkShared reports functions that use the same key, by whatever names.
func (a admitted) checkShared(beside []*namedKey) problem.Problems {
	var problems problem.Problems
	first := make(map[string]*manifest.Function, len(beside)+len(a.functions))
	for i, k := range beside {
		if k != nil {
			first[k.key.ARN] = &a.Beside[i]
		}
	}
	for _, run := range a.functions {
		other, ok := first[run.key.ARN]
		switch {
		case run.key.ARN == "":
			continue
		case run.blind() && slices.Contains(a.parameterKeys, run.key.ARN):
			problems = append(problems, problem.New(problem.Manifest, &run.fn.Key.Range, "Key also used for parameters", fmt.Sprintf(
				"Key %q of function %q is also one of the environment's parameter_keys. Anyone who can re-encrypt both from and to one key could change "+
					"the encryption context of any of its ciphertexts. Give the function a separate key.", run.fn.Key.Value, run.fn.Name.Value)))
		case !ok:
			first[run.key.ARN] = &run.fn
		case !run.fn.SharedKey || !other.SharedKey:
			problems = append(problems, problem.New(problem.Manifest, &run.fn.Key.Range, "Shared key", fmt.Sprintf(
				"Functions %q and %q would use the same key, %s, so only the encryption context would separate them. "+
					"Give each function its own key, or write shared_key = true in both.",
				other.Name.Value, run.fn.Name.Value, run.key.ARN)))
		}
	}
	return problems
}

// callerProblem reports that AWS did not return the caller's account.
func callerProblem(at *hcl.Range, err error) problem.Problem {
	return problem.FromAWS(err, problem.Resource{Lead: "AWS did not return the caller's identity"}, at)
}

// keyProblem joins an error of KMS to its place in the manifest. of is what uses
// the key, and right the permission needed besides kms:DescribeKey.
func keyProblem(at *hcl.Range, ref, of, right string, err error) problem.Problem {
	about := problem.Resource{
		Name: fmt.Sprintf("key %q of %s", ref, of), Lead: fmt.Sprintf("Key %q of %s", ref, of), On: "the key", Rights: []string{"kms:DescribeKey", right},
	}
	if arn.Looks(ref) && arn.MultiRegion(ref) {
		about.Absent = fmt.Sprintf("Replicate the multi-Region key to %s, or correct the ARN", arn.Region(ref))
	}
	return problem.FromAWS(err, about, at)
}

// interrupted turns a timeout or an interrupt into a single problem.
func interrupted(err error) (problem.Problem, bool) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return problem.FromAWS(err, problem.Resource{}, nil), true
	}
	return problem.Problem{}, false
}

// A collector gathers problems from several goroutines.
type collector struct {
	mu       sync.Mutex
	problems problem.Problems
}

func (c *collector) add(p ...problem.Problem) {
	if len(p) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, p...)
}

func (c *collector) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.problems) == 0
}

// progress returns a function that reports one more piece to the observer.
func progress(o Observer, step Step, total int) func() {
	var mu sync.Mutex
	done := 0
	o.Progress(step, 0, total)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		o.Progress(step, done, total)
	}
}
