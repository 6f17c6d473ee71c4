package iam

import (
	"fmt"
	"slices"
	"strings"
)

// Access is one question: whether a principal may perform an action on a resource.
type Access struct {
	Principal string // the caller's ARN: a user, a role, a session of a role, an account root, or the identity provider of a token
	Account   string // the caller's account
	Root      bool   // the caller's identity policies allow everything
	Action    string // "kms:Decrypt"
	Resource  string // an ARN, or "*" if the action has no resource
	// Keys are the condition keys of the request. Names are not case-sensitive. aws:PrincipalArn and
	// aws:PrincipalAccount are added from the fields above.
	Keys map[string][]string
	// PolicyRequired is the rule for KMS keys: in the key's own account, an identity policy counts only if the
	// key policy gives the same right to the account
	// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html). Elsewhere, in one account, an
	// identity policy or the resource policy is enough.
	PolicyRequired bool
	// Session is the session policy that was passed when the role was assumed; nil if there is none. The session may do
	// what both it and the role's policies allow, and what a resource policy allows the session by its own ARN
	// (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session).
	Session *Policy
	// Scopes are the policies that scoped the session down: each must allow the access
	// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetScopedCredentials.html).
	Scopes []Policy
	// Grantees are the principals to whom grants of a KMS key give this access. It is enough to be one of them, in any
	// account, unless a policy denies the access. An account among them leaves it to its identity policies
	// (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html).
	Grantees []string
	// NullVariables decides what a policy variable without a value does. Otherwise, its statement has no effect. With it, the text with
	// the variable matches nothing, so that a condition with a negated operator holds. AWS says both
	// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value).
	NullVariables bool
}

// Decision is the answer to an Access.
type Decision struct {
	Allowed bool
	// ByIdentity reports that the identity policies refused, not the resource policy.
	ByIdentity bool
	// Reason is the end of AWS's message for a refusal, empty when allowed:
	// "because no identity-based policy allows the kms:Decrypt action".
	Reason string
}

// Message is AWS's message for a refusal
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
func (d Decision) Message(a Access) string {
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", a.Principal, a.Action, a.Resource, d.Reason)
}

// RoleARN returns the role's ARN for the ARN of one of its sessions, and any other ARN unchanged. It is the value of
// aws:PrincipalArn. A session's ARN does not have the role's path, so RoleARN assumes that there is none.
func RoleARN(principal string) string {
	if !strings.Contains(principal, ":assumed-role/") {
		return principal
	}
	parts := strings.SplitN(principal, ":", 6)
	if len(parts) == 6 && parts[2] == "sts" {
		if session, ok := strings.CutPrefix(parts[5], "assumed-role/"); ok {
			role, _, _ := strings.Cut(session, "/")
			return strings.Join([]string{"arn", parts[1], "iam", "", parts[4], "role/" + role}, ":")
		}
	}
	return principal
}

// grant is how a resource policy's Allow reached the caller.
type grant int

const (
	grantNone    grant = iota
	grantAccount       // it names the caller's account: identity policies decide within
	grantDirect        // it names the caller's role, or everyone
	grantSession       // it names the session
)

// Evaluate decides an access by the caller's identity policies and the resource's policy (nil if it has none).
// An explicit Deny anywhere wins. Within one account, see Access.PolicyRequired; across accounts, both sides must allow.
func Evaluate(identity []Policy, resource *Policy, a Access) Decision {
	action := strings.ToLower(a.Action)
	identityAllows := a.Root
	for _, p := range identity {
		allows, denies := p.weigh(a, action)
		if denies {
			return Decision{ByIdentity: true, Reason: "with an explicit deny in an identity-based policy"}
		}
		identityAllows = identityAllows || allows
	}
	for _, scope := range a.Scopes {
		switch allows, denies := scope.weigh(a, action); {
		case denies:
			return Decision{ByIdentity: true, Reason: "with an explicit deny in a session policy"}
		case !allows:
			return Decision{ByIdentity: true, Reason: "because no session policy allows the " + a.Action + " action"}
		}
	}
	sessionAllows := a.Session == nil
	if a.Session != nil {
		allows, denies := a.Session.weigh(a, action)
		if denies {
			return Decision{ByIdentity: true, Reason: "with an explicit deny in a session policy"}
		}
		sessionAllows = allows
	}
	resourceGrants, denied := resource.grants(a, action)
	if denied {
		return Decision{Reason: "with an explicit deny in a resource-based policy"}
	}
	grantee := (&statement{principals: a.Grantees}).reaches(a)
	resourceGrants = max(resourceGrants, grantee)
	if !sessionAllows && resourceGrants != grantSession {
		return Decision{ByIdentity: true, Reason: "because no session policy allows the " + a.Action + " action"}
	}
	if grantee >= grantDirect {
		return Decision{Allowed: true}
	}
	return decide(a, identityAllows, resourceGrants)
}

// weigh reports whether an identity or session policy allows or denies an access.
func (p *Policy) weigh(a Access, action string) (allows, denies bool) {
	for _, s := range p.statements {
		if s.covers(a, action) {
			allows, denies = allows || !s.deny, denies || s.deny
		}
	}
	return allows, denies
}

// grants reports what the policy of a resource grants or denies for an access; a nil policy does neither.
func (p *Policy) grants(a Access, action string) (most grant, denies bool) {
	if p == nil {
		return grantNone, false
	}
	for _, s := range p.statements {
		reach := s.reaches(a)
		switch {
		case reach == grantNone || !s.covers(a, action):
		case s.deny:
			denies = true
		default:
			most = max(most, reach)
		}
	}
	return most, denies
}

func decide(a Access, identityAllows bool, resource grant) Decision {
	sameAccount := a.Resource == "*" || accountOf(a.Resource) == a.Account
	resourceCounts := a.PolicyRequired || !sameAccount
	switch {
	case sameAccount && resource >= grantDirect,
		identityAllows && (!resourceCounts || resource != grantNone):
		return Decision{Allowed: true}
	case resourceCounts && resource == grantNone:
		return Decision{Reason: "because no resource-based policy allows the " + a.Action + " action"}
	default:
		return Decision{ByIdentity: true, Reason: "because no identity-based policy allows the " + a.Action + " action"}
	}
}

// values returns what the request has for a condition key, given in lower case; nothing if the key is missing.
func (a Access) values(key string) []string {
	switch key {
	case "aws:principalarn":
		return []string{RoleARN(a.Principal)}
	case "aws:principalaccount":
		return []string{a.Account}
	}
	var all []string
	for name, values := range a.Keys {
		if strings.EqualFold(name, key) {
			all = append(all, values...)
		}
	}
	return all
}

func accountOf(arn string) string {
	for range 4 {
		_, after, found := strings.Cut(arn, ":")
		if !found {
			return ""
		}
		arn = after
	}
	account, _, found := strings.Cut(arn, ":")
	if !found {
		return ""
	}
	return account
}

// covers reports whether action (in lower case), resource and conditions of the statement match the access.
func (s *statement) covers(a Access, action string) bool {
	if anyGlob(s.actions, action) == s.notActions {
		return false
	}
	resources, whole := s.resources, true
	if s.variables {
		resources, whole = a.expanded(resources, true)
	}
	if anyGlob(resources, a.Resource) == s.notResources {
		return false
	}
	for _, c := range s.conditions {
		if c.variables {
			values, all := a.expanded(c.values, c.pattern)
			c.values, whole = values, whole && (all || c.ifExists)
		}
		if !c.holds(a.values(c.key)) {
			return false
		}
	}
	return whole || a.NullVariables
}

// reaches reports how the statement's Principal matches the caller. In a Deny, an account means everyone in it.
func (s *statement) reaches(a Access) grant {
	if strings.Contains(a.Principal, ":oidc-provider/") {
		if slices.Contains(s.federated, a.Principal) || s.deny && s.everyone {
			return grantDirect
		}
		return grantNone
	}
	role, best := RoleARN(a.Principal), grantNone
	if s.everyone {
		best = grantDirect
	}
	for _, p := range s.principals {
		switch {
		case p == a.Principal && p != role:
			return grantSession
		case p == role:
			best = grantDirect
		case strings.HasSuffix(p, ":root") && accountOf(p) == a.Account:
			best = max(best, grantAccount)
		}
	}
	return best
}

func anyGlob(patterns []string, text string) bool {
	for _, p := range patterns {
		if glob(p, text) {
			return true
		}
	}
	return false
}
