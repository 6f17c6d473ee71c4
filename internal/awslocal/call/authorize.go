package call

import "github.com/whispering/bundle/internal/awslocal/iam"

// Authorize asks the caller's identity policies for an action on a resource without a policy of its own. It fails with
// AccessDeniedException in AWS's words. Keys are condition keys beyond those of the principal; nil is none.
func (r *Request) Authorize(action, resource string, keys map[string][]string) error {
	if r.Caller.Root {
		return nil
	}
	access := iam.Access{Principal: r.Caller.ARN, Account: r.Caller.Account, Action: action, Resource: resource, Keys: keys}
	if d := iam.Evaluate(r.Caller.Policies, nil, access); !d.Allowed {
		return NewError("AccessDeniedException", d.Message(access))
	}
	return nil
}
