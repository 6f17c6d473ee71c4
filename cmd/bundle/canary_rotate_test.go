package main

import "github.com/whispering/bundle/internal/awslocal"

func rotateAttempts() []attempt {
	old := func(args ...string) []string {
		return append([]string{"--manifest", "old.hcl", "--env", "prod", "--endpoint-url", "$AWS", "SECURE"}, args...)
	}
	return []attempt{
		{name: "nothing published", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "SECURE"}, code: 7},
		{name: "a layer without documents", args: old(), before: published, code: 7},
		{name: "for programs", args: old("--json"), environ: inActions(), code: 7},
		{name: "published", args: []string{"--env", "local", "SECURE"}, before: publishedLocally},
		{name: "published, for programs", args: []string{"--env", "local", "SECURE", "--show", "--exit-code", "--json"}},
		{name: "in Secrets Manager", args: []string{"--env", "local", "KEPT"}},
		{name: "in Secrets Manager, for programs", args: []string{"--env", "local", "KEPT_FIELD", "--show", "--json"}},
		{name: "a secret for a secret's name", args: old("sample.json"), code: 2},
		{name: "a value for a secret's name", args: []string{"--env", "prod", "--endpoint-url", "$AWS", newCanary("secure").value}, code: 2},
		{name: "denied", args: old(), policy: denying("lambda:ListLayerVersions", "*"), code: 4},
		{name: "half of the layers", args: old("--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "lambda:ListLayerVersions"}}, code: 6},
		{name: "broken manifest", args: []string{"--manifest", "broken.hcl", "--env", "prod", "SECURE"}, code: 2},
		{name: "closed output", args: []string{"--env", "local", "SECURE"}, closed: true, code: 8},
	}
}

// publishedLocally publishes the layer of the embedded environment.
func publishedLocally(s *stage) {
	s.run("publish", "--env", "local", "--layer", "local.zip")
}
