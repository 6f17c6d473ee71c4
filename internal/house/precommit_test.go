package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/needs"
)

// TestPreCommitHooksRun runs the hooks that other repositories take from this one, on the manifest here.
func TestPreCommitHooksRun(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root(t), ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	type hook struct {
		ID, Entry, Language, Files string
		PassFilenames              *bool `yaml:"pass_filenames"`
	}
	var hooks []hook
	if err := yaml.Unmarshal(b, &hooks); err != nil {
		t.Fatal(err)
	}
	if len(hooks) != 4 {
		t.Fatalf("%d hooks", len(hooks))
	}
	bin := t.TempDir()
	if err := needs.Bundle(filepath.Join(bin, "bundle")); err != nil {
		t.Fatal(err)
	}
	for i, h := range hooks[:2] {
		other := hooks[i+2]
		if h.Language != "golang" || other.Language != "system" || other.ID != h.ID+"-system" || other.Entry != h.Entry || other.Files != h.Files || (other.PassFilenames == nil) != (h.PassFilenames == nil) {
			t.Errorf("%s is built with Go, and %s is the same of the system", h.ID, other.ID)
		}
		words := strings.Fields(h.Entry)
		if h.PassFilenames == nil { // which it does by default
			words = append(words, "--check", "secrets.hcl")
		}
		cmd := exec.Command(filepath.Join(bin, words[0]), words[1:]...)
		cmd.Dir = root(t)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", h.ID, err, out)
		}
	}
}
