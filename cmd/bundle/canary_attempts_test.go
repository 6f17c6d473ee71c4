package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
)

// canaryAttempts are the ways in which TestNoCanaryLeaves calls each command.
func canaryAttempts() map[string][]attempt {
	all := map[string][]attempt{
		"build":      append(buildSuccesses(), append(buildRefusals(), buildFaults()...)...),
		"validate":   validateAttempts(),
		"inspect":    inspectAttempts(),
		"helpers":    helpersAttempts(),
		"unpack":     unpackAttempts(),
		"publish":    publishAttempts(),
		"rollout":    rolloutAttempts(),
		"prune":      pruneAttempts(),
		"plan":       planAttempts(),
		"status":     slices.Concat(statusAttempts(), deployedAttempts(), statusOfSecrets()),
		"compare":    compareAttempts(),
		"verify":     verifyAttempts(),
		"policy":     policyAttempts(),
		"doctor":     doctorAttempts(),
		"audit":      auditAttempts(),
		"run":        runAttempts(),
		"revoke":     revokeAttempts(),
		"rotate":     rotateAttempts(),
		"put":        secretPutAttempts(),
		"import":     secretImportAttempts(),
		"init":       initAttempts(),
		"fmt":        fmtAttempts(),
		"completion": completionAttempts(),
		"matrix": {
			{name: "success", args: []string{"--env", "prod"}},
			{name: "a layer for each function", args: []string{"--manifest", "functions.hcl", "--env", "prod", "--env", "local"}},
			{name: "in Actions", args: []string{"--all"}, environ: inActions()},
			{name: "a broken manifest", args: []string{"--manifest", "broken.hcl", "--all"}, code: 2},
			{name: "no such environment", args: []string{"--env", "gone"}, code: 2},
			{name: "too few jobs", args: []string{"--manifest", "several.hcl", "--all", "--max", "1"}, code: 2},
			{name: "a layer in the way", args: []string{"--env", "prod", "--out", "one-{function}.zip"}, code: 2},
			{name: "no number", args: []string{"--env", "prod", "--max", "many"}, code: 2},
			{name: "closed output", args: []string{"--env", "prod"}, closed: true, code: 8},
		},
		"schema": schemaAttempts(),
		"version": {
			{name: "success"},
			{name: "unknown flag", args: []string{"--all"}, code: 2},
			{name: "an argument", args: []string{"all"}, code: 2},
			{name: "a value for a switch", args: []string{"--json=maybe"}, code: 2},
			{name: "a flag without a name", args: []string{"--=x"}, code: 2},
			{name: "closed output", closed: true, code: 8},
		},
	}
	maps.Copy(all, localAttempts())
	return all
}

// prod are the arguments of a build in the account.
func prod(args ...string) []string {
	return append([]string{"--env", "prod", "--endpoint-url", "$AWS", "--out", "out.zip"}, args...)
}

// anew are those of one that reads and encrypts everything.
func anew(args ...string) []string { return prod(append([]string{"--reseal"}, args...)...) }

func buildSuccesses() []attempt {
	return []attempt{
		{name: "first build", args: prod(), before: remove("out.zip")},
		{name: "unchanged", args: prod()},
		{name: "all anew", args: anew()},
		{name: "embedded", args: []string{"--env", "local", "--out", "embedded.zip"}, before: remove("embedded.zip")},
		{name: "embedded, unchanged", args: []string{"--env", "local", "--out", "embedded.zip"}},
		{name: "embedded, in Actions", args: []string{"--env", "local", "--out", "embedded.zip", "--reseal"}, environ: inActions()},
		{name: "in Actions", args: anew(), environ: inActions()},
		{name: "two environments", args: several()},
		{name: "two environments, in Actions", args: several(), environ: inActions()},
		{name: "a layer for each function", args: []string{"--manifest", "functions.hcl", "--env", "prod", "--endpoint-url", "$AWS", "--out", "one-{function}.zip"}},
		{name: "a field that is an object", args: anew("--manifest", "extra.hcl"), before: extra(`parameter = "/canary/json"; field = "live"`)},
		{name: "a variable", args: prod("--var", "x=y", "--manifest", "values.hcl"), before: func(s *stage) {
			s.write("values.hcl", canaryManifest+"variable \"x\" {}\n")
		}},
	}
}

// several are the arguments of a build of two environments.
func several(args ...string) []string {
	return append([]string{"--manifest", "several.hcl", "--env", "prod", "--env", "second", "--endpoint-url", "$AWS", "--out", "several-{environment}.zip"}, args...)
}

func inActions() map[string]string {
	return map[string]string{
		"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_OUTPUT": "outputs.txt",
		"GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_ENV": "env.txt",
	}
}

// extra returns what makes a manifest with one more secret in function hello.
func extra(attributes string) func(*stage) {
	return func(s *stage) {
		s.write("extra.hcl", strings.Replace(canaryManifest, "function \"hello\" {\n",
			"function \"hello\" {\n  secret \"EXTRA\" {\n    "+strings.ReplaceAll(attributes, "; ", "\n    ")+"\n  }\n", 1))
	}
}

// onlyWorker writes a manifest with one function, whose one box can be told in
// advance.
func onlyWorker(s *stage) {
	before, rest, _ := strings.Cut(canaryManifest, "function \"hello\"")
	_, worker, _ := strings.Cut(rest, "function \"worker\"")
	s.write("extra.hcl", before+"function \"worker\""+worker)
}

func remove(name string) func(*stage) {
	return func(s *stage) {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			s.Fatal(err)
		}
	}
}

// damage returns what spoils a copy of a layer in the middle.
func damage(from, to string) func(*stage) {
	return func(s *stage) {
		b, err := os.ReadFile(filepath.Join(s.dir, from))
		if err != nil {
			s.Fatal(err)
		}
		b[len(b)/2] ^= 1
		s.write(to, string(b))
	}
}

func buildRefusals() []attempt {
	withExtra := anew("--manifest", "extra.hcl")
	return []attempt{
		{name: "wrong account", args: []string{"--env", "stranger", "--endpoint-url", "$AWS", "--out", "out.zip"}, code: 4},
		{name: "one of two environments", args: several("--env", "stranger"), code: 4},
		{name: "two environments in one layer", args: []string{"--all", "--endpoint-url", "$AWS", "--out", "out.zip"}, code: 2},
		{name: "missing parameter", args: withExtra, before: extra(`parameter = "/canary/gone"`), code: 5},
		{name: "missing version", args: withExtra, before: extra(`parameter = "/canary/secure:99"`), code: 5},
		{name: "missing label", args: withExtra, before: extra(`parameter = "/canary/labels:next"`), code: 5},
		{name: "missing field", args: anew("--manifest", "sibling.hcl"), code: 5},
		{name: "field of what is no JSON", args: withExtra, before: extra(`parameter = "/canary/notjson"; field = "x"`), code: 5},
		{name: "field of an array", args: withExtra, before: extra(`parameter = "/canary/array"; field = "x.y"`), code: 5},
		{name: "no base64", args: withExtra, before: extra(`parameter = "/canary/secure"; encoding = "base64"`), code: 5},
		{name: "denied parameter", args: anew(), policy: denying("ssm:GetParameters", "arn:aws:ssm:us-west-2:"+testAccount+":parameter/canary/secure"), code: 4},
		{name: "missing secret", args: withExtra, before: extra(`secretsmanager = "canary/gone"`), code: 5},
		{name: "missing stage of a secret", args: withExtra, before: extra(`secretsmanager = "canary/kept"; version_stage = "OTHER"`), code: 5},
		{name: "field of a secret that is no JSON", args: withExtra, before: extra(`secretsmanager = "canary/text"; field = "x"`), code: 5},
		{name: "missing field of a secret", args: withExtra, before: extra(`secretsmanager = "canary/json"; field = "live.kee"`), code: 5},
		{name: "a binary secret as text", args: withExtra, before: extra(`secretsmanager = "canary/bytes"`), code: 5},
		{name: "a secret that is no base64", args: withExtra, before: extra(`secretsmanager = "canary/text"; encoding = "base64"`), code: 5},
		{name: "a secret that does not match", args: withExtra, before: extra(`secretsmanager = "canary/kept"; min_length = 9999`), code: 5},
		{name: "denied secret", args: anew(), policy: denying("secretsmanager:GetSecretValue", "*"), code: 4},
		{name: "denied description of a secret", args: anew("--previous", "prod.zip"), policy: denying("secretsmanager:DescribeSecret", "*"), code: 4},
		{name: "denied path", args: anew(), policy: denying("ssm:GetParametersByPath", "*"), code: 4},
		{name: "denied decryption", args: anew(), policy: denying("kms:Decrypt", "*"), code: 4},
		{name: "denied encryption", args: anew(), policy: denying("kms:Encrypt", "*"), code: 4},
		{name: "denied key", args: anew(), policy: denying("kms:DescribeKey", "*"), code: 4},
		{name: "missing key", args: withExtra, before: func(s *stage) {
			s.write("extra.hcl", strings.Replace(canaryManifest, "alias/$", "alias/none-$", 1))
		}, code: 5},
		{name: "broken manifest", args: prod("--manifest", "broken.hcl"), code: 2},
		{name: "endpoint in the environment", args: []string{"--env", "prod", "--out", "out.zip"},
			environ: map[string]string{"AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:1"}, code: 2},
		{name: "pull_request_target", args: anew(),
			environ: map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request_target"}, code: 4},
		{name: "damaged previous layer", args: anew("--previous", "damaged.zip"), before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "damaged output", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--out", "damaged.zip"}, before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "another's previous layer", args: anew("--previous", "local.zip"), code: 7},
		{name: "output is a folder", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--out", "."}, code: 8},
		{name: "output is the manifest", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--out", "secrets.hcl"}, code: 2},
		{name: "output is the sample", args: []string{"--env", "local", "--out", "sample.json"}, code: 2},
		{name: "no output", args: []string{"--env", "prod", "--endpoint-url", "$AWS"}, code: 2},
		{name: "closed output", args: anew(), closed: true, code: 8},
		{name: "a sample that is no JSON", args: []string{"--env", "local", "--out", "x.zip", "--manifest", "folder/seedless.hcl"}, before: func(s *stage) {
			if err := os.MkdirAll(filepath.Join(s.dir, "folder"), 0o700); err != nil {
				s.Fatal(err)
			}
			s.write("folder/seedless.hcl", strings.Replace(canaryManifest, "sample.json", "broken-sample.json", 1))
			c := s.canaries["broken seed"].value
			s.input("folder/broken-sample.json", `{"parameters": [{"name": "/canary/x", "type": "String", "value": `+c+`}]}`)
		}, code: 2},
		{name: "an embedded AWS whose state is damaged", args: []string{"--env", "local", "--out", "x.zip", "--manifest", "spoiled/secrets.hcl"},
			before: func(s *stage) { s.spoil("spoiled") }, code: 2},
	}
}

// spoil makes a folder with a manifest and a state that is cut short.
func (s *stage) spoil(name string) {
	s.Helper()
	folder := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Join(folder, pipeline.StateFolder), 0o700); err != nil {
		s.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join(s.dir, pipeline.StateFolder, "local", "state.json"))
	if err != nil {
		s.Fatal(err)
	}
	sample, err := os.ReadFile(filepath.Join(s.dir, "sample.json"))
	if err != nil {
		s.Fatal(err)
	}
	s.write(filepath.Join(name, "secrets.hcl"), canaryManifest)
	s.input(filepath.Join(name, "sample.json"), string(sample))
	s.write(filepath.Join(name, pipeline.StateFolder, "state.json"), string(state[:len(state)*9/10]))
}

func buildFaults() []attempt {
	fault := func(f awslocal.Fault) []awslocal.Fault { return []awslocal.Fault{f} }
	soon := anew("--timeout", "300ms")
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	worker := `{"IN_ONE":"` + escaped.Replace(newCanary("imported").value) + `","IN_TWO_THREE":"` + escaped.Replace(newCanary("imported deep").value) + `"}`
	echo := `{"Plaintext":"` + base64.StdEncoding.EncodeToString([]byte(worker)) + `"}`
	return []attempt{
		{name: "nothing from SSM", args: anew(), faults: fault(awslocal.Fault{Kind: awslocal.Empty, Operation: "ssm:GetParameters"}), code: 7},
		{name: "nothing from Secrets Manager", args: anew(), faults: fault(awslocal.Fault{Kind: awslocal.Empty, Operation: "secretsmanager:GetSecretValue"}), code: 7},
		{name: "a secret cut short", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.Cut, Operation: "secretsmanager:GetSecretValue"}), code: 6},
		{name: "half of a secret", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.Truncate, Operation: "secretsmanager:GetSecretValue"}), code: 6},
		{name: "a proxy's page for a secret", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.HTML, Operation: "secretsmanager:GetSecretValue"}), code: 6},
		{name: "a secret whose key is disabled", args: anew(), faults: fault(awslocal.Fault{
			Kind: awslocal.Fail, Operation: "secretsmanager:GetSecretValue", Code: "DecryptionFailure", Message: "cannot decrypt " + echo}), code: 5},
		{name: "nothing from a path", args: anew(), faults: fault(awslocal.Fault{Kind: awslocal.Empty, Operation: "ssm:GetParametersByPath"}), code: 7},
		{name: "nothing from Encrypt", args: anew(), faults: fault(awslocal.Fault{Kind: awslocal.Empty, Operation: "kms:Encrypt"}), code: 7},
		{name: "nothing from DescribeKey", args: anew(), faults: fault(awslocal.Fault{Kind: awslocal.Empty, Operation: "kms:DescribeKey"}), code: 7},
		{name: "an empty body", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.NoBody, Operation: "kms:Encrypt"}), code: 7},
		{name: "another key", args: anew(), faults: fault(awslocal.Fault{Kind: awslocal.WrongKey, Operation: "kms:Encrypt"}), code: 7},
		{name: "another key, of two environments", args: several("--reseal"), faults: fault(awslocal.Fault{Kind: awslocal.WrongKey, Operation: "kms:Encrypt"}), code: 7},
		{name: "a proxy's page", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.HTML, Operation: "ssm:GetParameters"}), code: 6},
		{name: "values cut short", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.Cut, Operation: "ssm:GetParameters"}), code: 6},
		{name: "half of the values", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.Truncate, Operation: "ssm:GetParameters(decrypt)"}), code: 6},
		{name: "a reset", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.Reset, Operation: "kms:Encrypt"}), code: 6},
		{name: "throttling without end", args: soon, faults: fault(awslocal.Fault{
			Kind: awslocal.Fail, Operation: "ssm:GetParameters", Code: "ThrottlingException", Message: "Rate exceeded"}), code: 6},
		{name: "a server that hangs", args: soon, faults: fault(awslocal.Fault{Kind: awslocal.Hang, Operation: "kms:Encrypt"}), code: 6},
		{name: "a disabled key", args: anew(), faults: fault(awslocal.Fault{
			Kind: awslocal.Fail, Operation: "kms:Encrypt", Code: "DisabledException", Message: "the key is disabled."}), code: 5},
		{name: "expired credentials", args: anew(), faults: fault(awslocal.Fault{Kind: awslocal.ExpireCredentials, Nth: 3}), code: 4},
		{name: "a proxy that repeats what it was sent", args: anew("--manifest", "extra.hcl"), before: onlyWorker, faults: fault(awslocal.Fault{
			Kind: awslocal.Fail, Operation: "kms:Encrypt", Code: "ValidationException", Message: "cannot read " + echo}), code: 7},
		{name: "a proxy that repeats what it was sent, decoded", args: anew("--manifest", "extra.hcl"), before: onlyWorker, faults: fault(awslocal.Fault{
			Kind: awslocal.Fail, Operation: "kms:Encrypt", Code: "AccessDeniedException", Message: "no access with " + worker}), code: 4},
	}
}

func validateAttempts() []attempt {
	return []attempt{
		{name: "success"},
		{name: "one environment", args: []string{"--env", "prod"}},
		{name: "no manifest", args: []string{"--manifest", "none.hcl"}, code: 2},
		{name: "broken manifest", args: []string{"--manifest", "broken.hcl"}, code: 2},
		{name: "unknown environment", args: []string{"--env", "none"}, code: 2},
		{name: "unknown variable", args: []string{"--var", "x=y"}, code: 2},
		{name: "reserved name", args: []string{"--manifest", "extra.hcl"}, before: func(s *stage) {
			s.write("extra.hcl", strings.Replace(canaryManifest, `"SECURE"`, `"AWS_SESSION_TOKEN"`, 1))
		}, code: 2},
		{name: "an ARN for a parameter", args: []string{"--manifest", "extra.hcl"}, before: extra(`parameter = "arn:aws:ssm:us-west-2:222222222222:parameter/x"`), code: 2},
		{name: "an argument", args: []string{"sample.json"}, code: 2},
		{name: "closed output", closed: true, code: 8},
	}
}

func inspectAttempts() []attempt {
	return []attempt{
		{name: "success", args: []string{"--layer", "prod.zip"}},
		{name: "embedded", args: []string{"--layer", "local.zip"}},
		{name: "no layer", code: 2},
		{name: "absent", args: []string{"--layer", "none.zip"}, code: 2},
		{name: "two layers", args: []string{"prod.zip", "local.zip"}, code: 2},
		{name: "damaged", args: []string{"--layer", "damaged.zip"}, before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "a folder", args: []string{"."}, code: 2},
		{name: "the sample for a layer", args: []string{"sample.json"}, code: 7},
		{name: "cut short", args: []string{"--layer", "short.zip"}, before: func(s *stage) {
			b, err := os.ReadFile(filepath.Join(s.dir, "prod.zip"))
			if err != nil {
				s.Fatal(err)
			}
			s.write("short.zip", string(b[:len(b)-100]))
		}, code: 7},
	}
}

func unpackAttempts() []attempt {
	gone := func(name string) func(*stage) {
		return func(s *stage) {
			if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
				s.Fatal(err)
			}
		}
	}
	return []attempt{
		{name: "success", args: []string{"prod.zip", "tree", "--function", "hello"}, before: gone("tree")},
		{name: "embedded, with helpers", args: []string{"local.zip", "tree", "--function", "worker", "--helpers", "node,python"}, before: gone("tree")},
		{name: "a folder that is full", args: []string{"prod.zip", "tree", "--function", "hello"}, code: 2},
		{name: "no arguments", code: 2},
		{name: "no folder", args: []string{"prod.zip"}, code: 2},
		{name: "no function", args: []string{"prod.zip", "none"}, code: 2},
		{name: "no such function", args: []string{"prod.zip", "none", "--function", "gone"}, code: 2},
		{name: "damaged", args: []string{"damaged.zip", "none", "--function", "hello"}, before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "the sample for a layer", args: []string{"sample.json", "none"}, code: 7},
		{name: "a file for a folder", args: []string{"prod.zip", "secrets.hcl", "--function", "hello"}, code: 2},
		{name: "below a file", args: []string{"prod.zip", "secrets.hcl/tree", "--function", "hello"}, code: 8},
		{name: "closed output", args: []string{"prod.zip", "tree", "--function", "hello"}, before: gone("tree"), closed: true, code: 8},
	}
}

func runAttempts() []attempt {
	open := func(args ...string) []string {
		return append([]string{"--layer", "prod.zip", "--function", "hello", "--endpoint-url", "$AWS"}, args...)
	}
	fault := func(f awslocal.Fault) []awslocal.Fault { return []awslocal.Fault{f} }
	quiet := []string{"--", "bundle", "version"}
	return []attempt{
		{name: "a silent command", args: open(quiet...)},
		{name: "a command that shows its environment", args: open("--", os.Args[0], "-test.run=^TestPrintsItsEnvironment$"),
			environ: map[string]string{"BUNDLETEST_PRINT_ENVIRONMENT": "1"},
			reveals: []string{"secure", "string", "list", "big start", "big middle", "big end", "field", "bytes", "version 2", "label 1", "optional", "kept", "kept field", "kept bytes"}},
		{name: "embedded", args: append([]string{"--layer", "local.zip", "--function", "worker"}, quiet...)},
		{name: "built in memory", args: append([]string{"--env", "local", "--function", "hello"}, quiet...)},
		{name: "built in memory, in an account", args: append([]string{"--env", "prod", "--function", "hello", "--endpoint-url", "$AWS"}, quiet...)},
		{name: "pristine", args: append([]string{"--env", "local", "--function", "worker", "--pristine", "--"}, os.Args[0], "-test.run=^TestPrintsItsEnvironment$"),
			environ: map[string]string{"BUNDLETEST_PRINT_ENVIRONMENT": "1"}},
		{name: "pristine, and shown", args: append([]string{"--env", "local", "--function", "worker", "--pristine", "--inherit", "BUNDLETEST_PRINT_ENVIRONMENT", "--"}, os.Args[0], "-test.run=^TestPrintsItsEnvironment$"),
			environ: map[string]string{"BUNDLETEST_PRINT_ENVIRONMENT": "1"}, reveals: []string{"imported", "imported deep"}},
		{name: "with credentials", args: open(append([]string{"--keep-credentials"}, quiet...)...)},
		{name: "a command that fails", args: open("--", "bundle", "no-such-command"), code: 2},
		{name: "a folder that cannot be made", args: open(quiet...), environ: map[string]string{"TMPDIR": "/nowhere"}, code: 2},
		{name: "parameters that may not be read", args: append([]string{"--env", "prod", "--function", "hello", "--endpoint-url", "$AWS"}, quiet...),
			policy: denying("ssm:GetParameters", "*"), code: 4},
		{name: "no command", args: open(), code: 2},
		{name: "unknown command", args: open("--", "no-such-command"), code: 127},
		{name: "unknown function", args: append([]string{"--layer", "prod.zip", "--function", "none", "--endpoint-url", "$AWS"}, quiet...), code: 2},
		{name: "no function", args: append([]string{"--layer", "prod.zip", "--endpoint-url", "$AWS"}, quiet...), code: 2},
		{name: "denied", args: open(quiet...), policy: denying("kms:Decrypt", "*"), code: 4},
		{name: "disabled key", args: open(quiet...), faults: fault(awslocal.Fault{
			Kind: awslocal.Fail, Operation: "kms:Decrypt", Code: "DisabledException", Message: "the key is disabled."}), code: 5},
		{name: "nothing from Decrypt", args: open(quiet...), faults: fault(awslocal.Fault{Kind: awslocal.Empty, Operation: "kms:Decrypt"}), code: 7},
		{name: "half of the plaintext", args: open(quiet...), faults: fault(awslocal.Fault{Kind: awslocal.Truncate, Operation: "kms:Decrypt"}), code: 7},
		{name: "another key", args: open(quiet...), faults: fault(awslocal.Fault{Kind: awslocal.WrongKey, Operation: "kms:Decrypt"}), code: 7},
		{name: "a box that fails after others opened", args: open(quiet...), faults: fault(awslocal.Fault{
			Kind: awslocal.Fail, Operation: "kms:Decrypt", Nth: 3, Code: "InvalidCiphertextException"}), code: 7},
		{name: "expired credentials", args: open(quiet...), faults: fault(awslocal.Fault{Kind: awslocal.ExpireCredentials}), code: 4},
		{name: "damaged", args: append([]string{"--layer", "damaged.zip", "--function", "hello", "--endpoint-url", "$AWS"}, quiet...),
			before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "a source that was edited", args: append([]string{"--layer", "edited.zip", "--function", "hello", "--endpoint-url", "$AWS"}, quiet...),
			before: editSource, code: 7},
		{name: "no state", args: append([]string{"--layer", "local.zip", "--function", "hello", "--data", "none"}, quiet...), code: 2},
		{name: "throttling without end", args: open(quiet...), faults: fault(awslocal.Fault{
			Kind: awslocal.Fail, Operation: "kms:Decrypt", Code: "ThrottlingException", Message: "Rate exceeded"}), code: 6},
	}
}

// localAttempts are those of the commands of bundle local.
func localAttempts() map[string][]attempt {
	spoiled := attempt{name: "damaged state", args: []string{"--data", "spoiled/" + pipeline.StateFolder}, before: func(s *stage) { s.spoil("spoiled") }, code: 2}
	unknown := attempt{name: "unknown flag", args: []string{"--all"}, code: 2}
	twice := attempt{name: "a flag given twice", args: []string{"--data", "a", "--data", "b"}, code: 2}
	broken := attempt{name: "broken manifest", args: []string{"--manifest", "broken.hcl"}, code: 2}
	seedless := attempt{name: "broken sample", args: []string{"--manifest", "folder/secrets.hcl"}, before: func(s *stage) {
		if err := os.MkdirAll(filepath.Join(s.dir, "folder"), 0o700); err != nil {
			s.Fatal(err)
		}
		s.write("folder/secrets.hcl", canaryManifest)
		s.input("folder/sample.json", `{"parameters": [{"name": "/x", "type": "String", "values": ["`+s.canaries["broken seed"].value+`"]}]}`)
	}, code: 2}
	with := func(a attempt, args ...string) attempt {
		a.args = append(append([]string{}, a.args...), args...)
		return a
	}
	general := func(args ...string) []attempt {
		return []attempt{with(spoiled, args...), with(unknown, args...), with(twice, args...), with(broken, args...), with(seedless, args...)}
	}
	return map[string][]attempt{
		"local put":    append(putAttempts(), general("/canary/put")...),
		"local get":    append(getAttempts(), general("/canary/secure")...),
		"local import": append(importAttempts(), general("--path", "/x", "values.env")...),
		"local list": append([]attempt{
			{name: "success"},
			{name: "below a path", args: []string{"/canary/imported"}},
			{name: "a value that is kept", args: []string{"--manifest", "both/secrets.hcl"}, before: changeBoth},
			{name: "two paths", args: []string{"/a", "/b"}, code: 2},
		}, general()...),
		"local rm": append([]attempt{
			{name: "success", args: []string{"/canary/put"}, before: func(s *stage) { s.put("/canary/put", "put", "SecureString") }},
			{name: "absent", args: []string{"/canary/gone", "/canary/gone-too"}, code: 5},
			{name: "nothing", code: 2},
		}, general("/canary/secure")...),
		"local key": append([]attempt{
			{name: "success", args: []string{"--data", "keys", "alias/new"}, before: remove("keys")},
			{name: "taken", args: []string{"alias/hello"}, code: 2},
			{name: "no alias", args: []string{"new"}, code: 2},
			{name: "a policy that is no policy", args: []string{"--policy", "sample.json", "alias/new"}, code: 2},
		}, general("alias/new")...),
		"local role": append([]attempt{
			{name: "success", args: []string{"--data", "roles", "build"}, before: remove("roles")},
			{name: "a policy that is no policy", args: []string{"--data", "roles", "--policy", "sample.json", "build"}, code: 2},
			{name: "a policy that is no JSON", args: []string{"--data", "roles", "--policy", "broken-sample.json", "build"}, code: 2},
			{name: "a bad account", args: []string{"--data", "roles", "--account", "1", "build"}, code: 2},
		}, general("build")...),
		"local env": append([]attempt{
			{name: "success", args: []string{"--data", "served"}, before: func(s *stage) { s.serve("served") }},
			{name: "nothing served", code: 2},
		}, general()...),
		"local reset": append([]attempt{
			{name: "success"},
			{name: "an argument", args: []string{"all"}, code: 2},
		}, general()...),
		"local serve": append([]attempt{
			{name: "success", args: []string{"--listen", "127.0.0.1:0"}, serve: true},
			{name: "a bad address", args: []string{"--listen", "here"}, code: 2},
			{name: "an address that is not loopback", args: []string{"--listen", "192.0.2.1:80"}, code: 2},
			{name: "state that is served already", args: []string{"--listen", "127.0.0.1:0", "--data", "served"}, before: func(s *stage) { s.serve("served") }, code: 2},
		}, general()...),
	}
}

// put puts a canary into the embedded AWS.
func (s *stage) put(parameter, name, kind string) {
	s.Helper()
	s.perform("local put", "", attempt{name: "preparation", args: []string{"--type", kind, parameter}, stdin: s.canaries[name].value})
}

// serve serves a state folder until the test ends.
func (s *stage) serve(folder string) {
	s.Helper()
	server, err := awslocal.New(awslocal.WithDir(filepath.Join(s.dir, folder)))
	if err != nil {
		s.Logf("%s is served already: %v", folder, err)
		return
	}
	s.Cleanup(func() { _ = server.Close() })
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		s.Fatal(err)
	}
}

func putAttempts() []attempt {
	put, file := newCanary("put").value, newCanary("file").value
	return []attempt{
		{name: "from standard input", args: []string{"/canary/put"}, stdin: put + "\n"},
		{name: "from a file", args: []string{"--from", "value.txt", "/canary/put"}, before: func(s *stage) { s.input("value.txt", file) }},
		{name: "a String", args: []string{"--type", "String", "/canary/put-string"}, stdin: newCanary("put string").value},
		{name: "a secret of Secrets Manager", args: []string{"--secretsmanager", "canary/put"}, stdin: put},
		{name: "a binary secret of Secrets Manager", args: []string{"--secretsmanager", "canary/put"}, stdin: "\xff" + put},
		{name: "a bad name of a secret", args: []string{"--secretsmanager", "canary/p ut"}, stdin: put, code: 2},
		{name: "an unknown key of a secret", args: []string{"--secretsmanager", "--key", "alias/none", "canary/put"}, stdin: put, code: 2},
		{name: "advanced", args: []string{"--tier", "Advanced", "/canary/put-advanced"}, stdin: strings.Repeat(put, 200)},
		{name: "nothing", args: []string{"/canary/put"}, code: 2},
		{name: "too long", args: []string{"/canary/put"}, stdin: strings.Repeat(newCanary("too long").value, 300), code: 2},
		{name: "too long for its tier", args: []string{"--tier", "Standard", "/canary/put"}, stdin: strings.Repeat(newCanary("too long").value, 200), code: 2},
		{name: "nested", args: []string{"/canary/put"}, stdin: "{{" + newCanary("nested").value + "}}", code: 2},
		{name: "no UTF-8", args: []string{"--type", "SecureString", "--key", "alias/none", "/canary/put"}, stdin: "\xff" + put, code: 2},
		{name: "unknown type", args: []string{"--type", "Secret", "/canary/put"}, stdin: put, code: 2},
		{name: "unknown tier", args: []string{"--tier", "Huge", "/canary/put"}, stdin: put, code: 2},
		{name: "unknown key", args: []string{"--key", "alias/none", "/canary/put"}, stdin: put, code: 2},
		{name: "a bad name", args: []string{"/canary/p ut"}, stdin: put, code: 2},
		{name: "a reserved name", args: []string{"/aws/put"}, stdin: put, code: 2},
		{name: "no name", stdin: put, code: 2},
		{name: "no file", args: []string{"--from", "none.txt", "/canary/put"}, code: 2},
		{name: "from the sample file", args: []string{"--from-sample", "--manifest", "both/secrets.hcl", "/canary/put"}, before: changeBoth},
		{name: "not in the sample file", args: []string{"--from-sample", "/canary/put"}, code: 2},
	}
}

// changeBoth makes a folder with a parameter that the sample file and bundle local put have both changed.
func changeBoth(s *stage) {
	s.Helper()
	if err := os.MkdirAll(filepath.Join(s.dir, "both"), 0o700); err != nil {
		s.Fatal(err)
	}
	s.write("both/secrets.hcl", canaryManifest)
	sample := func(name string) {
		value, err := json.Marshal(s.canaries[name].value)
		if err != nil {
			s.Fatal(err)
		}
		s.input("both/sample.json", `{"parameters": [{"name": "/canary/put", "type": "SecureString", "value": `+string(value)+`}]}`)
	}
	sample("file")
	s.perform("local put", "", attempt{name: "preparation", args: []string{"--manifest", "both/secrets.hcl", "/canary/put"}, stdin: s.canaries["put"].value})
	sample("put string")
}

func getAttempts() []attempt {
	return []attempt{
		{name: "a SecureString", args: []string{"/canary/secure"}},
		{name: "a String", args: []string{"/canary/string"}},
		{name: "a version", args: []string{"/canary/versions:1"}},
		{name: "revealed", args: []string{"--reveal", "/canary/secure"}, plain: true, reveals: []string{"secure"}},
		{name: "a revealed String", args: []string{"--reveal", "/canary/string"}, plain: true, reveals: []string{"string"}},
		{name: "absent", args: []string{"--reveal", "/canary/gone"}, code: 5},
		{name: "a version that is absent", args: []string{"--reveal", "/canary/versions:9"}, code: 5},
		{name: "revealed by a flag after the name", args: []string{"/canary/secure", "--reveal"}, reveals: []string{"secure"}},
		{name: "what is no flag", args: []string{"/canary/secure", "--", "--reveal"}, code: 2},
		{name: "another region", args: []string{"--region", "eu-west-1", "/canary/secure"}, code: 5},
		{name: "closed output", args: []string{"--reveal", "/canary/secure"}, plain: true, closed: true, code: 8},
	}
}

func importAttempts() []attempt {
	values := func(name string, lines ...string) func(*stage) {
		return func(s *stage) { s.input(name, strings.Join(lines, "\n")) }
	}
	c := func(name string) string { return newCanary(name).value }
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	return []attempt{
		{name: "dotenv", args: []string{"--path", "/canary/env", "values.env"},
			before: values("values.env", "# sample", "A="+c("dotenv"), `export B="`+escaped.Replace(c("dotenv 2"))+`"`)},
		{name: "JSON", args: []string{"--path", "/canary/json-file", "values.json"},
			before: values("values.json", `{"A": "`+escaped.Replace(c("json file"))+`"}`)},
		{name: "no line of dotenv", args: []string{"--path", "/canary/x", "bad.env"}, before: values("bad.env", "A=b", c("broken dotenv"))},
		{name: "a quote that does not end", args: []string{"--path", "/canary/x", "bad.env"}, before: values("bad.env", `A="`+c("broken dotenv")), code: 2},
		{name: "text behind a quote", args: []string{"--path", "/canary/x", "bad.env"}, before: values("bad.env", "A='x' "+c("broken dotenv"), "B=1", "B="+c("dotenv")+" #"+c("dotenv 2"))},
		{name: "encrypted", args: []string{"--path", "/canary/x", "bad.env"}, before: values("bad.env", "A="+c("dotenv"), "B=encrypted:"+c("dotenv 2")), code: 2},
		{name: "no JSON", args: []string{"--path", "/canary/x", "bad.json"}, before: values("bad.json", `{"A": `+c("broken json")+`}`), code: 2},
		{name: "JSON of other things", args: []string{"--path", "/canary/x", "bad.json"},
			before: values("bad.json", `{"A": ["`+escaped.Replace(c("broken json"))+`"]}`), code: 2},
		{name: "a value too long", args: []string{"--path", "/canary/x", "bad.env"}, before: values("bad.env", "A="+strings.Repeat(c("too long"), 300)), code: 2},
		{name: "a bad name", args: []string{"--path", "/canary/x", "bad.env"}, before: values("bad.env", "A B="+c("broken dotenv")), code: 2},
		{name: "no path", args: []string{"values.env"}, code: 2},
		{name: "no file", args: []string{"--path", "/canary/x", "none.env"}, code: 2},
	}
}

// editSource changes a version in a document of a layer, as somebody would who
// wants an older secret to pass for a newer one.
func editSource(s *stage) {
	layer, content, err := target.ReadLayer(filepath.Join(s.dir, "prod.zip"))
	if err != nil {
		s.Fatal(err)
	}
	for i, d := range layer.Documents {
		b := bytes.Replace(d.Bytes(), []byte(":parameter/canary/secure 1 "), []byte(":parameter/canary/secure 2 "), 1)
		if layer.Documents[i], err = sealed.Parse(b); err != nil {
			s.Fatal(err)
		}
	}
	if bytes.Equal(s.writeLayer("edited.zip", layer), content) {
		s.Fatal("nothing was edited")
	}
}

func (s *stage) writeLayer(name string, layer *layerbuild.Layer) []byte {
	s.Helper()
	var b bytes.Buffer
	if err := layerbuild.Write(&b, layer); err != nil {
		s.Fatal(err)
	}
	s.write(name, b.String())
	return b.Bytes()
}
