package main

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
)

func publishAttempts() []attempt {
	prod := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS", "--layer", "prod.zip"}, args...)
	}
	fault := func(kind awslocal.Kind) []awslocal.Fault {
		return []awslocal.Fault{{Kind: kind, Operation: "lambda:PublishLayerVersion"}}
	}
	return []attempt{
		{name: "success", args: prod()},
		{name: "published already", args: prod()},
		{name: "embedded", args: []string{"--env", "local", "--layer", "local.zip"}},
		{name: "in Actions", args: prod(), environ: inActions()},
		{name: "two environments", args: both("--layer"), before: builtBoth},
		{name: "two environments, in Actions", args: both("--layer"), environ: inActions()},
		{name: "one of two environments", args: both("--layer", "--env", "stranger"), code: 2},
		{name: "two environments, half of what Lambda says", args: both("--layer", "--timeout", "300ms"),
			faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "lambda:ListLayerVersions"}}, code: 6},
		{name: "wrong account", args: []string{"--env", "stranger", "--endpoint-url", "$AWS", "--layer", "prod.zip"}, code: 7},
		{name: "sample values", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--layer", "local.zip"}, code: 7},
		{name: "a damaged layer", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--layer", "damaged.zip"}, before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "another digest", args: prod("--sha256", strings.Repeat("0", 64)), code: 7},
		{name: "a secret for a digest", args: prod("--sha256", "sample.json"), code: 2},
		{name: "an older layer", args: older(), before: builtOlder, code: 7},
		{name: "an older layer, in Actions", args: older(), environ: inActions(), code: 7},
		{name: "an older layer, on purpose", args: older("--allow-rollback")},
		{name: "a guard file that does not allow it", args: prod("--guard", "guard.hcl"), before: strictGuard, code: 2},
		{name: "a file with secrets", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--layer", "sample.json"}, code: 7},
		{name: "helpers of an unknown release", args: prod("--helpers-of", "v9.9.9"), code: 2},
		{name: "no layer", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--layer", "gone.zip"}, code: 2},
		{name: "broken manifest", args: prod("--manifest", "broken.hcl"), code: 2},
		{name: "denied", args: prod(), policy: denying("lambda:*", "*"), code: 4},
		{name: "an answer that is lost", args: prod("--manifest", "renamed.hcl"), before: renamed, faults: fault(awslocal.Reset), code: 6},
		{name: "nothing from Lambda", args: prod("--manifest", "renamed.hcl"), before: renamed, faults: fault(awslocal.Empty), code: 6},
		{name: "a parameter for the ARN", args: prod("--ssm", "/arn/{environment}")},
		{name: "a parameter for the ARN, in Actions", args: prod("--ssm", "/arn/{environment}", "--json"), environ: inActions()},
		{name: "a secret where the ARN would be", args: prod("--ssm", "/planted/secure"), before: planted, code: 7},
		{name: "a String where the ARN would be", args: prod("--ssm", "/planted/string"), before: planted, code: 7},
		{name: "a list where the ARN would be", args: prod("--ssm", "/planted/list"), before: planted, code: 7},
		{name: "a secret for a parameter's name", args: prod("--ssm", "/{sample.json}"), code: 2},
		{name: "a parameter that may not be put", args: prod("--ssm", "/arn/denied"), policy: denying("ssm:PutParameter", "*"), code: 4},
		{name: "closed output", args: prod(), closed: true, code: 8},
	}
}

// renamed writes a manifest whose layer is not published yet.
func renamed(s *stage) {
	s.write("renamed.hcl", "bundle {\n  name  = \"shop\"\n  layer = \"renamed\"\n}\n"+canaryManifest[len(canaryBundle):])
}

// older are the arguments of publishing a layer with an older version.
func older(args ...string) []string {
	return append([]string{"--manifest", "older.hcl", "--env", "prod", "--endpoint-url", "$AWS", "--layer", "older.zip"}, args...)
}

func builtOlder(s *stage) {
	s.write("older.hcl", strings.Replace(canaryManifest, "/canary/versions:2", "/canary/versions:1", 1))
	s.run("build", "--manifest", "older.hcl", "--env", "prod", "--endpoint-url", "$AWS", "--out", "older.zip", "--previous", "none")
}

// planted puts canaries where the ARN of the layer is to be put.
func planted(s *stage) {
	for name, kind := range map[string]types.ParameterType{"secure": types.ParameterTypeSecureString, "string": types.ParameterTypeString, "list": types.ParameterTypeStringList} {
		in := &ssm.PutParameterInput{Name: aws.String("/planted/" + name), Value: aws.String(s.canaries[name].value), Type: kind, Overwrite: aws.Bool(true)}
		if _, err := s.cloud.ssm.PutParameter(s.Context(), in); err != nil {
			s.Fatal(err)
		}
	}
}

func strictGuard(s *stage) {
	s.write("guard.hcl", "allow {\n  environments = [\"prod\"]\n  accounts     = [\"222222222222\"]\n  regions      = [\"*\"]\n  bundles      = [\"*\"]\n  functions    = [\"*\"]\n  keys         = [\"*\"]\n  parameters   = [\"/elsewhere/\"]\n}\n")
}

// both are the arguments of a command about the layers of two environments.
func both(flag string, args ...string) []string {
	return append([]string{"--manifest", "several.hcl", "--env", "prod", "--env", "second", "--endpoint-url", "$AWS", flag, "several-{environment}.zip"}, args...)
}

// builtBoth builds those layers.
func builtBoth(s *stage) { s.run("build", several()...) }

func planAttempts() []attempt {
	prod := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS", "--out", "prod.zip"}, args...)
	}
	withExtra := prod("--manifest", "extra.hcl")
	return []attempt{
		{name: "unchanged", args: prod()},
		{name: "first", args: prod("--previous", "none")},
		{name: "changed", args: prod("--manifest", "extra.hcl", "--exit-code"), before: extra(`parameter = "/canary/array"`), code: 3},
		{name: "embedded", args: []string{"--env", "local", "--out", "local.zip"}},
		{name: "offline", args: []string{"--env", "prod", "--offline"}},
		{name: "in Actions", args: prod("--reseal"), environ: inActions()},
		{name: "two environments", args: both("--out", "--reseal"), before: builtBoth},
		{name: "two environments, in Actions", args: both("--out", "--exit-code", "--previous", "none"), environ: inActions(), code: 3},
		{name: "two environments, offline", args: both("--out", "--offline")},
		{name: "one of two environments", args: both("--out", "--env", "stranger"), code: 4},
		{name: "missing parameter", args: withExtra, before: extra(`parameter = "/canary/gone"`), code: 5},
		{name: "denied parameter", args: prod(), policy: denying("ssm:GetParameters", "*"), code: 4},
		{name: "denied key", args: prod(), policy: denying("kms:DescribeKey", "*"), code: 4},
		{name: "wrong account", args: []string{"--env", "stranger", "--endpoint-url", "$AWS"}, code: 4},
		{name: "broken manifest", args: prod("--manifest", "broken.hcl"), code: 2},
		{name: "a file with secrets for a layer", args: prod("--previous", "sample.json"), code: 7},
		{name: "a file with secrets for another layer", args: prod("--previous", "sample.json", "--previous-sha256", strings.Repeat("0", 64)), code: 7},
		{name: "another layer", args: prod("--previous-sha256", strings.Repeat("0", 64)), code: 7},
		{name: "values cut short", args: prod("--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Cut, Operation: "ssm:GetParameters"}}, code: 6},
		{name: "half of the values", args: prod("--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "ssm:GetParametersByPath"}}, code: 6},
		{name: "closed output", args: prod(), closed: true, code: 8},
	}
}

func compareAttempts() []attempt {
	two := func(args ...string) []string {
		return append([]string{"--manifest", "several.hcl", "--env", "prod", "--env", "second", "--endpoint-url", "$AWS"}, args...)
	}
	gone := func(s *stage) {
		s.write("gone.hcl", canaryManifest+`environment "second" {
  account_id = "222222222222"
  regions    = ["us-west-2", "eu-west-1"]
}
`)
	}
	return []attempt{
		{name: "two environments", args: two()},
		{name: "in Actions", args: two("--exit-code"), environ: inActions()},
		{name: "a region that has nothing", args: []string{"--manifest", "gone.hcl", "--env", "second", "--exit-code", "--endpoint-url", "$AWS"}, before: gone, code: 3},
		{name: "denied parameters", args: two(), policy: denying("ssm:GetParameters", "*"), code: 4},
		{name: "denied paths", args: two(), policy: denying("ssm:GetParametersByPath", "*"), code: 4},
		{name: "denied keys", args: two(), policy: denying("kms:DescribeKey", "*"), code: 4},
		{name: "the wrong account", args: []string{"--env", "prod", "--env", "stranger", "--endpoint-url", "$AWS"}, code: 4},
		{name: "a broken manifest", args: []string{"--manifest", "broken.hcl", "--all", "--endpoint-url", "$AWS"}, code: 2},
		{name: "one environment", args: []string{"--env", "prod", "--endpoint-url", "$AWS"}, code: 2},
		{name: "values cut short", args: two("--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Cut, Operation: "ssm:GetParameters"}}, code: 6},
		{name: "half of the values", args: two("--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "ssm:GetParametersByPath"}}, code: 6},
		{name: "denied description of a secret", args: two(), policy: denying("secretsmanager:DescribeSecret", "*"), code: 4},
		{name: "no dates of a secret", args: two(), faults: []awslocal.Fault{{Kind: awslocal.Empty, Operation: "secretsmanager:ListSecretVersionIds"}}, code: 7},
		{name: "half of the dates of a secret", args: two("--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "secretsmanager:ListSecretVersionIds"}}, code: 6},
		{name: "closed output", args: two(), closed: true, code: 8},
	}
}

func statusAttempts() []attempt {
	account := func(args ...string) []string { return append([]string{"--endpoint-url", "$AWS"}, args...) }
	return []attempt{
		{name: "current", args: account("--manifest", "secrets.hcl", "--env", "prod", "--layer", "prod.zip")},
		{name: "stale, as nothing says what is pinned", args: account("--exit-code", "--layer", "prod.zip"), code: 3},
		{name: "embedded", args: []string{"--manifest", "secrets.hcl", "--env", "local", "--layer", "local.zip"}},
		{name: "in Actions", args: account("--layer", "prod.zip"), environ: inActions()},
		{name: "two environments", args: account("--manifest", "several.hcl", "--env", "prod", "--env", "second", "--layer", "several-{environment}.zip"), before: builtBoth},
		{name: "two environments, in Actions", environ: inActions(),
			args: account("--manifest", "several.hcl", "--env", "prod", "--env", "second", "--layer", "several-{environment}.zip")},
		{name: "one of two environments", args: account("--manifest", "several.hcl", "--env", "prod", "--env", "stranger", "--layer", "several-{environment}.zip"), code: 2},
		{name: "nothing published", args: account("--manifest", "secrets.hcl", "--env", "prod"), code: 7},
		{name: "deployed, nothing published", args: account("--manifest", "secrets.hcl", "--env", "prod", "--deployed"), code: 7},
		{name: "a secret beside --deployed", args: account("--layer", "sample.json", "--deployed"), code: 2},
		{name: "a file with secrets", args: account("sample.json"), code: 7},
		{name: "a damaged layer", args: account("--layer", "damaged.zip"), before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "denied", args: account("--layer", "prod.zip"), policy: denying("ssm:*", "*"), code: 4},
		{name: "half of the versions", args: account("--timeout", "300ms", "--layer", "prod.zip"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "ssm:GetParameters"}}, code: 6},
		{name: "another environment's", args: account("--manifest", "secrets.hcl", "--env", "stranger", "--layer", "prod.zip"), code: 7},
		{name: "closed output", args: account("--layer", "prod.zip"), closed: true, code: 8},
	}
}

func verifyAttempts() []attempt {
	account := func(args ...string) []string { return append([]string{"--endpoint-url", "$AWS"}, args...) }
	return []attempt{
		{name: "success", args: []string{"--layer", "prod.zip"}},
		{name: "against the manifest", args: []string{"--manifest", "secrets.hcl", "--env", "prod", "--layer", "prod.zip"}},
		{name: "opening", args: account("--open", "--layer", "prod.zip")},
		{name: "opening, embedded", args: []string{"--open", "--layer", "local.zip"}},
		{name: "two environments", before: builtBoth,
			args: account("--open", "--manifest", "several.hcl", "--env", "prod", "--env", "second", "--layer", "several-{environment}.zip")},
		{name: "two environments, of which one is another's", args: account("--open", "--manifest", "several.hcl", "--env", "local", "--env", "second", "--layer", "several-second{environment}.zip"), code: 2},
		{name: "opening is denied", args: account("--open", "--layer", "prod.zip"), policy: denying("kms:Decrypt", "*"), code: 4},
		{name: "half of what is opened", args: account("--open", "--layer", "prod.zip"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "kms:Decrypt"}}, code: 7},
		{name: "another manifest", args: []string{"--manifest", "sibling.hcl", "--env", "prod", "--layer", "prod.zip"}, code: 7},
		{name: "another environment", args: []string{"--manifest", "secrets.hcl", "--env", "local", "--layer", "prod.zip"}, code: 7},
		{name: "broken manifest", args: []string{"--manifest", "broken.hcl", "--env", "prod", "--layer", "prod.zip"}, code: 2},
		{name: "a damaged layer", args: []string{"--layer", "damaged.zip"}, before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "a file with secrets", args: []string{"sample.json"}, code: 7},
		{name: "closed output", args: []string{"--layer", "prod.zip"}, closed: true, code: 8},
	}
}

// statusOfSecrets come last, because one puts another version.
func statusOfSecrets() []attempt {
	account := func(args ...string) []string { return append([]string{"--endpoint-url", "$AWS"}, args...) }
	return []attempt{
		{name: "denied description of a secret", args: account("--layer", "prod.zip"), policy: denying("secretsmanager:DescribeSecret", "*"), code: 4},
		{name: "nothing of a description", args: account("--layer", "prod.zip"), faults: []awslocal.Fault{{Kind: awslocal.Empty, Operation: "secretsmanager:DescribeSecret"}}, code: 7},
		{name: "half of a description", args: account("--timeout", "300ms", "--layer", "prod.zip"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "secretsmanager:DescribeSecret"}}, code: 6},
		{name: "a description that repeats a value", args: account("--layer", "prod.zip"), faults: []awslocal.Fault{{
			Kind: awslocal.Fail, Operation: "secretsmanager:DescribeSecret", Code: "AccessDeniedException", Message: newCanary("kept").value}}, code: 4},
		{name: "another version of a secret", args: account("--exit-code", "--layer", "prod.zip"), before: putKept, code: 3},
		{name: "dates that may not be seen", args: account("--exit-code", "--layer", "prod.zip"), policy: denying("secretsmanager:ListSecretVersionIds", "*"), code: 3},
		{name: "no dates", args: account("--layer", "prod.zip"), faults: []awslocal.Fault{{Kind: awslocal.Empty, Operation: "secretsmanager:ListSecretVersionIds"}}, code: 7},
		{name: "half of the dates", args: account("--timeout", "300ms", "--layer", "prod.zip"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "secretsmanager:ListSecretVersionIds"}}, code: 6},
	}
}

// putKept puts another version of a secret of Secrets Manager, with the same value.
func putKept(s *stage) {
	value := s.canaries["kept"].value
	if _, err := s.cloud.secrets.PutSecretValue(s.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("canary/kept"), SecretString: &value}); err != nil {
		s.Fatal(err)
	}
}
