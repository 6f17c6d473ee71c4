package acttest

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
)

// Every step of the shipped workflows that lists, plans, builds or publishes checks the
// manifest against the guard file, also in comments, and a change of that file is
// planned.
func TestWorkflowsPassTheGuardFile(t *testing.T) {
	const guard = ".github/guard.hcl"
	if filetest.Read(t, filepath.Join(filetest.Root(t), guard)) == "" {
		t.Fatal("there is none")
	}
	steps := 0
	for _, name := range []string{"secrets.yml", "layer.yml", "staleness.yml"} {
		text := strings.ReplaceAll(filetest.Read(t, filepath.Join(filetest.Root(t), ".github/workflows", name)), "\n  # ", "\n  ")
		for _, step := range regexp.MustCompile(`(?m)^ +- `).Split(text, -1) {
			if !regexp.MustCompile(`(?m)uses: \./$`).MatchString(step) || strings.Contains(step, "command: status") {
				continue
			}
			steps++
			if !regexp.MustCompile(`(?m)^ +guard: ` + regexp.QuoteMeta(guard) + `$`).MatchString(step) {
				t.Errorf("%s: a step without the guard file:\n%s", name, step)
			}
		}
	}
	if steps != 7 {
		t.Errorf("found %d steps", steps)
	}
	if paths := regexp.MustCompile(`(?m)^    paths: \[.*\]$`).FindAllString(filetest.Read(t, filepath.Join(filetest.Root(t), ".github/workflows/secrets.yml")), -1); len(paths) != 2 ||
		!strings.Contains(paths[0], guard) || !strings.Contains(paths[1], guard) {
		t.Errorf("a change of the guard file starts nothing: %q", paths)
	}
}
