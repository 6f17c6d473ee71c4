package policy

import (
	"github.com/whispering/bundle/internal/arn"
)

// Revoke is the policy of a role that runs bundle revoke. It allows reading and replacing the policies of the functions' keys and
// of their relatives in other Regions, finding out what is deployed, and assuming the functions' roles that are known, to prove the
// effect.
//
// kms:PutKeyPolicy is the right to the key: who has it can let anyone decrypt. No condition limits what is put. KMS's check that
// somebody can still replace the policy cannot be bypassed with it:
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-bypass-policy-lockout-safety-check
func (s Setting) Revoke() Document {
	keys := s.relatives()
	statements := s.readPublished()
	statements = append(statements, []Statement{
		{Sid: "ListFunctions", Effect: allow, Action: List{"lambda:ListFunctions"}, Resource: List{"*"}},
		{Sid: "ListAliases", Effect: allow, Action: List{"lambda:GetFunctionConfiguration", "lambda:ListAliases"}, Resource: List{s.functionARN("*")}},
		{Sid: "LookAtKeys", Effect: allow, Action: List{"kms:DescribeKey", "kms:ListResourceTags"}, Resource: keys},
		{
			Sid: "ReadKeyPolicies", Effect: allow, Action: List{"kms:GetKeyPolicy"}, Resource: keys,
			Condition: Condition{"StringEquals": {policyName: List{"default"}}},
		},
		{Sid: "PutKeyPolicies", Effect: allow, Action: List{"kms:PutKeyPolicy"}, Resource: keys},
	}...)
	var roles List
	for _, name := range s.Functions() {
		if role := s.FunctionRoles[name]; role != "" {
			roles = append(roles, role)
		}
	}
	if len(roles) > 0 {
		statements = append(statements, Statement{Sid: "AssumeFunctionRoles", Effect: allow, Action: List{"sts:AssumeRole"}, Resource: distinct(roles)})
	}
	return newDocument(statements, []Statement{{
		Sid: "DenyLockout", Effect: deny, Action: List{"kms:PutKeyPolicy"}, Resource: List{"*"},
		Condition: Condition{"Bool": {"kms:BypassPolicyLockoutSafetyCheck": List{"true"}}},
	}, s.denyValues()})
}

// relatives are the functions' keys in the account. A multi-Region key stands for its relatives, which have its ID.
func (s Setting) relatives() List {
	var all List
	for _, name := range s.Functions() {
		key := s.Keys[name]
		a, ok := arn.Parse(key)
		if !ok || a.Account != s.Account {
			continue
		}
		if arn.MultiRegion(key) {
			a.Region = "*"
		}
		all = append(all, a.String())
	}
	return distinct(all)
}
