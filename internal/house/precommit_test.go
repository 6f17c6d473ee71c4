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
	var hooks []struct {
		ID, Entry, Language string
		PassFilenames       bool `yaml:"pass_filenames"`
	}
	if err := yaml.Unmarshal(b, &hooks); err != nil {
		t.Fatal(err)
	}
	if len(hooks) != 2 {
		t.Errorf("%d hooks", len(hooks))
	}
	bin := t.TempDir()
	if err := needs.Bundle(filepath.Join(bin, "bundle")); err != nil {
		t.Fatal(err)
	}
	for _, h := range hooks {
		if h.Language != "golang" || h.PassFilenames {
			t.Errorf("%s: a hook here is a Go program that takes no file names", h.ID)
		}
		words := strings.Fields(h.Entry)
		cmd := exec.Command(filepath.Join(bin, words[0]), words[1:]...)
		cmd.Dir = root(t)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", h.ID, err, out)
		}
	}
}
