package main

import (
	"net/http"
	"strings"

	"github.com/whispering/bundle/internal/awslocal"
	awslambda "github.com/whispering/bundle/internal/awslocal/lambda"
)

func rolloutAttempts() []attempt {
	roll := func(args ...string) []string {
		return append([]string{"--manifest", "roll.hcl", "--env", "prod", "--endpoint-url", "$AWS"}, args...)
	}
	fails := func(operation string) []awslocal.Fault {
		return []awslocal.Fault{{Kind: awslocal.Fail, Operation: "lambda:" + operation, Status: http.StatusBadRequest, Code: "InvalidParameterValueException",
			Message: "Lambda was unable to configure your environment variables. String measured: {canary}"}}
	}
	return []attempt{
		{name: "a plan", args: roll("--dry-run"), before: rolledOut},
		{name: "a plan, for programs", args: roll("--dry-run", "--json"), environ: inActions()},
		{name: "embedded", args: []string{"--manifest", "roll.hcl", "--env", "local", "--dry-run"}, code: 7},
		{name: "not confirmed", args: roll(), code: 2},
		{name: "not confirmed in CI", args: roll(), environ: inActions(), code: 2},
		{name: "a secret for a version", args: roll("--layer", "sample.json", "--dry-run"), code: 2},
		{name: "a secret for an alias", args: roll("--alias", "sample.json", "--dry-run"), code: 2},
		{name: "a secret for a share", args: roll("--wave", "sample.json", "--dry-run"), code: 2},
		{name: "a secret for a function", args: roll("--function", "sample.json", "--dry-run"), code: 2},
		{name: "half of a configuration", args: roll("--dry-run", "--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "lambda:GetFunctionConfiguration"}}, code: 6},
		{name: "a configuration of something else", args: roll("--dry-run"), faults: []awslocal.Fault{{Kind: awslocal.Edit, Operation: "lambda:GetFunctionConfiguration", Member: "CodeSha256", Value: []byte(`"x"`)}}, code: 7},
		{name: "half of the tags", args: roll("--dry-run", "--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "lambda:ListTags"}}, code: 6},
		{name: "denied", args: roll("--dry-run"), policy: denying("lambda:GetFunctionConfiguration", "*"), code: 4},
		{name: "a change denied", args: roll("--yes"), policy: denying("lambda:UpdateFunctionConfiguration", "*"), code: 4},
		{name: "a change refused, with what it would be", args: roll("--yes"), faults: fails("UpdateFunctionConfiguration"), code: 7},
		{name: "an update that fails, with a reason", args: roll("--yes"), before: failingUpdates, code: 9},
		{name: "done", args: roll("--yes", "--report", "rollout.md"), environ: inActions()},
		{name: "back", args: roll("--yes", "--back", "--json")},
		{name: "a guard file that does not allow it", args: roll("--dry-run", "--guard", "guard.hcl"), before: strictGuard, code: 2},
		{name: "broken manifest", args: []string{"--manifest", "broken.hcl", "--env", "prod", "--dry-run"}, code: 2},
		{name: "closed output", args: roll("--dry-run"), closed: true, code: 8},
	}
}

// rolledOut publishes a layer twice. Functions with secrets in their variables and tags have the first version.
func rolledOut(s *stage) {
	s.write("roll.hcl", "bundle {\n  name  = \"shop\"\n  layer = \"roll\"\n}\n"+canaryManifest[len(canaryBundle):])
	publish := []string{"--manifest", "roll.hcl", "--env", "prod", "--endpoint-url", "$AWS", "--layer", "roll.zip"}
	build := []string{"--manifest", "roll.hcl", "--env", "prod", "--endpoint-url", "$AWS", "--out", "roll.zip", "--previous", "none"}
	s.run("build", build...)
	s.run("publish", publish...)
	first := []string{"arn:aws:lambda:us-west-2:" + testAccount + ":layer:roll:1"}
	secret := s.canaries["secure"].value
	for _, name := range rolledFunctions {
		d := deployment{Function: name, Layers: &first, Publish: true, Alias: "live", To: "1", Env: map[string]string{"TOKEN": secret}, Tags: map[string]string{"team": "x"}}
		if err := d.do(s.cloud.lambda); err != nil {
			s.Fatal(err)
		}
	}
	s.run("build", append(build, "--reseal")...)
	s.run("publish", publish...)
}

// rolledFunctions are functions of the manifest that nothing else deploys.
var rolledFunctions = []string{"hello", "worker"}

// failingUpdates lets the next update of each function fail for a reason with a secret.
func failingUpdates(s *stage) {
	for _, name := range rolledFunctions {
		secret := s.canaries["secure"].value
		arn := "arn:aws:lambda:us-west-2:" + testAccount + ":function:" + name
		if err := s.cloud.server.FailFunctionUpdate(arn, awslambda.Failure{Reason: secret, Code: strings.ToUpper(secret)}); err != nil {
			s.Fatal(err)
		}
	}
}
