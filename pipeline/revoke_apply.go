package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
)

// CheckOwners refuses to change keys that belong to a CloudFormation stack, or that may: the next drift-aware change set would
// put their policies back.
func (r *Revoke) CheckOwners(plan *Revocation) problem.Problems {
	var all problem.Problems
	for _, k := range plan.Keys {
		switch {
		case k.Text == "" || r.Drift:
		case k.Stack != "":
			all = append(all, refused(problem.Integrity, "Key of a stack", "Key %s belongs to CloudFormation stack %q (tag %s). A change here is drift, which a later update of the stack can undo. "+
				"Put the statement into the template: --format cloudformation prints it. To change the policy nevertheless, pass --drift.", k.Key, k.Stack, publish.StackTag)...)
		case k.Untagged:
			all = append(all, refused(problem.Access, "Key of a stack?", "The tags of key %s cannot be read, so it is not known whether a CloudFormation stack owns it. "+
				"Allow kms:ListResourceTags on it (bundle policy --kind revoke writes the policy), or pass --drift.", k.Key)...)
		}
	}
	return all
}

// Apply puts the policies of a plan, one after another, and ends with the first that fails. Right before, it reads each policy
// again: one that has changed since the plan stays as it is. A second plan and Apply go on where the first ended.
func (r *Revoke) Apply(ctx context.Context, plan *Revocation) problem.Problems {
	var changed, left []string
	var problems problem.Problems
	done := progress(r.Observer, StepRevoke, len(plan.Keys))
	for _, k := range plan.Keys {
		switch {
		case k.Text == "":
		case len(problems) > 0:
			k.State = KeyNotTried
			left = append(left, k.Key)
		default:
			if problems = r.apply(ctx, k); len(problems) > 0 {
				left = append(left, k.Key)
				break
			}
			k.State = KeyChanged
			changed = append(changed, k.Key)
		}
		done()
	}
	if len(problems) > 0 && (len(changed) > 0 || slices.ContainsFunc(plan.Keys, func(k *KeyRevocation) bool { return k.State == KeyUnclear })) {
		text := fmt.Sprintf("Changed: %s. Not changed, or maybe not: %s. To go on, run the same command again: it ends in the same way.", orNone(changed), orNone(left))
		problems = append(problems, problem.New(problem.Partial, nil, "Partly revoked", text))
	}
	return problems
}

func orNone(keys []string) string {
	if len(keys) == 0 {
		return "none"
	}
	return strings.Join(keys, ", ")
}

func (r *Revoke) apply(ctx context.Context, k *KeyRevocation) problem.Problems {
	k.State = KeyFailed
	policies := r.Policies(k.Region())
	switch now, err := policies.Policy(ctx, k.Key); {
	case err != nil:
		return problem.Problems{policyProblem(k.Key, "The policy of key "+k.Key, err, "kms:GetKeyPolicy")}
	case now != k.now:
		return refused(problem.Integrity, "Key policy has changed", "Somebody has changed the policy of key %s since this run read it. It was left as it is. Run the command again.", k.Key)
	}
	if err := policies.PutPolicy(ctx, k.Key, k.Text); err != nil {
		if errors.Is(err, seal.ErrUnavailable) || ctx.Err() != nil {
			k.State = KeyUnclear
		}
		return problem.Problems{policyProblem(k.Key, "The policy of key "+k.Key, err, "kms:PutKeyPolicy")}
	}
	return nil
}
