package secretsmanager

import (
	"cmp"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// conditionKeys adds condition keys of an operation to those of the request
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html).
type conditionKeys func(keys map[string][]string)

// condition is a condition key with the value of a member, if the request has it: what is the default is not a value.
func condition(name string, value *string) conditionKeys {
	return func(keys map[string][]string) {
		if value != nil {
			keys[name] = []string{*value}
		}
	}
}

// named finds the secret that a request names, and checks the right to the operation. A policy decides about the ARN with its suffix, or
// about the one without it if there is no such secret. The lock must be held.
func (s *Service) named(req *call.Request, id *string, extra ...conditionKeys) (*secret, error) {
	r, err := parseReference(req, *id)
	if err != nil {
		return nil, err
	}
	x := s.find(req, r)
	if err := authorize(req, req.Operation, r, x, extra...); err != nil {
		return nil, err
	}
	if x == nil {
		return nil, notFound()
	}
	return x, nil
}

// usable is named for an operation that a deleted secret refuses.
func (s *Service) usable(req *call.Request, id *string, extra ...conditionKeys) (*secret, error) {
	x, err := s.named(req, id, extra...)
	if err == nil && x.deleted() {
		err = markedDeleted()
	}
	return x, err
}

// authorize checks the caller's identity policies and the policy of the secret, which is nil if there is none of the name.
func authorize(req *call.Request, action string, r reference, x *secret, extra ...conditionKeys) error {
	keys := map[string][]string{"aws:RequestedRegion": {req.Region}, "secretsmanager:SecretId": {r.asked}}
	access := iam.Access{Principal: req.Caller.ARN, Account: req.Caller.Account, Action: "secretsmanager:" + action, Resource: r.arn, Keys: keys}
	var policy *iam.Policy
	if x != nil {
		access.Resource, policy = x.ARN, x.policy
		keys["secretsmanager:SecretPrimaryRegion"] = []string{cmp.Or(x.Primary, x.Region)}
		if x.Rotation != nil && x.Rotation.LambdaARN != "" {
			keys["secretsmanager:resource/AllowRotationLambdaArn"] = []string{x.Rotation.LambdaARN}
		}
		for _, t := range x.Tags {
			keys["aws:ResourceTag/"+t.Key] = []string{t.Value}
			keys["secretsmanager:ResourceTag/"+t.Key] = []string{t.Value}
		}
	}
	for _, add := range extra {
		add(keys)
	}
	decision := req.Caller.Evaluate(policy, access)
	if decision.Allowed {
		return nil
	}
	access.Resource = r.asked // AWS names the resource as the request does
	return call.NewError("AccessDeniedException", decision.Message(access))
}

// ownKey refuses a caller of another account a value under the default key.
func ownKey(req *call.Request, x *secret, keyID string) error {
	if keyID == "" && req.Caller.Account != x.Account {
		return foreignDefault()
	}
	return nil
}
