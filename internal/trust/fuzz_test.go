package trust_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/trust"
)

// FuzzEvent reads any event file of GitHub Actions. Whatever it is, the reason is one printable line without its content, and a
// pull request is trusted only if its head and its base name the same repository.
func FuzzEvent(f *testing.F) {
	const own, evil = `{"id": 1, "full_name": "o/r"}`, `{"id": 2, "full_name": "cAnArY/r"}`
	pull := func(head, base string) string {
		return `{"pull_request": {"head": {"repo": ` + head + `}, "base": {"repo": ` + base + `}}}`
	}
	for _, event := range []string{"push", "pull_request", "pull_request_review", "pull_request_target", "workflow_run", "issue_comment", "other"} {
		for _, content := range []string{
			pull(own, own), pull(evil, own), pull("null", own), pull(own, "null"), pull(`{"id": 1}`, `{"full_name": "o/r"}`), pull(`{"full_name": "O/R"}`, own), pull(`{}`, `{}`),
			`{"workflow_run": {"head_repository": ` + evil + `}, "repository": ` + own + `}`, `{"workflow_run": {"head_repository": ` + own + `}, "repository": ` + own + `}`,
			"", "{", "null", "[]", pull(`{"id": "cAnArY"}`, own), pull(`"cAnArY"`, own), strings.Repeat(`{"pull_request":`, 50), "\xff\x00cAnArY",
		} {
			f.Add(event, []byte(content))
		}
	}
	path := filepath.Join(f.TempDir(), "event.json")
	f.Fuzz(func(t *testing.T, event string, content []byte) {
		ask := func(content []byte) trust.Verdict {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			environ := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": path}
			return trust.Look(func(name string) string { return environ[name] })
		}
		got := ask(content)
		if (got.Reason == "") != (got.Answer == trust.Trusted) || strings.Contains(got.Reason, "cAnArY") && !strings.Contains(event, "cAnArY") {
			t.Fatalf("%d, %q", got.Answer, got.Reason)
		}
		if strings.ContainsAny(got.Reason, "\n\r\x00\x1b\u2028\u202e") {
			t.Fatalf("%q is not one printable line", got.Reason)
		}
		if !strings.HasPrefix(strings.TrimSpace(event), "pull_request") && !strings.HasPrefix(strings.TrimSpace(event), "workflow_run") || got.Answer != trust.Trusted {
			return
		}
		// A map has each member once, and no number beyond an int64 is an ID.
		var document map[string]any
		if err := json.Unmarshal(content, &document); err != nil {
			t.Fatalf("trusted: %v", err)
		}
		once, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		if ask(once).Answer == trust.Trusted && twoNames(document) == "" && !same(document) {
			t.Fatalf("trusted: %s", once)
		}
	})
}

// same is the rule for a pull request, written once more over maps.
func same(document map[string]any) bool {
	repo := func(side string) (id float64, name string) {
		id, _ = at(document, "pull_request", side, "repo", "id").(float64)
		name, _ = at(document, "pull_request", side, "repo", "full_name").(string)
		return id, name
	}
	headID, head := repo("head")
	baseID, base := repo("base")
	if headID != 0 && baseID != 0 {
		return headID == baseID
	}
	return head != "" && strings.EqualFold(strings.TrimSpace(head), strings.TrimSpace(base))
}

// at returns a member of a member, by names in any case, as encoding/json reads them.
func at(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = nil
		for key, of := range m {
			if strings.EqualFold(key, name) {
				v = of
			}
		}
	}
	return v
}

// twoNames returns a member that an object has twice, in different cases: which of the two counts depends on their order.
func twoNames(v any) string {
	switch v := v.(type) {
	case map[string]any:
		seen := make([]string, 0, len(v))
		for key, of := range v {
			if slices.ContainsFunc(seen, func(other string) bool { return strings.EqualFold(key, other) }) {
				return key
			}
			seen = append(seen, key)
			if twice := twoNames(of); twice != "" {
				return twice
			}
		}
	case []any:
		for _, of := range v {
			if twice := twoNames(of); twice != "" {
				return twice
			}
		}
	}
	return ""
}
