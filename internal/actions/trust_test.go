package actions_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/whispering/bundle/internal/actions"
)

func TestUntrusted(t *testing.T) {
	const own = `{"pull_request": {"head": {"repo": {"full_name": "o/r"}}, "base": {"repo": {"full_name": "o/r"}}}}`
	tests := map[string]struct {
		event, content     string
		untrusted, failing bool
	}{
		"a push":                                {event: "push"},
		"a schedule":                            {event: "schedule"},
		"by hand":                               {event: "workflow_dispatch"},
		"a pull request of our own":             {event: "pull_request", content: own},
		"a fork's":                              {event: "pull_request", content: `{"pull_request": {"head": {"repo": {"full_name": "x/r"}}, "base": {"repo": {"full_name": "o/r"}}}}`, untrusted: true},
		"a deleted fork's":                      {event: "pull_request", content: `{"pull_request": {"head": {"repo": null}, "base": {"repo": {"full_name": "o/r"}}}}`, untrusted: true},
		"without a pull request":                {event: "pull_request", content: `{}`, untrusted: true},
		"of the base, with their rights":        {event: "pull_request_target", content: own, untrusted: true},
		"an event that is no JSON":              {event: "pull_request", content: `{`, failing: true},
		"a review in a pull request of our own": {event: "pull_request_review", content: own},
		"a review of a fork's":                  {event: "pull_request_review_comment", content: `{"pull_request": {"head": {"repo": {"full_name": "x/r"}}, "base": {"repo": {"full_name": "o/r"}}}}`, untrusted: true},
		"after a run of our own":                {event: "workflow_run", content: `{"workflow_run": {"head_repository": {"full_name": "o/r"}}, "repository": {"full_name": "o/r"}}`},
		"after a fork's run":                    {event: "workflow_run", content: `{"workflow_run": {"head_repository": {"full_name": "x/r"}}, "repository": {"full_name": "o/r"}}`, untrusted: true},
		"after nobody knows whose":              {event: "workflow_run", content: `{"repository": {"full_name": "o/r"}}`, untrusted: true},
		"no event at all":                       {event: "pull_request", failing: true},
	}
	for name, test := range tests {
		path := filepath.Join(t.TempDir(), "event.json")
		if test.content != "" {
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		environ := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": test.event, "GITHUB_EVENT_PATH": path}
		reason, err := actions.Untrusted(func(name string) string { return environ[name] })
		if (reason != "") != test.untrusted || (err != nil) != test.failing {
			t.Errorf("%s: %q, %v", name, reason, err)
		}
	}
	if reason, err := actions.Untrusted(func(string) string { return "" }); reason != "" || err != nil {
		t.Errorf("outside GitHub Actions: %q, %v", reason, err)
	}
}
