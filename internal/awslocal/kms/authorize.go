package kms

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// allow authorizes the operation on a key, by the caller's identity policies, both key policies and the grants.
// The extra condition keys are those of the operation, such as the encryption context.
func (s *Service) allow(r *call.Request, action string, k reference, extra ...conditionKeys) error {
	policy := k.policy(r.Now)
	return s.decide(r, k, policy, s.access(r, action, k, policy, extra))
}

// access is the question whether the caller may perform an action on a key with this policy.
func (s *Service) access(r *call.Request, action string, k reference, policy iam.Policy, extra []conditionKeys) iam.Access {
	access := iam.Access{
		Principal: r.Caller.ARN, Account: r.Caller.Account, Action: "kms:" + action, Resource: k.arn(), PolicyRequired: true,
		NullVariables: s.NullVariables,
	}
	if len(k.Grants) > 0 || policy.Conditional() || r.Caller.Conditional() { // otherwise nothing asks for them
		access.Keys = k.conditionKeys(r, extra)
	}
	if action != "CreateGrant" && action != "RetireGrant" { // what a grant gives of these, they look up
		access.Grantees = k.grantees(action, access.Keys)
	}
	return access
}

// decide answers the question by these policies and by the grants that are in it.
func (s *Service) decide(r *call.Request, k reference, policy iam.Policy, access iam.Access) error {
	decision := r.Caller.Evaluate(&policy, access)
	if decision.Allowed && k.Managed && s.ManagedByIdentity {
		access.PolicyRequired = false
		decision = r.Caller.Evaluate(nil, access)
	}
	switch {
	case decision.Allowed:
		return nil
	case k.Account != r.Caller.Account && !decision.ByIdentity:
		return deniedForeign(r)
	}
	return denied(decision.Message(access))
}

// conditionKeys are the condition keys of a request for a key.
func (k reference) conditionKeys(r *call.Request, extra []conditionKeys) map[string][]string {
	keys := requestKeys(r)
	keys["kms:KeySpec"] = []string{k.Spec}
	keys["kms:KeyUsage"] = []string{k.Usage}
	keys["kms:KeyOrigin"] = []string{k.Origin}
	keys["kms:MultiRegion"] = []string{strconv.FormatBool(k.multiRegion())}
	if k.multiRegion() {
		keys["kms:MultiRegionKeyType"] = []string{k.multiRegionType()}
	}
	if k.alias != "" {
		keys["kms:RequestAlias"] = []string{k.alias}
	}
	if len(k.aliases) > 0 {
		keys["kms:ResourceAliases"] = k.aliases
	}
	for _, t := range k.Tags {
		keys["aws:ResourceTag/"+t.TagKey] = []string{*t.TagValue}
	}
	for _, add := range extra {
		add(keys)
	}
	return keys
}

// conditionKeys adds condition keys of an operation to those of the request.
type conditionKeys func(keys map[string][]string)

// condition is a condition key with one value.
func condition(name, value string) conditionKeys {
	return func(keys map[string][]string) { keys[name] = []string{value} }
}

// allowPlain authorizes an operation without a key, by identity policies alone.
func allowPlain(r *call.Request, action, resource string, extra map[string][]string) error {
	var keys map[string][]string
	if r.Caller.Conditional() { // otherwise nothing asks for them
		keys = requestKeys(r)
		maps.Copy(keys, extra)
	}
	return r.Authorize("kms:"+action, resource, keys)
}

// requestKeys are the condition keys that every request has
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
func requestKeys(r *call.Request) map[string][]string {
	keys := make(map[string][]string, 16)
	keys["kms:CallerAccount"] = []string{r.Caller.Account}
	keys["aws:RequestedRegion"] = []string{r.Region}
	keys["aws:ViaAWSService"] = []string{strconv.FormatBool(r.Via != "")}
	if r.Via != "" {
		keys["kms:ViaService"] = []string{r.Via}
	}
	return keys
}

// contextKeys are the condition keys of an encryption context: one per pair, and the list of its keys.
func contextKeys(context map[string]string) conditionKeys {
	return func(keys map[string][]string) {
		for name, value := range context {
			keys["kms:EncryptionContext:"+name] = []string{value}
			keys["kms:EncryptionContextKeys"] = append(keys["kms:EncryptionContextKeys"], name)
		}
	}
}

func algorithmKey(algorithm string) conditionKeys {
	return condition("kms:EncryptionAlgorithm", algorithm)
}

// deniedForeign refuses the use of another account's key, and does not reveal whether the key exists.
func deniedForeign(r *call.Request) error {
	return denied(fmt.Sprintf("User: %s is not authorized to perform: kms:%s on this resource because the resource does not exist in this Region, "+
		"no resource-based policies allow access, or a resource-based policy explicitly denies access", r.Caller.ARN, r.Operation))
}
