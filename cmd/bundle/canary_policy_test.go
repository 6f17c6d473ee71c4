package main

import (
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
		{name: "embedded", args: []string{"--env", "local"}},
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

func doctorAttempts() []attempt {
	prod := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS"}, args...)
	}
	return []attempt{
		{name: "success", args: prod()},
		{name: "with values", args: prod("--decrypt")},
		{name: "embedded", args: []string{"--env", "local"}},
		{name: "embedded, with values", args: []string{"--env", "local", "--decrypt"}},
		{name: "two environments", args: prod("--manifest", "several.hcl", "--env", "second", "--decrypt")},
		{name: "one of two environments", args: prod("--manifest", "several.hcl", "--env", "stranger", "--decrypt"), code: 4},
		{name: "a key policy that may not be seen", args: prod(), policy: denying("kms:GetKeyPolicy", "*")},
		{name: "wrong account", args: []string{"--env", "stranger", "--endpoint-url", "$AWS"}, code: 4},
		{name: "denied parameter", args: prod("--decrypt"), policy: denying("ssm:GetParameters", "arn:aws:ssm:us-west-2:"+testAccount+":parameter/canary/secure"), code: 4},
		{name: "denied decryption", args: prod("--decrypt"), policy: denying("kms:Decrypt", "*"), code: 4},
		{name: "denied encryption", args: prod(), policy: denying("kms:Encrypt", "*"), code: 4},
		{name: "denied layer", args: prod("--manifest", "renamed.hcl"), before: renamed, policy: denying("lambda:*", "*"), code: 4},
		{name: "broken manifest", args: prod("--manifest", "broken.hcl"), code: 2},
		{name: "missing parameter", args: prod("--decrypt", "--manifest", "extra.hcl"), before: extra(`parameter = "/canary/gone"`), code: 5},
		{name: "a clock that is off", args: prod("--decrypt"), faults: []awslocal.Fault{{Kind: awslocal.Skew, Delay: -6 * time.Minute}}, code: 4},
		{name: "damaged values", args: prod("--decrypt"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "ssm:GetParameters"}}, code: 6},
		{name: "no answer to dry runs", args: prod(), faults: []awslocal.Fault{{Kind: awslocal.HTML, Operation: "kms:Encrypt"}}, code: 6},
	}
}
