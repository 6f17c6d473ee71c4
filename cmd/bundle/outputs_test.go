package main

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// TestOutputsOfAStepThatCannotBeWritten: later steps go by them, so the run fails,
// and what it was asked for is there and printed all the same.
func TestOutputsOfAStepThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, content := range map[string]string{"secrets.hcl": someEnvironment + "function \"hello\" {\n  kms_key = \"alias/hello\"\n  secret \"TOKEN\" { parameter = \"/shop/token\" }\n}\n", "file": ""} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	faults := map[string]string{
		"an absent folder": filepath.Join(dir, "nowhere", "output"), "a folder": dir, "below a file": filepath.Join(dir, "file", "output"),
		"too long": filepath.Join(dir, strings.Repeat("x", 300)), "a NUL": "a\x00b",
	}
	remedies := map[string]string{
		"an absent folder": "the folder " + filepath.Join(dir, "nowhere") + " does not exist. Create it", "a full disk": "no space left on device. Free space",
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		faults["a full disk"] = "/dev/full"
	}
	for name, path := range faults {
		for _, args := range [][]string{{}, {"--json"}, {"--markdown"}} {
			var stdout, stderr bytes.Buffer
			a := newApp(&console.Console{
				Args:    append([]string{"bundle", "plan", "--offline", "--env", "prod"}, args...),
				Environ: []string{"GITHUB_ACTIONS=true", "CI=true", "GITHUB_EVENT_NAME=push", "GITHUB_OUTPUT=" + path},
				Stdout:  printable.New(&stdout), Stderr: printable.New(&stderr),
			}, nil)
			if code := a.run(t.Context()); code != console.ExitOutput {
				t.Errorf("%s, %q: exit code %d", name, args, code)
			}
			if !strings.Contains(flat(stderr.String()), "Cannot write to the file in GITHUB_OUTPUT") || stdout.Len() == 0 {
				t.Errorf("%s, %q: says\n%sand prints\n%s", name, args, &stderr, &stdout)
			}
			if remedy := cmp.Or(remedies[name], "Leave GITHUB_OUTPUT as the runner sets it"); !strings.Contains(flat(stderr.String()), flat(remedy)) ||
				strings.Contains(stderr.String(), "Free space") != (name == "a full disk") {
				t.Errorf("%s, %q: says\n%s, not %s", name, args, &stderr, remedy)
			}
		}
	}
}
