package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
)

// How long the effect of a changed key policy is waited for, and how often it is looked for. A change takes seconds, at times
// minutes: https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
const (
	ProofLimit = 10 * time.Minute
	proofPause = 5 * time.Second
)

// An Opening tries to open ciphertexts by dry runs. [seal.KMS] implements it.
type Opening interface {
	TryOpen(ctx context.Context, keyARN string, ciphertext []byte, encryption map[string]string) error
}

// A Clock is the time. Wait returns the context's error if it ends first.
type Clock interface {
	Now() time.Time
	Wait(ctx context.Context, d time.Duration) error
}

// A Proof is what dry runs of kms:Decrypt showed about one key, by a role that its policy does not exempt.
type Proof struct {
	Key      string
	Function string
	Old, New string        // digests of what is shut out and of what is kept; Old is "" if no such document is known
	Took     time.Duration // until the old one was denied and the new one was not
	Why      string        // it proves nothing: why
}

// Prove finds out by dry runs whether the plan has taken effect: a document that is shut out must be denied, and one that is kept
// must not. Each key is tried as the first of the roles that can show it. as calls KMS in a region as a role. It waits up to ProofLimit
// for all keys together. It returns what it has shown, also beside problems. That nothing is proven about a key is a problem if a
// document that is shut out is known, or if nothing is proven about any key.
func (r *Revoke) Prove(ctx context.Context, plan *Revocation, roles []string, as func(role, region string) Opening, clock Clock) ([]Proof, problem.Problems) {
	var all []Proof
	var problems, idle problem.Problems
	proven := false
	end := clock.Now().Add(ProofLimit)
	for _, k := range plan.Keys {
		if k.State != KeyChanged && k.State != KeyUnchanged {
			continue
		}
		proof := Proof{Key: k.Key}
		role, old, kept, why := plan.witness(k, roles, r.Manifest.Bundle.Name.Value)
		if why == "" {
			proof.Function, proof.New = kept.Header.Function, kept.HeaderSHA256()
			if old != nil {
				proof.Old = old.HeaderSHA256()
			}
			why = proof.poll(ctx, as(role, k.Region()), clock, end, old, kept)
		}
		proof.Why = why
		all = append(all, proof)
		if why == "" {
			proven = true
			continue
		}
		to := &idle
		if plan.shutsOut(k) {
			to = &problems
		}
		*to = append(*to, refused(kindOfProof(ctx, why), "Not proven", "Key %s: %s. bundle audit shows which documents are opened, and by whom.", k.Key, why)...)
	}
	if !proven && len(problems) == 0 {
		problems = idle
	}
	return all, problems
}

// shutsOut reports whether a document under a key is known that does not open any more.
func (r *Revocation) shutsOut(k *KeyRevocation) bool {
	return k.After != nil && slices.ContainsFunc(r.Documents, func(d DocumentState) bool {
		return !d.Elsewhere && isRelative(d.Key, k.Key) && slices.Contains(k.Functions, d.Function) && !slices.Contains(k.After.Kept, d.Digest)
	})
}

// notYet begins why something is not proven that another run may prove.
const notYet = "not in effect after "

func kindOfProof(ctx context.Context, why string) problem.Kind {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return problem.Interrupted
	case strings.HasPrefix(why, notYet):
		return problem.Unavailable
	}
	return problem.Access
}

// witness returns the first of the roles that can show the effect on a key, with its evidence, or says why none can. A role that can
// show a document that is shut out comes first.
func (r *Revocation) witness(k *KeyRevocation, roles []string, bundle string) (role string, old, kept *sealed.Document, why string) {
	for _, candidate := range roles {
		shut, open, not := r.evidence(k, candidate, bundle)
		switch {
		case not != "":
			why = cmp.Or(why, not)
		case kept == nil || old == nil && shut != nil:
			role, old, kept = candidate, shut, open
		}
	}
	switch {
	case kept != nil:
		return role, old, kept, ""
	case len(roles) > 1:
		why = fmt.Sprintf("none of %d roles can show it: %s", len(roles), why)
	}
	return "", nil, nil, why
}

// evidence returns documents of a function that the policy lets the role open: one that is shut out, if one is known, and one
// that is kept. Or it says why there are none.
func (r *Revocation) evidence(k *KeyRevocation, role, bundle string) (old, kept *sealed.Document, why string) {
	switch {
	case k.After == nil:
		return nil, nil, "nothing is revoked"
	case slices.Contains(k.After.Exempt, role):
		return nil, nil, fmt.Sprintf("the policy exempts %s, which opens everything", role)
	}
	for _, function := range k.Functions {
		if !k.lets(role, bundle+"/"+function) {
			continue
		}
		var shut, open *sealed.Document
		for _, d := range r.Documents {
			switch listed := slices.Contains(k.After.Kept, d.Digest); {
			case d.Function != function || d.Elsewhere || !isRelative(d.Key, k.Key):
			case listed && open == nil:
				open = d.document
			case !listed && shut == nil:
				shut = d.document
			}
		}
		if open != nil && (kept == nil || old == nil && shut != nil) {
			old, kept = shut, open
		}
	}
	if kept == nil {
		return nil, nil, fmt.Sprintf("the policy does not let %s open documents of any function", role)
	}
	return old, kept, ""
}

// lets reports whether the policy lets a role open a function's documents, or leaves that to the IAM policies of its account.
func (k *KeyRevocation) lets(role, function string) bool {
	return slices.ContainsFunc(k.parsed.Openers(), func(o policy.Opener) bool {
		names := slices.ContainsFunc(o.Roles, func(who string) bool {
			return who == role || who == "*" || who == arn.Account(role) || strings.HasSuffix(who, ":root") && arn.Account(who) == arn.Account(role)
		})
		return names && (len(o.Functions) == 0 || slices.Contains(o.Functions, function))
	})
}

// poll tries until the old document is denied and the kept one is not. It returns why not.
func (p *Proof) poll(ctx context.Context, as Opening, clock Clock, end time.Time, old, kept *sealed.Document) string {
	began := clock.Now()
	for {
		open, err := opens(ctx, as, p.Key, kept)
		var still bool
		if err == nil && old != nil {
			still, err = opens(ctx, as, p.Key, old)
		}
		p.Took = clock.Now().Sub(began)
		switch {
		case err != nil && (!errors.Is(err, seal.ErrUnavailable) || ctx.Err() != nil):
			return fmt.Sprintf("the dry run fails: %v", err)
		case err == nil && open && !still && old == nil:
			return "the kept document opens, but no document that is shut out is known here, to see it denied"
		case err == nil && open && !still:
			return ""
		case !clock.Now().Before(end):
			state := "the kept document is denied"
			if open {
				state = "the old document still opens"
			}
			return fmt.Sprintf("%s%s: %s", notYet, p.Took.Round(time.Second), state)
		}
		if err := clock.Wait(ctx, proofPause); err != nil {
			return "the run was stopped"
		}
	}
}

// opens reports whether KMS would decrypt the first box of a document.
func opens(ctx context.Context, as Opening, key string, d *sealed.Document) (bool, error) {
	err := as.TryOpen(ctx, key, d.Ciphertexts[0], d.Context(0))
	if errors.Is(err, seal.ErrKeyDenied) {
		return false, nil
	}
	return err == nil, err
}
