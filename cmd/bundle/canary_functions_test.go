package main

import (
	"encoding/json"

	"github.com/whispering/bundle/internal/awslocal"
)

// withVariables deploys functions that have a version of a layer, and secrets in their variables, also in those that bundle reads.
// Every command that makes Lambda's calls for functions has attempts after it.
func withVariables(s *stage, layer string) {
	s.Helper()
	layers := []string{"arn:aws:lambda:us-west-2:" + testAccount + ":layer:" + layer}
	for _, name := range []string{"hello", "worker", "stranger"} {
		err := (deployment{Function: name, Layers: &layers, Publish: true, Env: map[string]string{
			"TOKEN": s.canaries["secure"].value, "BUNDLE_SECRETS_FUNCTION": s.canaries["field"].value, "BUNDLE_SECRETS_SHA256": s.canaries["nested"].value,
		}}).do(s.cloud.lambda)
		if err != nil {
			s.Fatal(err)
		}
	}
}

// deployedAttempts are those of bundle status --deployed.
func deployedAttempts() []attempt {
	deployed := func(args ...string) []string {
		return append([]string{"--endpoint-url", "$AWS", "--manifest", "renamed.hcl", "--env", "prod", "--deployed"}, args...)
	}
	half := func(operation string) []awslocal.Fault {
		return []awslocal.Fault{{Kind: awslocal.Truncate, Operation: operation}}
	}
	return []attempt{
		{name: "deployed", args: deployed("--exit-code"), before: func(s *stage) {
			renamed(s)
			s.run("publish", "--manifest", "renamed.hcl", "--env", "prod", "--endpoint-url", "$AWS", "--layer", "prod.zip")
			withVariables(s, "renamed:1")
		}},
		{name: "deployed, in Actions", args: deployed(), environ: inActions()},
		{name: "deployed, as a report", args: deployed("--report", "deployed.md")},
		{name: "deployed, and all calls", args: deployed("--debug")},
		{name: "deployed, only the manifest's", args: deployed("--functions-only", "--debug")},
		{name: "half of the functions", args: deployed("--debug", "--timeout", "300ms"), faults: half("lambda:ListFunctions"), code: 6},
		{name: "half of the versions of a function", args: deployed("--functions-only", "--timeout", "300ms"), faults: half("lambda:ListVersionsByFunction"), code: 6},
		{name: "a member that is another", args: deployed("--debug"), code: 7, faults: []awslocal.Fault{
			{Kind: awslocal.Edit, Operation: "lambda:ListFunctions", Member: "Functions[0].FunctionName", Value: json.RawMessage(`"other"`)},
		}},
		{name: "functions denied", args: deployed("--debug"), policy: denying("lambda:ListFunctions", "*"), code: 4},
		{name: "aliases denied", args: deployed("--debug"), policy: denying("lambda:ListAliases", "*"), code: 4},
		{name: "deployed, closed output", args: deployed(), closed: true, code: 8},
	}
}
