package policy

import (
	"slices"

	"github.com/whispering/bundle/internal/arn"
)

// Doctor is the policy of a role that runs the doctor. It allows everything that a
// build is allowed, because dry runs test that, except publishing. It also allows
// reading who can use the functions' keys, and when they were last used, and simulating
// the policies of the roles that are known. It denies
// nothing that Build allows, so that one role can have both policies.
func (s Setting) Doctor() Document {
	build := slices.DeleteFunc(s.Build().Statement, func(s Statement) bool { return s.Sid == publishing || s.Sid == noting })
	return newDocument(build, s.readAccess(), s.simulate())
}

// simulate allows simulating the policies of the roles that are known. To find the keys
// of parameters, which those policies name, the doctor describes parameters and keys.
func (s Setting) simulate() []Statement {
	roles := List{}
	for _, name := range s.Functions() {
		if role := s.FunctionRoles[name]; role != "" {
			roles = append(roles, role)
		}
	}
	for _, role := range []string{s.BuildRole, s.PlanRole, s.PutRole} {
		if role != "" {
			roles = append(roles, role)
		}
	}
	if len(roles) == 0 {
		return nil
	}
	statements := []Statement{
		{Sid: "SimulateRoles", Effect: allow, Action: List{"iam:SimulatePrincipalPolicy"}, Resource: distinct(roles)},
	}
	if s.BuildRole == "" && s.PlanRole == "" && s.PutRole == "" {
		return statements // the policies of functions do not name parameters
	}
	statements = append(statements, Statement{Sid: "DescribeParameters", Effect: allow, Action: List{"ssm:DescribeParameters"}, Resource: List{"*"}})
	if keys := distinct(slices.Concat(s.packed().keys, s.blind().keys, s.secrets().keys)); len(keys) > 0 {
		statements = append(statements, Statement{Sid: "DescribeParameterKeys", Effect: allow, Action: List{"kms:DescribeKey"}, Resource: keys})
	}
	return statements
}

// readAccess allows reading both key policies, the grants and the last use of keys in
// the environment's account. KMS gives key policies and last uses to no other account:
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
//
// Only a request for a key policy has a kms:PolicyName.
func (s Setting) readAccess() []Statement {
	return s.readKeys(List{"kms:GetKeyLastUsage", "kms:GetKeyPolicy", "kms:ListGrants"}, List{"AWS_RAM", "default"})
}

// readKeys allows actions that read about the functions' keys in the environment's account, and of their policies those with these names.
func (s Setting) readKeys(actions, policies List) []Statement {
	own := func(keys List) List {
		return slices.DeleteFunc(keys, func(key string) bool { return arn.Account(key) != s.Account })
	}
	read := Statement{
		Sid: "ReadKeyAccess", Effect: allow, Action: actions,
		Condition: Condition{"StringEqualsIfExists": {policyName: policies}},
	}
	var statements []Statement
	if tagged := own(s.keysFor(s.tagged())); len(tagged) > 0 {
		byTag := read
		byTag.Sid, byTag.Resource, byTag.Condition = "ReadAccessToTaggedKeys", s.around(tagged), s.ofEnvironment()
		byTag.Condition["StringEqualsIfExists"] = read.Condition["StringEqualsIfExists"]
		statements = append(statements, byTag)
	}
	if named := own(s.keysFor(s.named())); len(named) > 0 {
		read.Resource = named
		statements = append(statements, read)
	}
	return statements
}
