package main

import (
	"github.com/whispering/bundle/internal/awslocal"
)

// auditAttempts are audits with events that have canaries wherever a caller of KMS can put them: in the encryption context and in the
// name of the session.
func auditAttempts() []attempt {
	account := func(args ...string) []string {
		return append([]string{"--manifest", "secrets.hcl", "--env", "prod", "--endpoint-url", "$AWS"}, args...)
	}
	offline := func(args ...string) []string {
		return append([]string{"--manifest", "secrets.hcl", "--env", "prod"}, args...)
	}
	events := func(text string) func(*stage) {
		return func(s *stage) { s.write("events.json", text) }
	}
	const fine = `{"Records": [{"eventSource": "kms.amazonaws.com", "eventName": "Encrypt", "eventID": "1", "eventTime": "2026-11-01T00:00:00Z"}]}`
	return []attempt{
		{name: "success", args: account()},
		{name: "with layers", args: account("--layer", "prod.zip"), environ: inActions()},
		{name: "events", args: offline("--events", "events.json"), before: events(fine)},
		{name: "a query", args: offline("--athena", "logs")},
		{name: "nobody", args: account("--exit-code"), code: 3},
		{name: "a file with secrets", args: offline("--events", "sample.json"), code: 7},
		{name: "a layer with secrets", args: account("--layer", "sample.json"), code: 7},
		{name: "a damaged layer", args: account("--layer", "damaged.zip"), before: damage("prod.zip", "damaged.zip"), code: 7},
		{name: "half a file", args: offline("--events", "events.json"), before: events(fine[:60]), code: 7},
		{name: "denied", args: account(), policy: denying("cloudtrail:LookupEvents", "*"), code: 4},
		{name: "half of the events", args: account("--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "cloudtrail:LookupEvents"}}, code: 6},
		{name: "a table that is none", args: offline("--athena", "logs; DROP TABLE x"), code: 2},
		{name: "no time", args: account("--since", "soon"), code: 2},
		{name: "two forms", args: account("--json", "--markdown"), code: 2},
		{name: "closed output", args: account(), closed: true, code: 8},
	}
}
