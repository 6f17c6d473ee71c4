package call

import (
	"maps"
	"slices"

	"github.com/whispering/bundle/internal/awslocal/iam"
)

// Authorize checks the caller's identity policies for an action on a resource without a policy of its own. It fails with
// AccessDeniedException and AWS's message. Keys are condition keys in addition to those of the principal.
func (r *Request) Authorize(action, resource string, keys map[string][]string) error {
	access := iam.Access{Principal: r.Caller.ARN, Account: r.Caller.Account, Action: action, Resource: resource, Keys: keys}
	if d := r.Caller.Evaluate(nil, access); !d.Allowed {
		return NewError("AccessDeniedException", d.Message(access))
	}
	return nil
}

// Conditional reports whether a policy of the caller has conditions.
func (p Principal) Conditional() bool {
	return slices.ContainsFunc(p.Policies, iam.Policy.Conditional) || p.Session != nil && p.Session.Conditional() ||
		slices.ContainsFunc(p.Scopes, iam.Policy.Conditional)
}

// Evaluate decides whether the caller's policies and, unless it is nil, the policy of the resource allow an access.
func (p Principal) Evaluate(resource *iam.Policy, access iam.Access) iam.Decision {
	access.Session, access.Scopes = p.Session, p.Scopes
	if len(p.Tags) > 0 || p.SourceIdentity != "" {
		keys := maps.Clone(access.Keys)
		if keys == nil {
			keys = map[string][]string{}
		}
		for key, value := range p.Tags {
			keys["aws:PrincipalTag/"+key] = []string{value}
		}
		if p.SourceIdentity != "" {
			keys["aws:SourceIdentity"] = []string{p.SourceIdentity}
		}
		access.Keys = keys
	}
	if p.Asks != nil {
		p.Asks(access)
	}
	if p.Root {
		access.Root = true
		return iam.Evaluate(nil, resource, access)
	}
	return iam.Evaluate(p.Policies, resource, access)
}
