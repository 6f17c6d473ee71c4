package policy

import "errors"

// The kinds of policies.
const (
	KindCI       = "ci"       // the policy of the role that builds
	KindPlan     = "plan"     // of a role that only plans
	KindPut      = "put"      // of a role that puts parameters
	KindDoctor   = "doctor"   // of a role that runs the doctor
	KindDeployed = "deployed" // of a role that looks what is deployed
	KindRollout  = "rollout"  // of a role that rolls the layers out
	KindPrune    = "prune"    // of a role that deletes old versions of the layers
	KindRevoke   = "revoke"   // of a role that revokes documents
	KindAudit    = "audit"    // of a role that audits
	KindFunction = "function" // of a function's role
	KindKey      = "key"      // of a function's key
	KindAll      = "all"      // all of them
)

// Kinds lists the kinds of policies.
func Kinds() []string {
	return []string{KindCI, KindPlan, KindPut, KindDoctor, KindDeployed, KindRollout, KindPrune, KindRevoke, KindAudit, KindFunction, KindKey, KindAll}
}

// OfRoles reports whether a policy of the kind is about all functions, or about a group
// of them.
func OfRoles(kind string) bool {
	return kind == KindCI || kind == KindPlan || kind == KindPut || kind == KindDoctor || kind == KindDeployed || kind == KindRollout || kind == KindPrune ||
		kind == KindRevoke || kind == KindAudit
}

// A Written is a policy and its purpose.
type Written struct {
	Kind     string
	Function string // in the manifest; "" for a role that builds, plans, puts, rolls out, prunes, revokes, audits, runs the doctor or looks what is deployed
	Key      string // ARN; only for a key policy
	Policy   Document
}

// Documents writes the policies of a kind, for some functions or, if there are no names,
// for all of them. There is no key policy if a function's role is not known. missing has
// the errors of those that could not be written; with KindAll, unknown roles are left
// out. err wraps ErrFunction or ErrNoPut, or says that there is no layer.
func (s *Setting) Documents(kind string, functions []string) (all []Written, missing []error, err error) {
	group, err := s.Of(functions)
	if err != nil {
		return nil, nil, err
	}
	if kind == KindCI || kind == KindAll {
		all = append(all, Written{Kind: KindCI, Policy: group.policy(KindCI)})
	}
	if kind == KindPlan || kind == KindAll {
		all = append(all, Written{Kind: KindPlan, Policy: group.policy(KindPlan)})
	}
	switch err := group.CheckPut(); {
	case kind == KindPut && err != nil:
		return nil, nil, err
	case err == nil && (kind == KindPut || kind == KindAll):
		all = append(all, Written{Kind: KindPut, Policy: group.policy(KindPut)})
	}
	if kind == KindDoctor || kind == KindAll {
		all = append(all, Written{Kind: KindDoctor, Policy: group.policy(KindDoctor)})
	}
	switch named := len(group.layers()) > 0; {
	case kind == KindDeployed && !named:
		return nil, nil, errors.New(`the bundle names no layer that functions could have: write layer = "NAME" in the bundle block`)
	case named && (kind == KindDeployed || kind == KindAll):
		all = append(all, Written{Kind: KindDeployed, Policy: group.policy(KindDeployed)})
	}
	switch named := len(group.layers()) > 0; {
	case kind == KindPrune && !named:
		return nil, nil, errors.New(`the bundle names no layer whose versions could be deleted: write layer = "NAME" in the bundle block`)
	case kind == KindRollout && !named:
		return nil, nil, errors.New(`the bundle names no layer that could be rolled out: write layer = "NAME" in the bundle block`)
	case named:
		if kind == KindRollout || kind == KindAll {
			all = append(all, Written{Kind: KindRollout, Policy: group.Rollout()})
		}
		if kind == KindPrune || kind == KindAll {
			all = append(all, Written{Kind: KindPrune, Policy: group.Prune()})
		}
	}
	switch named := len(group.layers()) > 0; {
	case kind == KindRevoke && !named:
		return nil, nil, errors.New(`the bundle names no layer that functions could have: write layer = "NAME" in the bundle block`)
	case named && (kind == KindRevoke || kind == KindAll):
		all = append(all, Written{Kind: KindRevoke, Policy: group.Revoke()})
	}
	if kind == KindAudit || kind == KindAll {
		all = append(all, Written{Kind: KindAudit, Policy: group.Audit()})
	}
	for _, name := range group.Functions() {
		document, err := s.Function(name)
		if err != nil {
			return nil, nil, err
		}
		if kind == KindFunction || kind == KindAll {
			all = append(all, Written{Kind: KindFunction, Function: name, Policy: document})
		}
		if kind != KindKey && kind != KindAll {
			continue
		}
		document, err = s.Key(name)
		switch {
		case err == nil:
			all = append(all, Written{Kind: KindKey, Function: name, Key: s.Keys[name], Policy: document})
		case kind == KindKey || !errors.Is(err, ErrRole):
			missing = append(missing, err)
		}
	}
	return all, missing, nil
}
