package main

import (
	"fmt"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline/policy"
)

// checkSize refuses a key policy that KMS would not accept, and says how to attach a
// policy that is too large for one managed policy.
func (a *app) checkSize(d policy.Written, functions int, revokes bool) error {
	if d.Kind == policy.KindKey {
		if n := len(d.Policy.Text()); n > policy.MaxKey {
			remedy := "give some of the functions that share the key other keys."
			if revokes {
				remedy = "name fewer layers with --documents, or " + remedy
			}
			return console.Usagef("the policy of key %s has %d bytes, and KMS accepts %d. It cannot be split: %s", d.Key, n, policy.MaxKey, remedy)
		}
		return nil
	}
	n := d.Policy.Size()
	if n <= policy.MaxManaged {
		return nil
	}
	parts, err := d.Policy.Split(policy.MaxManaged)
	switch {
	case err != nil:
		a.Hint("%s", notCut(d, err))
	case len(parts) > policy.MaxAttached:
		a.Hint("%s", tooMany(d, len(parts), functions))
	case n <= policy.MaxInline:
		a.Hint("%s has %d characters, and a managed policy can have %d: use it as the only inline policy of the role (all of them together can have %d), or write %d managed policies with --split DIR",
			policyName(d), n, policy.MaxManaged, policy.MaxInline, len(parts))
	default:
		a.Hint("%s has %d characters. A managed policy can have %d, and all inline policies of a role together %d: write %d managed policies with --split DIR",
			policyName(d), n, policy.MaxManaged, policy.MaxInline, len(parts))
	}
	return nil
}

// policyName is how messages name a policy.
func policyName(d policy.Written) string {
	if d.Function != "" {
		return fmt.Sprintf("the %s policy of %q", d.Kind, d.Function)
	}
	return fmt.Sprintf("the %s policy", d.Kind)
}

// notCut says that a policy cannot be split, and what makes it shorter.
func notCut(d policy.Written, err error) string {
	text := fmt.Sprintf("%s has %d characters, a managed policy can have %d, and %v.", policyName(d), d.Policy.Size(), policy.MaxManaged, err)
	if policy.OfRoles(d.Kind) {
		text += " Use --prefixes, which makes its lists shorter, if it suits you (see docs/policy.md), or several roles, each for a group of functions: --function NAMES."
	}
	return text
}

// tooMany says that a policy does not fit into what a role can have, and what does.
func tooMany(d policy.Written, parts, functions int) string {
	text := fmt.Sprintf("%s has %d characters: it needs %d managed policies of %d, and a role can have %d.",
		policyName(d), d.Policy.Size(), parts, policy.MaxManaged, policy.MaxAttached)
	if policy.OfRoles(d.Kind) {
		text += " Use --style tags or --prefixes, which make it shorter, if they suit you: see docs/policy.md."
	}
	if fit := functions * policy.MaxAttached / parts; policy.OfRoles(d.Kind) && fit > 0 {
		text += fmt.Sprintf(" Or use several roles, each for a group of functions: --function NAMES, with about %d of the %d functions.", fit, functions)
	}
	return text
}
