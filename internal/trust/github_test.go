package trust_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/trust"
)

func TestGitHubEvents(t *testing.T) {
	pull := func(head, base string) string {
		return `{"pull_request": {"head": {"repo": ` + head + `}, "base": {"repo": ` + base + `}}, "repository": ` + base + `}`
	}
	const (
		own, evil            = `{"id": 1, "full_name": "o/r"}`, `{"id": 2, "full_name": "evil/r"}`
		renamed, taken       = `{"id": 1, "full_name": "o/old"}`, `{"id": 2, "full_name": "o/r"}`
		ownName, evilName    = `{"full_name": "o/r"}`, `{"full_name": "evil/r"}`
		ownCase, ownID, none = `{"full_name": "O/R"}`, `{"id": 1}`, `{}`
	)
	run := func(head string) string {
		return `{"workflow_run": {"head_repository": ` + head + `}, "repository": ` + own + `}`
	}
	tests := []struct{ event, content, want string }{
		{"push", "", "trusted"}, {"schedule", "", "trusted"}, {"workflow_dispatch", "", "trusted"}, {"repository_dispatch", "", "trusted"},
		{"release", "", "trusted"}, {"merge_group", "", "trusted"}, {"create", "", "trusted"}, {"deployment", "", "trusted"},
		{"push", pull(evil, own), "trusted"},

		{"", "", "unknown"}, {"issue_comment", `{"issue": {"pull_request": {}}}`, "unknown"}, {"issue_comment", `{"issue": {}}`, "unknown"},
		{"issues", "", "unknown"}, {"delete", "", "unknown"}, {"deployment_status", "", "unknown"}, {"fork", "", "unknown"}, {"watch", "", "unknown"},
		{"discussion_comment", "", "unknown"}, {"gollum", "", "unknown"}, {"label", "", "unknown"}, {"check_run", "", "unknown"}, {"status", "", "unknown"},
		{"workflow_call", "", "unknown"}, {"Push", "", "unknown"}, {"push,pull_request", "", "unknown"}, {"registry_package", "", "unknown"},
		{strings.Repeat("x", 5000), "", "unknown"}, {"push\n::error::x", "", "unknown"},

		{"pull_request", pull(own, own), "trusted"}, {"pull_request", pull(evil, own), "stranger"}, {"pull_request", pull("null", own), "stranger"},
		{"pull_request", `{"pull_request": {"head": {}, "base": {"repo": {"id": 1}}}}`, "stranger"},
		{"pull_request", pull(renamed, own), "trusted"}, {"pull_request", pull(taken, own), "stranger"}, {"pull_request", pull(own, taken), "stranger"},
		{"pull_request", pull(ownName, ownName), "trusted"}, {"pull_request", pull(evilName, ownName), "stranger"}, {"pull_request", pull(ownCase, ownName), "trusted"},
		{"pull_request", pull(ownName, own), "trusted"}, {"pull_request", pull(evilName, own), "stranger"}, {"pull_request", pull(ownID, own), "trusted"},
		{"pull_request", pull(ownID, ownName), "unknown"}, {"pull_request", pull(none, own), "unknown"}, {"pull_request", pull(own, none), "unknown"},
		{"pull_request", pull(own, "null"), "unknown"}, {"pull_request", pull(none, none), "unknown"},
		{"pull_request_review", pull(own, own), "trusted"}, {"pull_request_review", pull(evil, own), "stranger"},
		{"pull_request_review_comment", pull(own, own), "trusted"}, {"pull_request_review_comment", pull(evil, own), "stranger"},
		{"pull_request_target", pull(own, own), "stranger"}, {"pull_request_target", pull(evil, own), "stranger"}, {"pull_request_target", "", "stranger"},

		{"pull_request", "", "unknown"}, {"pull_request", "{", "unknown"}, {"pull_request", "[]", "unknown"}, {"pull_request", "null", "unknown"},
		{"pull_request", "{}", "unknown"}, {"pull_request", `{"pull_request": null}`, "unknown"}, {"pull_request", `{"pull_request": {"head": null}}`, "unknown"},
		{"pull_request", `{"pull_request": {"head": "o/r"}}`, "unknown"}, {"pull_request", pull(`{"id": "1"}`, own), "unknown"},
		{"pull_request", pull(`{"id": 1e30}`, own), "unknown"}, {"pull_request", pull(own, own) + "x", "unknown"}, {"pull_request", "\x00\xff", "unknown"},
		{"pull_request", strings.Repeat("[", 1<<20), "unknown"}, {"pull_request", `{"number": 7, "repository": ` + own + `}`, "unknown"},

		{"workflow_run", run(evil), "stranger"}, {"workflow_run", run(taken), "stranger"}, {"workflow_run", run("null"), "stranger"},
		{"workflow_run", run(own), "unknown"}, {"workflow_run", run(none), "unknown"}, {"workflow_run", "{}", "unknown"}, {"workflow_run", "", "unknown"}, {"workflow_run", "{", "unknown"},
	}
	path := filepath.Join(t.TempDir(), "event.json")
	for _, test := range tests {
		if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, actions := range []string{"true", "TRUE", ""} {
			environ := map[string]string{"GITHUB_ACTIONS": actions, "CI": "true", "GITHUB_EVENT_NAME": test.event, "GITHUB_EVENT_PATH": path}
			got := trust.Look(func(name string) string { return environ[name] })
			if got.Answer != answers[test.want] || (got.Reason == "") != (test.want == "trusted") {
				t.Errorf("%.40q with %.80q: %d (%s), not %s", test.event, test.content, got.Answer, got.Reason, test.want)
			}
			if strings.Contains(got.Reason, "evil") || strings.ContainsAny(got.Reason, "\n\x00") || len(got.Reason) > 300 {
				t.Errorf("%.40q: the reason is %q", test.event, got.Reason)
			}
		}
	}
}

// TestEventsThatCannotBeRead: nobody knows, and nobody waits.
func TestEventsThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge.json")
	b, err := json.Marshal(strings.Repeat("x", 33<<20))
	if err == nil {
		err = os.WriteFile(huge, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"", dir, filepath.Join(dir, "absent.json"), huge, "a\x00b", strings.Repeat("x", 5000)}
	paths = append(paths, specials(t, dir)...)
	for _, path := range paths {
		for _, event := range []string{"pull_request", "workflow_run"} {
			environ := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": path}
			got := trust.Look(func(name string) string { return environ[name] })
			if got.Answer != trust.Unknown || !strings.Contains(got.Reason, "cannot be read") {
				t.Errorf("%.40q at %.40q: %d (%.100s)", event, path, got.Answer, got.Reason)
			}
		}
	}
}
