package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/sync/errgroup"

	"github.com/whispering/bundle/pipeline/manifest"
	table "github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// guardConcurrency is how many keys are described at a time. The guards stand
// before everything else, so they are made short; kms:DescribeKey has a quota
// of 2,000 calls a second
// (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html).
const guardConcurrency = 32

// A keyUse is a place in the manifest that names a key.
type keyUse struct {
	at    *hcl.Range
	of    string // what has it, for diagnostics
	right string // what has to be allowed, besides kms:DescribeKey; "" where another build holds the key to that
	take  func(key seal.Key, wrong Problems)
}

// keyUses lists the keys that the manifest names, as it names them, and what for.
func (r *run) keyUses() (refs []string, users map[string][]keyUse) {
	users = make(map[string][]keyUse)
	add := func(ref string, use keyUse) {
		if users[ref] == nil {
			refs = append(refs, ref)
		}
		users[ref] = append(users[ref], use)
	}
	for _, j := range r.jobs {
		right := "kms:Encrypt"
		if j.blind() {
			right = "kms:ReEncryptTo"
		}
		add(j.fn.Key.Value, keyUse{&j.fn.Key.Range, j.name(), right, func(k seal.Key, wrong Problems) { j.key, j.keyWrong = k, wrong }})
	}
	r.beside = make([]seal.Key, len(r.Beside))
	for i, fn := range r.Beside {
		if slices.ContainsFunc(r.jobs, func(j *job) bool { return j.fn.Name.Value == fn.Name.Value }) {
			continue
		}
		add(fn.Key.Value, keyUse{take: func(k seal.Key, _ Problems) { r.beside[i] = k }})
	}
	if !r.anyBlind() {
		return refs, users
	}
	keys := r.Manifest.Environment.ParameterKeys
	r.sources = make([]string, len(keys))
	for i := range keys {
		add(keys[i].Value, keyUse{&keys[i].Range, "parameter_keys", "kms:ReEncryptFrom", func(k seal.Key, _ Problems) { r.sources[i] = k.ARN }})
	}
	return refs, users
}

// guard holds the caller's account and every key to the manifest, before the
// first parameter is read.
func (r *run) guard(ctx context.Context) Problems {
	refs, users := r.keyUses()
	var account Problems
	var all collector
	done := progress(r.Observer, StepGuard, len(refs)+1)
	var g errgroup.Group
	g.SetLimit(guardConcurrency)
	g.Go(func() error {
		account = r.guardAccount(ctx)
		done()
		return nil
	})
	for _, ref := range refs {
		g.Go(func() error {
			key, err := r.Keys.Describe(ctx, ref)
			for _, use := range users[ref] {
				var wrong Problems
				if use.right != "" {
					wrong = r.guardKey(ref, use, key, err)
				}
				use.take(key, wrong)
				all.add(wrong...)
			}
			done()
			return nil
		})
	}
	_ = g.Wait() // its functions report problems, not errors
	if len(account) > 0 {
		return account // as somebody else, every key would be wrong as well
	}
	all.add(r.guardShared()...)
	return all.problems
}

func (r *run) guardAccount(ctx context.Context) Problems {
	return guardAccount(ctx, r.Manifest, r.Account, r.Caller)
}

// guardAccount holds the caller to the account that the environment is for.
func guardAccount(ctx context.Context, m *manifest.Manifest, account string, caller func(context.Context) (string, error)) Problems {
	at := &m.Environment.Range
	if m.Environment.AccountID.Value != "" {
		at = &m.Environment.AccountID.Range
	}
	switch got, err := caller(ctx); {
	case err != nil:
		var refused interface{ AssumedRole() string }
		if errors.As(err, &refused) && refused.AssumedRole() != "" && refused.AssumedRole() == m.Environment.Role.Value {
			at = &m.Environment.Role.Range
		}
		return Problems{callerProblem(at, err)}
	case got != account:
		return Problems{problem(Access, at, "Wrong account", fmt.Sprintf(
			"These credentials are of account %s, but environment %q is for account %s. "+
				"Use that account's credentials, or name another environment with --env.",
			got, m.Environment.Name.Value, account))}
	}
	return nil
}

// guardKey holds a key to what the key of a function, or of the parameters of
// blind functions, must be.
func (r *run) guardKey(ref string, use keyUse, key seal.Key, err error) Problems {
	if err != nil {
		return Problems{keyProblem(use.at, ref, use.of, use.right, err)}
	}
	refuse := func(format string, args ...any) Problems {
		return Problems{problem(Missing, use.at, "Unusable key", fmt.Sprintf("Key %q of %s %s", ref, use.of, fmt.Sprintf(format, args...)))}
	}
	switch {
	case key.Region != r.Region:
		return refuse("is in region %s, but this run is for %s. Nothing crosses regions: name a key there.", key.Region, r.Region)
	case !secret.InPartition(key.Partition, r.Region):
		return refuse("is in partition %s, which has no region %s. Name a key there.", key.Partition, r.Region)
	case key.Account != r.Account && !slices.Contains(r.AllowKeyAccounts, key.Account):
		return refuse("belongs to account %s, not to %s. Name a key of your own, or, if that is meant, pass --allow-key-account %s.",
			key.Account, r.Account, key.Account)
	case !key.CustomerManaged:
		return refuse("is managed by AWS, and only the service it was made for can use it. Name a customer-managed key.")
	case !key.Symmetric:
		return refuse("is not a symmetric encryption key. Name one of key spec SYMMETRIC_DEFAULT.")
	case !key.Enabled:
		return refuse("is in state %s. Enable it, or name another key.", key.State)
	}
	return nil
}

// guardShared finds functions whose keys are one, under whatever names.
func (r *run) guardShared() Problems {
	var problems Problems
	first := make(map[string]manifest.Function)
	for i, fn := range r.Beside {
		first[r.beside[i].ARN] = fn
	}
	for _, j := range r.jobs {
		other, ok := first[j.key.ARN]
		switch {
		case j.key.ARN == "":
			continue
		case j.blind() && slices.Contains(r.sources, j.key.ARN):
			problems = append(problems, problem(Manifest, &j.fn.Key.Range, "Key of parameters", fmt.Sprintf(
				"Key %q of function %q is one of the environment's parameter_keys too. Who may re-encrypt from and to one key could turn its "+
					"ciphertexts into anything: give the function a key of its own.", j.fn.Key.Value, j.fn.Name.Value)))
		case !ok:
			first[j.key.ARN] = j.fn
		case !j.fn.SharedKey || !other.SharedKey:
			problems = append(problems, problem(Manifest, &j.fn.Key.Range, "Shared key", fmt.Sprintf(
				"Functions %q and %q would be sealed under one key, %s, so that only the encryption context keeps them apart. "+
					"Give each its own key, or write shared_key = true in both.",
				other.Name.Value, j.fn.Name.Value, j.key.ARN)))
		}
	}
	return problems
}

// callerProblem says why it is not known whom AWS takes us for.
func callerProblem(at *hcl.Range, err error) Problem {
	return table.FromAWS(err, table.Resource{Lead: "AWS did not say who we are"}, at)
}

// keyProblem joins an error of KMS to its place in the manifest. of is what has
// the key, and right what it has to be allowed for, besides kms:DescribeKey.
func keyProblem(at *hcl.Range, ref, of, right string, err error) Problem {
	about := table.Resource{
		Name: fmt.Sprintf("key %q of %s", ref, of), Lead: fmt.Sprintf("Key %q of %s", ref, of), On: "the key", Rights: []string{"kms:DescribeKey", right},
	}
	if strings.Contains(ref, ":key/mrk-") {
		about.Absent = fmt.Sprintf("Replicate the multi-Region key to %s, or correct the ARN", manifest.KeyRegion(ref))
	}
	return table.FromAWS(err, about, at)
}

// interrupted turns the end of a run's time into a problem of its own, said
// once.
func interrupted(err error) (Problem, bool) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return table.FromAWS(err, table.Resource{}, nil), true
	}
	return Problem{}, false
}

// A collector gathers problems from several goroutines.
type collector struct {
	mu       sync.Mutex
	problems Problems
}

func (c *collector) add(p ...Problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, p...)
}

func (c *collector) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.problems) == 0
}

// progress returns a function that tells the observer of one more piece done.
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
