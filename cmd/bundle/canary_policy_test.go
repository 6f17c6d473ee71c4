package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
)

func policyAttempts() []attempt {
	prod := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS"}, args...)
	}
	const role = "arn:aws:iam::222222222222:role/hello"
	return []attempt{
		{name: "the build's", args: prod()},
		{name: "a plan's", args: prod("--kind", "plan")},
		{name: "a doctor's", args: prod("--kind", "doctor")},
		{name: "a function's", args: prod("--kind", "function", "--function", "hello")},
		{name: "a key's", args: prod("--kind", "key", "--function", "hello", "--function-role", "hello="+role, "--break-glass", role)},
		{name: "split", args: prod("--split", "policies")},
		{name: "split into a folder with a manifest", args: prod("--split", "."), code: 2},
		{name: "for a function that is none", args: prod("--function", "hello,none"), code: 2},
		{name: "Terraform", args: prod("--format", "terraform"), plain: true},
		{name: "CloudFormation", args: prod("--format", "cloudformation"), plain: true},
		{name: "the CDK", args: prod("--format", "cdk"), plain: true},
		{name: "an unknown format", args: prod("--format", "yaml"), code: 2},
		{name: "by folders", args: prod("--prefixes")},
		{name: "folders of one that has none", args: prod("--prefixes", "--kind", "key"), code: 2},
		{name: "by tags", args: prod("--style", "tags")},
		{name: "tags that may not be seen", args: prod("--style", "tags"), policy: denying("kms:ListResourceTags", "*")},
		{name: "the value of a tag", args: prod("--style", "tags"), faults: []awslocal.Fault{taggedBy("bundle:function", newCanary("secure").value)}},
		{name: "the name of a tag", args: prod("--style", "tags"), faults: []awslocal.Fault{taggedBy(newCanary("secure").value, "x")}},
		{name: "a refusal of tags", args: prod("--style", "tags"), code: 5, faults: []awslocal.Fault{{Kind: awslocal.Fail, Operation: "kms:ListResourceTags",
			Code: "NotFoundException", Message: "cannot read " + newCanary("secure").value}}},
		{name: "embedded, by tags", args: []string{"--env", "local", "--style", "tags"}},
		{name: "embedded", args: []string{"--env", "local"}},
		{name: "a role to check", args: prod("--kind", "doctor", "--plan-role", "arn:aws:iam::"+testAccount+":role/absent", "--put-role", "arn:aws:iam::"+testAccount+":role/put")},
		{name: "wrong account", args: []string{"--env", "stranger", "--endpoint-url", "$AWS"}, code: 4},
		{name: "a role that is none", args: prod("--kind", "key", "--function-role", "hello=x"), code: 2},
		{name: "a function without a role", args: prod("--kind", "key", "--function", "hello"), code: 2},
		{name: "parameters that may not be described", args: prod(), policy: denying("ssm:DescribeParameters", "*"), code: 4},
		{name: "a key that may not be described", args: prod(), policy: denying("kms:DescribeKey", "*"), code: 4},
		{name: "a parameter key that is none", args: prod("--parameter-key", "alias/none"), code: 5},
		{name: "broken manifest", args: prod("--manifest", "broken.hcl"), code: 2},
		{name: "pull_request_target", args: prod(),
			environ: map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request_target"}, code: 4},
		{name: "nothing from Parameter Store", args: prod(), faults: []awslocal.Fault{{Kind: awslocal.Empty, Operation: "ssm:DescribeParameters"}}, code: 7},
	}
}

// taggedBy gives every key this tag.
func taggedBy(name, value string) awslocal.Fault {
	tags, err := json.Marshal([]map[string]string{{"TagKey": name, "TagValue": value}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return awslocal.Fault{Kind: awslocal.Edit, Operation: "kms:ListResourceTags", Member: "Tags", Value: tags}
}

func doctorAttempts() []attempt {
	prod := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS"}, args...)
	}
	return append(doctorEchoes(), []attempt{
		{name: "success", args: prod()},
		{name: "with values", args: prod("--decrypt")},
		{name: "embedded", args: []string{"--env", "local"}},
		{name: "embedded, with values", args: []string{"--env", "local", "--decrypt"}},
		{name: "two environments", args: prod("--manifest", "several.hcl", "--env", "second", "--decrypt")},
		{name: "one of two environments", args: prod("--manifest", "several.hcl", "--env", "stranger", "--decrypt"), code: 4},
		{name: "a key policy that may not be seen", args: prod(), policy: denying("kms:GetKeyPolicy", "*")},
		{name: "grants that may not be seen", args: prod(), policy: denying("kms:ListGrants", "*")},
		{name: "a last use that may not be seen", args: prod(), policy: denying("kms:GetKeyLastUsage", "*")},
		{name: "roles that are not there", args: prod("--plan-role", "arn:aws:iam::"+testAccount+":role/absent"), code: 5},
		{name: "a role that puts that is not there", args: prod("--put-role", "arn:aws:iam::"+testAccount+":role/absent"), code: 5},
		{name: "roles that may not be seen", args: prod("--plan-role", "arn:aws:iam::"+testAccount+":role/absent"), policy: denying("iam:*", "*")},
		{name: "wrong account", args: []string{"--env", "stranger", "--endpoint-url", "$AWS"}, code: 4},
		{name: "denied parameter", args: prod("--decrypt"), policy: denying("ssm:GetParameters", "arn:aws:ssm:us-west-2:"+testAccount+":parameter/canary/secure"), code: 4},
		{name: "denied decryption", args: prod("--decrypt"), policy: denying("kms:Decrypt", "*"), code: 4},
		{name: "denied encryption", args: prod(), policy: denying("kms:Encrypt", "*"), code: 4},
		{name: "denied layer", args: prod("--manifest", "renamed.hcl"), before: renamed, policy: denying("lambda:*", "*"), code: 4},
		{name: "broken manifest", args: prod("--manifest", "broken.hcl"), code: 2},
		{name: "missing parameter", args: prod("--decrypt", "--manifest", "extra.hcl"), before: extra(`parameter = "/canary/gone"`), code: 5},
		{name: "a clock that is off", args: prod("--decrypt"), faults: []awslocal.Fault{{Kind: awslocal.Skew, Delay: -6 * time.Minute}}, code: 4},
		{name: "damaged values", args: prod("--decrypt"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "ssm:GetParameters"}}, code: 6},
		{name: "denied description of a secret", args: prod(), policy: denying("secretsmanager:DescribeSecret", "*"), code: 4},
		{name: "denied secret", args: prod("--decrypt"), policy: denying("secretsmanager:GetSecretValue", "*"), code: 4},
		{name: "nothing of a secret", args: prod("--decrypt"), faults: []awslocal.Fault{{Kind: awslocal.Empty, Operation: "secretsmanager:GetSecretValue"}}, code: 7},
		{name: "missing secret", args: prod("--decrypt", "--manifest", "extra.hcl"), before: extra(`secretsmanager = "canary/gone"`), code: 5},
		{name: "no answer to dry runs", args: prod(), faults: []awslocal.Fault{{Kind: awslocal.HTML, Operation: "kms:Encrypt"}}, code: 6},
	}...)
}

// doctorEchoes are replies and refusals in which AWS, or what is in between, has put a
// value.
func doctorEchoes() []attempt {
	value := newCanary("secure").value
	quoted := func(v any) json.RawMessage {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // texts always marshal
		}
		return b
	}
	edit := func(operation, member string, with any) awslocal.Fault {
		return awslocal.Fault{Kind: awslocal.Edit, Operation: operation, Member: member, Value: quoted(with)}
	}
	policy := func(principal, sid, rest string) awslocal.Fault {
		return edit("kms:GetKeyPolicy", "Policy", `{"Statement": [{"Sid": `+string(quoted(sid))+`, "Effect": "Allow", "Principal": {"AWS": `+
			string(quoted(principal))+`}, "Action": "kms:*"`+rest+`}]}`)
	}
	granted := func(principal string) awslocal.Fault {
		return awslocal.Fault{Kind: awslocal.Body, Operation: "kms:ListGrants", Body: `{"Grants": [{"KeyId": "x", "Operations": ["Decrypt"], "GranteePrincipal": ` + string(quoted(principal)) + `}]}`}
	}
	refusal := func(operation, code string) awslocal.Fault {
		return awslocal.Fault{Kind: awslocal.Fail, Operation: operation, Code: code, Message: "cannot read " + value}
	}
	const whole = `, "Resource": "*"`
	args := []string{"--env", "prod", "--endpoint-url", "$AWS", "--decrypt"}
	var all []attempt
	for _, c := range []struct {
		name  string
		fault awslocal.Fault
		code  int
	}{
		{"a refusal of a simulation", refusal("iam:SimulatePrincipalPolicy", "AccessDenied"), 0},
		{"a refusal of a role", refusal("iam:SimulatePrincipalPolicy", "NoSuchEntity"), 5},
		{"a fault of a simulation", refusal("iam:SimulatePrincipalPolicy", "InvalidInput"), 0},
		{"a simulation", awslocal.Fault{Kind: awslocal.Body, Operation: "iam:SimulatePrincipalPolicy", Body: "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>" +
			"<EvaluationResults><member><EvalActionName><![CDATA[" + value + "]]></EvalActionName></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"}, 7},
		{"a principal of a policy", policy(value, "", whole), 0},
		{"an account of a policy", policy("arn:aws:iam::"+value+":root", "", whole), 0},
		{"a pattern of a policy", policy("*"+value, "", whole), 0},
		{"the name of a statement", policy("*", value, ""), 0},
		{"a whole policy", edit("kms:GetKeyPolicy", "Policy", value), 7},
		{"a statement", edit("kms:GetKeyPolicy", "Policy", `{"Statement": `+string(quoted(value))+`}`), 0},
		{"the name of a policy", edit("kms:GetKeyPolicy", "PolicyName", value), 0},
		{"the key of a grant", granted(value), 7},
		{"the next page of grants", awslocal.Fault{Kind: awslocal.Body, Operation: "kms:ListGrants", Body: `{"Grants": [], "Truncated": true, "NextMarker": ` + string(quoted(value)) + `}`}, 7},
		{"the last operation", edit("kms:GetKeyLastUsage", "KeyLastUsage", map[string]any{"Operation": value, "Timestamp": 1.8e9}), 0},
		{"the key of a last use", edit("kms:GetKeyLastUsage", "KeyId", value), 7},
		{"a refusal of policies", refusal("kms:GetKeyPolicy", "AccessDeniedException"), 0},
		{"a refusal of grants", refusal("kms:ListGrants", "AccessDeniedException"), 0},
		{"a refusal of a last use", refusal("kms:GetKeyLastUsage", "ValidationException"), 0},
		{"a refusal of a dry run", refusal("kms:Encrypt", "AccessDeniedException"), 4},
		{"a refusal of another dry run", refusal("kms:Decrypt", "ValidationException"), 0},
		{"the ARN of a key", edit("kms:DescribeKey", "KeyMetadata.Arn", value), 7},
		{"the kind of a key", edit("kms:DescribeKey", "KeyMetadata.KeySpec", value), 5},
		{"the state of a key", edit("kms:DescribeKey", "KeyMetadata.KeyState", value), 7},
		{"the ARN of a layer", edit("lambda:ListLayerVersions", "LayerVersions[].LayerVersionArn", value), 0},
	} {
		args := args
		if strings.HasPrefix(c.fault.Operation, "iam:") {
			args = append(slices.Clone(args), "--plan-role", "arn:aws:iam::"+testAccount+":role/plan", "--put-role", "arn:aws:iam::"+testAccount+":role/put")
		}
		all = append(all, attempt{name: "a value in " + c.name, args: args, faults: []awslocal.Fault{c.fault}, code: c.code})
	}
	return all
}
