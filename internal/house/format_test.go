package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root returns the repository's top folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(filepath.Dir(dir))
}

var requirement = regexp.MustCompile(`\b[FL]-[0-9]+\b`)

// TestEveryRequirementHasATest looks for the number of every requirement of
// docs/format.md in a test or a test vector.
func TestEveryRequirementHasATest(t *testing.T) {
	spec, err := os.ReadFile(filepath.Join(root(t), "docs/format.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[string]bool)
	for _, dir := range []string{"layerbuild", "pipeline", "runtime", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root(t), dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "testdata") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, number := range requirement.FindAllString(string(b), -1) {
				named[number] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(string(spec)) {
		number, ok := strings.CutPrefix(strings.TrimSpace(line), "- **")
		if !ok {
			continue
		}
		number = requirement.FindString(number)
		if seen[number] {
			t.Errorf("docs/format.md has two requirements %s", number)
		}
		seen[number] = true
		if !named[number] {
			t.Errorf("no test names requirement %s", number)
		}
	}
	if len(seen) < 30 {
		t.Errorf("found only %d requirements in docs/format.md", len(seen))
	}
}
