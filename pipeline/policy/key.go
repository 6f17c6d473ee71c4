package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
)

// administration is what the account's IAM policies can allow: everything that is
// needed to manage a key and to repair its policy, and nothing that touches data.
// Anyone who can change the policy could allow others to decrypt. That cannot be
// prevented, but CloudTrail logs it.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-administrators
//
// A replica of a multi-Region key has the same key material and a policy of its own. Other
// keys have no replicas:
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-auth.html
func administration(key string) List {
	all := List{
		"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation",
		"kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyLastUsage", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants",
		"kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
		"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
	}
	if strings.Contains(key, ":key/mrk-") {
		all = append(all, "kms:ReplicateKey", "kms:UpdatePrimaryRegion")
	}
	return all
}

// Key is the policy of one function's key, which other functions may share. The build
// can seal. The functions' roles and the break-glass roles can open. Nobody else
// can, not even the account's root user. The account's IAM policies decide who
// administers the key.
//
// "*" as a resource of a key policy is the key itself:
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
//
// Its errors wrap ErrFunction, or ErrRole if a function's role is not known.
func (s Setting) Key(name string) (Document, error) {
	fn, err := s.function(name)
	if err != nil {
		return Document{}, err
	}
	functions := s.sharing(fn)
	this := List{"*"}
	builder := s.BuildRole
	if builder == "" {
		builder = s.root(s.Account)
	}
	statements := []Statement{{
		Sid: "Administration", Effect: allow, Principal: &Principal{List{s.root(arn.Account(s.Keys[name]))}},
		Action: administration(s.Keys[name]), Resource: this,
	}}
	if s.Account != arn.Account(s.Keys[name]) {
		statements = append(statements, Statement{
			Sid: "Look", Effect: allow, Principal: &Principal{List{s.root(s.Account)}}, Action: List{"kms:DescribeKey"}, Resource: this,
		})
	}
	var roles List
	for _, fn := range functions {
		role := s.FunctionRoles[fn.Name.Value]
		if role == "" {
			return Document{}, fmt.Errorf("%w is known for function %q, whose key is %s: the manifest does not name it", ErrRole, fn.Name.Value, s.Keys[name])
		}
		roles = append(roles, role)
		statements = append(statements, Statement{
			Sid: sid(statements, "Seal", fn.Name.Value), Effect: allow, Principal: &Principal{List{builder}},
			Action: List{sealing(fn)}, Resource: this, Condition: s.bound(fn),
		}, Statement{
			Sid: sid(statements, "Open", fn.Name.Value), Effect: allow, Principal: &Principal{List{role}},
			Action: List{"kms:Decrypt"}, Resource: this, Condition: s.bound(fn),
		})
	}
	everyone := &Principal{List{"*"}}
	if len(s.BreakGlass) > 0 {
		statements = append(statements, Statement{
			Sid: "BreakGlass", Effect: allow, Principal: &Principal{s.BreakGlass}, Action: List{"kms:Decrypt"}, Resource: this,
		})
		roles = append(roles, s.BreakGlass...)
	}
	statements = append(statements, Statement{
		Sid: "DenyOpening", Effect: deny, Principal: everyone, Action: List{"kms:Decrypt"}, Resource: this,
		Condition: Condition{"StringNotEquals": {"aws:PrincipalArn": distinct(roles)}},
	}, Statement{
		Sid: "DenyOtherUse", Effect: deny, Principal: everyone, Resource: this,
		Action: List{"kms:ReEncryptFrom", "kms:GenerateDataKey*", "kms:CreateGrant"},
	})
	if s.Kept != nil {
		statements = append(statements, s.denyRevoked(functions))
	}
	return newDocument(statements, s.closeContext(functions, everyone)), nil
}

// ofDocument is the condition key for the digest of a document's header.
const ofDocument = "kms:EncryptionContext:bundle:document"

// denyRevoked denies opening documents that are not kept. A negated operator also matches
// if the request does not have its key, and all keys of a condition must match:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func (s Setting) denyRevoked(functions []manifest.Function) Statement {
	r := Revocation{Exempt: s.BreakGlass}
	for _, fn := range functions {
		r.Kept = append(r.Kept, s.Kept[fn.Name.Value]...)
	}
	return r.Statement()
}

// Sharing returns the names of the functions that have the same key as one of those named,
// including them, in the order of the manifest. Names that the environment does not have
// are ignored.
func (s Setting) Sharing(names []string) []string {
	var all []string
	for _, fn := range s.Manifest.Functions {
		name := fn.Name.Value
		if slices.ContainsFunc(names, func(n string) bool { return s.Keys[n] != "" && s.Keys[n] == s.Keys[name] }) {
			all = append(all, name)
		}
	}
	return all
}

// root returns the principal of an account, which allows its IAM policies to decide.
func (s Setting) root(account string) string {
	return arn.ARN{Partition: s.partition(), Service: "iam", Account: account, Resource: "root"}.String()
}
