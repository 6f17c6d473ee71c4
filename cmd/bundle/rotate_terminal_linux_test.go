package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/internal/printable"
)

const rotated = `bundle {
  name  = "shop"
  layer = "shop"
}
environment "local" {
  embedded = "sample.json"
}
function "hello" {
  kms_key = "alias/hello"
  secret "DB" { parameter = "/shop/db" }
}
`

// TestRotateLeadsThroughTheSteps: a person agrees to one step after another, stops in between, and goes on with a second run.
func TestRotateLeadsThroughTheSteps(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"secrets.hcl": rotated, "sample.json": `{"keys": [{"alias": "alias/hello"}], "parameters": [{"name": "/shop/db", "type": "SecureString", "value": "not-a-real-first"}]}`,
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const layer = "shop.zip"
	run := func(typed string, code int, args ...string) string {
		t.Helper()
		person, program := needs.Terminal(t)
		if _, err := person.WriteString(typed); err != nil {
			t.Fatal(err)
		}
		var out, diagnostics bytes.Buffer
		a := newApp(&console.Console{Args: append([]string{"bundle"}, args...), Environ: []string{"BUNDLE_ENV=local"}, Stdin: program, Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
		if got := a.run(t.Context()); got != code {
			t.Errorf("%q: exit code %d, not %d\n%s%s", args, got, code, &out, &diagnostics)
		}
		all := out.String() + diagnostics.String()
		if strings.Contains(all, "not-a-real") {
			t.Errorf("%q: a value is shown:\n%s", args, all)
		}
		return all
	}
	rotate := func(typed string, args ...string) string {
		t.Helper()
		return run(typed, console.ExitDone, append([]string{"rotate", "DB", "--out", layer}, args...)...)
	}
	says := func(text string, all ...string) {
		t.Helper()
		for _, want := range all {
			if !strings.Contains(text, want) {
				t.Errorf("it does not say %q:\n%s", want, text)
			}
		}
	}
	run("", console.ExitDone, "--out", layer)
	run("", console.ExitDone, "publish", "--layer", layer)

	says(rotate("n\n"), "Rotation of DB in local: no rotation in progress", "Put the new value now? [y/N]", `stopped before step "put"`)
	says(rotate("y\nnot-a-real-second\ny\nn\n"), "$ bundle put DB", "updated", "next: publish", "$ bundle plan", "version 1 → 2", "Build and publish this? [y/N]",
		"next: revoke", "Change the key policies now? [y/N]", `stopped before step "revoke"`)
	says(rotate("", "--show"), "Rotation of DB in local: next: revoke", "$ bundle revoke --apply")
	complete := rotate("y\n")
	says(complete, "changed=true", "the rotation of DB is complete")
	if strings.Contains(complete, "2. next") {
		t.Errorf("it shows the first step of another rotation:\n%s", complete)
	}
	says(rotate("n\n"), "no rotation in progress")

	// The next one: what is not listed is denied.
	says(rotate("y\nnot-a-real-third\ny\nn\n"), "next: allow", "Let the key policies open the new documents, too? [y/N]", `stopped before step "allow"`)
	says(rotate("y\nn\n"), "next: revoke", `stopped before step "revoke"`)

	// A step that fails ends the run with its exit code.
	if err := os.Remove("shop.zip"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("shop.zip", 0o700); err != nil {
		t.Fatal(err)
	}
	says(run("y\nnot-a-real-fourth\ny\n", console.ExitOutput, "rotate", "DB", "--out", layer, "--again"), `stopped at step "publish"`)
	files, err := filepath.Glob("*")
	if err != nil || slices.Contains(files, "layer.zip") {
		t.Error(files, err)
	}
}
