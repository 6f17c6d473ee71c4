package acttest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/trust"
)

// TestTheScriptTrustsWhomBundleTrusts runs the action's script, which looks at the
// event by itself, with a program that only says that it was called.
func TestTheScriptTrustsWhomBundleTrusts(t *testing.T) {
	const own, named, evil, taken = `{"id": 1, "full_name": "owner/shop"}`, `{"full_name": "Owner/Shop"}`, `{"id": 2, "full_name": "stranger/shop"}`, `{"id": 2, "full_name": "owner/shop"}`
	pull := func(head, base string) string {
		return fmt.Sprintf(`{"pull_request": {"head": {"repo": %s}, "base": {"repo": %s}}, "repository": %s}`, head, base, base)
	}
	contents := []string{
		`{}`, pull(own, own), pull(named, own), pull(own, named), pull(named, named), pull(evil, own), pull(taken, own), pull("null", own), pull(own, "null"), pull("{}", own),
		`{"workflow_run": {"head_repository": ` + own + `}, "repository": ` + own + `}`, `{"workflow_run": {"head_repository": ` + evil + `}, "repository": ` + own + `}`,
		`{"issue": {"pull_request": {}}, "repository": ` + own + `}`,
	}
	events := []string{
		"", "push", "schedule", "workflow_dispatch", "repository_dispatch", "release", "merge_group", "create", "deployment",
		"pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_target", "workflow_run", "issue_comment", "issues",
		"delete", "deployment_status", "fork", "watch", "workflow_call", "Push", "discussion_comment", "check_suite", "pull_request\n::error::x",
	}
	dir := t.TempDir()
	program, event := filepath.Join(dir, "program"), filepath.Join(dir, "event.json")
	command{dir: dir}.must(t, bash(t), "-c", `printf '#!/bin/sh\necho built' >program; chmod +x program`)
	s := step{dir, program}
	trusted := 0
	for _, name := range events {
		for _, content := range contents {
			filetest.Write(t, event, content)
			environ := map[string]string{"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": event}
			want := trust.Look(func(name string) string { return environ[name] }).Answer == trust.Trusted
			inputs := append(repositories(t, content), "GITHUB_EVENT_NAME="+name, "GITHUB_EVENT_PATH="+event)
			_, stderr, code := s.run(t, "build", inputs...)
			if got := code == 0; got != want || !got && code != 2 {
				t.Errorf("%q with %s: exit code %d, and bundle's answer is %t\n%s", name, content, code, want, stderr)
			}
			if strings.Contains(stderr, "\n::error::x") {
				t.Errorf("%q is a command:\n%s", name, stderr)
			}
			if want {
				trusted++
			}
		}
	}
	if trusted < 100 {
		t.Errorf("only %d runs are trusted", trusted)
	}
}

// repositories are the variables that action.yml fills in of an event.
func repositories(t *testing.T, content string) []string {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal([]byte(content), &event); err != nil {
		t.Fatal(err)
	}
	text := filetest.Read(t, filepath.Join(filetest.Root(t), "action.yml"))
	var all []string
	for _, name := range []string{"HEAD_REPOSITORY", "HEAD_REPOSITORY_ID", "BASE_REPOSITORY", "BASE_REPOSITORY_ID"} {
		parts := strings.Split(text, "\n        "+name+": ${{ github.event.")
		if len(parts) != 3 { // the steps that run and publish
			t.Fatalf("action.yml has %s %d times", name, len(parts)-1)
		}
		path, _, _ := strings.Cut(parts[1], " }}")
		var value any = event
		for member := range strings.SplitSeq(path, ".") {
			object, _ := value.(map[string]any)
			value = object[member]
		}
		if value == nil {
			value = ""
		}
		all = append(all, name+"="+fmt.Sprint(value))
	}
	return all
}
