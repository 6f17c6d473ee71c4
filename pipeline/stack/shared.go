package stack

import (
	"strings"

	"github.com/whispering/bundle/pipeline/policy"
)

// trustedARN matches whom a role can trust: one role, one user, or one OIDC provider. It
// matches no account, and nothing with a wildcard.
const (
	trustedARN   = `^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user|oidc-provider)/[^*?]+$`
	trustedError = "Write the ARN of a role, a user or an OIDC provider, without wildcards."
)

// serves reports whether the role is that of a function.
func (r Role) serves() bool { return r.Purpose == policy.KindFunction }

// roleDescription is the description of a role in IAM.
func (st *Stack) roleDescription(r Role) string {
	switch r.Purpose {
	case policy.KindCI:
		return "Builds " + st.Bundle + " for " + st.Environment
	case policy.KindPlan:
		return "Plans builds of " + st.Bundle + " for " + st.Environment
	case policy.KindPut:
		return "Puts parameters of " + st.Bundle + " for " + st.Environment
	}
	return "Function " + r.Function + " of " + st.Bundle + " in " + st.Environment
}

func (st *Stack) keyDescription(k Key) string {
	return "Secrets of " + strings.Join(k.Functions[:min(len(k.Functions), 20)], ", ") + " in " + st.Environment
}

// multiRegion reports whether the key is a multi-Region key. A new one is not.
func (k Key) multiRegion() bool { return strings.HasPrefix(k.id(), "mrk-") }

// logs is the policy that lets a function write its log:
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
func (st *Stack) logs() string {
	return "arn:" + st.Partition + ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

// lambdaTrust is the trust policy of a function's role.
func lambdaTrust() object {
	return object{{"Version", "2012-10-17"}, {"Statement", []any{object{
		{"Effect", "Allow"}, {"Action", "sts:AssumeRole"}, {"Principal", object{{"Service", "lambda.amazonaws.com"}}},
	}}}}
}

// tagsOf returns the tags of a key.
func tagsOf(k Key) object {
	var all object
	for _, tag := range k.Tags {
		all = append(all, member{tag.Key, tag.Value})
	}
	return all
}
