package main

import (
	"encoding/json"

	"github.com/whispering/bundle/internal/awslocal"
)

func revokeAttempts() []attempt {
	prod := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS", "--keep", "prod.zip"}, args...)
	}
	value := newCanary("secure").value
	quoted := func(v any) json.RawMessage {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // texts always marshal
		}
		return b
	}
	policy := func(text string) []awslocal.Fault {
		return []awslocal.Fault{{Kind: awslocal.Edit, Operation: "kms:GetKeyPolicy", Member: "Policy", Value: quoted(text)}}
	}
	const role = "arn:aws:iam::" + testAccount + ":role/absent"
	return []attempt{
		{name: "a plan", args: prod()},
		{name: "a policy for one key", args: prod("--format", "policy", "--function", "hello"), plain: true},
		{name: "Terraform", args: prod("--format", "terraform"), plain: true},
		{name: "CloudFormation", args: prod("--format", "cloudformation"), plain: true},
		{name: "the CDK", args: prod("--format", "cdk"), plain: true},
		{name: "applied", args: prod("--apply")},
		{name: "applied again, in Actions", args: prod("--apply", "--allow-ci"), environ: inActions()},
		{name: "as a role that is not there", args: prod("--apply", "--as", role), code: 4},
		{name: "lifted", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--lift", "--apply"}},
		{name: "embedded", args: []string{"--env", "local", "--keep", "local.zip", "--apply"}},
		{name: "a layer with nothing to keep", args: prod("--keep", "sample.json"), code: 7},
		{name: "a layer of another account", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--keep", "local.zip"}, code: 7},
		{name: "nothing published", args: []string{"--env", "prod", "--endpoint-url", "$AWS"}, code: 7},
		{name: "wrong account", args: []string{"--env", "stranger", "--endpoint-url", "$AWS", "--keep", "prod.zip"}, code: 4},
		{name: "broken manifest", args: prod("--manifest", "broken.hcl"), code: 2},
		{name: "in a CI", args: prod("--apply"), environ: map[string]string{"CI": "true"}, code: 2},
		{name: "a policy that may not be read", args: prod(), policy: denying("kms:GetKeyPolicy", "*"), code: 4},
		{name: "a policy that may not be put", args: prod("--apply"), policy: denying("kms:PutKeyPolicy", "*"), code: 4},
		{name: "a value for a key policy", args: prod(), faults: policy(value), code: 7},
		{name: "a value in a key policy", args: prod(), faults: policy(`{"Statement": [{"Sid": ` + string(quoted(value)) + `, "Effect": "Allow", "Principal": {"AWS": ` + string(quoted(value)) +
			`}, "Action": "kms:Decrypt", "Resource": "*"}]}`)},
		{name: "a value for a function in a key policy", args: prod(), faults: policy(`{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": ` +
			`{"kms:EncryptionContext:bundle:function": ` + string(quoted(value)) + `}}}]}`), code: 7},
		{name: "a value among the digests", args: prod(), faults: policy(`{"Statement": [{"Sid": "DenyRevoked", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringNotEquals": ` +
			`{"kms:EncryptionContext:bundle:document": ` + string(quoted(value)) + `}}}]}`), code: 7},
		{name: "a value among the exceptions", args: prod(), faults: policy(`{"Statement": [{"Sid": "BreakGlass", "Effect": "Allow", "Principal": {"AWS": [` + string(quoted(value)) + `, ` + string(quoted("arn:aws:iam::222222222222:role/"+value)) + `]}, "Action": "kms:Decrypt", "Resource": "*"}]}`)},
		{name: "a value for a stack", args: prod(), faults: []awslocal.Fault{taggedBy("aws:cloudformation:stack-name", value)}},
		{name: "a refusal of tags", args: prod(), faults: []awslocal.Fault{{Kind: awslocal.Fail, Operation: "kms:ListResourceTags", Code: "AccessDeniedException", Message: "cannot read " + value}}},
		{name: "a refusal of a policy", args: prod("--apply"), faults: []awslocal.Fault{{Kind: awslocal.Fail, Operation: "kms:PutKeyPolicy", Code: "MalformedPolicyDocumentException", Message: "cannot read " + value}}, code: 4},
		{name: "an answer that is lost", args: prod("--apply"), faults: []awslocal.Fault{{Kind: awslocal.Reset, Operation: "kms:PutKeyPolicy"}}, code: 9},
		{name: "closed output", args: prod(), closed: true, code: 8},
	}
}
