package house

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDecisionsAreNumberedAndIndexed checks that the numbers in docs/adr have no gaps,
// and that its README has a line for each decision.
func TestDecisionsAreNumberedAndIndexed(t *testing.T) {
	dir := filepath.Join(root(t), "docs", "adr")
	index, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "0*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range files {
		name := filepath.Base(path)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		title, _, _ := strings.Cut(string(b), "\n")
		date := regexp.MustCompile(`(?m)^Date: (\d{4}-\d\d-\d\d)$`).FindStringSubmatch(string(b))
		if date == nil {
			t.Errorf("%s has no line with its date", name)
			continue
		}
		if !strings.HasPrefix(name, fmt.Sprintf("%04d-", i+1)) || !strings.HasPrefix(title, fmt.Sprintf("# %d. ", i+1)) {
			t.Errorf("%s is not number %d, or its title is not", name, i+1)
		}
		if line := fmt.Sprintf("- [%s](%s) (%s)\n", strings.TrimPrefix(title, "# "), name, date[1]); !strings.Contains(string(index), line) {
			t.Errorf("docs/adr/README.md lacks the line %q", line)
		}
	}
}
