package house

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var links = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestReadmeLinksEveryPageOnce compares the README's index with docs.
func TestReadmeLinksEveryPageOnce(t *testing.T) {
	_, index, ok := strings.Cut(read(t, "README.md"), "\n## Documentation\n")
	if !ok {
		t.Fatal("README.md has no index")
	}
	index, _, _ = strings.Cut(index, "\n## ")
	count := make(map[string]int)
	for _, m := range links.FindAllStringSubmatch(index, -1) {
		count[m[1]]++
	}
	pages, err := filepath.Glob(filepath.Join(root(t), "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := "docs/" + filepath.Base(page); count[name] != 1 {
			t.Errorf("the index in README.md links %s %d times, not once", name, count[name])
		}
	}
}

// TestLinksLeadSomewhere checks links between pages: the file, and the heading in it.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range markdownFiles(t) {
		for _, m := range links.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, page), ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, ":") {
				continue // elsewhere
			}
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(root(t), path)); err != nil {
				t.Errorf("%s links %s, which does not exist", page, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, path)), anchor) {
				t.Errorf("%s links %s, and %s has no such heading", page, m[1], path)
			}
		}
	}
}

var (
	fenced   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	headings = regexp.MustCompile(`(?m)^#+ (.+)$`)
	unlinked = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names by which GitHub links the headings of a page.
func anchors(page string) []string {
	var all []string
	for _, m := range headings.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		all = append(all, strings.ReplaceAll(unlinked.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

// markdownFiles are the repository's pages, by their paths.
func markdownFiles(t *testing.T) []string {
	t.Helper()
	return strings.Fields(run(t, root(t), nil, "git", "ls-files", "-co", "--exclude-standard", "*.md"))
}

// paths are the files and folders of this repository that a page names, and the star in some.
var paths = regexp.MustCompile("`((?:cmd|docs|internal|layerbuild|pipeline|runtime|examples|findings|\\.github|\\.ci)/[A-Za-z0-9_./*-]+)`")

// TestRoomsExist checks that what CONTRIBUTING.md and docs/architecture.md name is there, and that the latter names every package.
func TestRoomsExist(t *testing.T) {
	for _, page := range []string{"CONTRIBUTING.md", "docs/architecture.md"} {
		for _, m := range paths.FindAllStringSubmatch(read(t, page), -1) {
			found, err := filepath.Glob(filepath.Join(root(t), m[1]))
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 0 && !strings.Contains(m[1], "/NAME") && !strings.Contains(m[1], "/LANGUAGE") {
				t.Errorf("%s names %s, which does not exist", page, m[1])
			}
		}
	}
	page := read(t, "docs/architecture.md")
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) > 0 && !undrawn(name) && !strings.Contains(page, "| `"+name+"`") && !strings.Contains(page, ", `"+name+"` |") {
			t.Errorf("docs/architecture.md has no line for %s", name)
		}
	}
}

// TestGlossaryHasEachTermOnce checks the glossary in CONTRIBUTING.md: each term once, in order.
func TestGlossaryHasEachTermOnce(t *testing.T) {
	_, glossary, ok := strings.Cut(read(t, "CONTRIBUTING.md"), "\n## Glossary\n")
	if !ok {
		t.Fatal("CONTRIBUTING.md has no glossary")
	}
	seen := make(map[string]bool)
	for chapter := range strings.SplitSeq(glossary, "\n### ") {
		last := ""
		for _, m := range regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \|$`).FindAllStringSubmatch(chapter, -1) {
			if m[1] == "term" {
				continue
			}
			for term := range strings.SplitSeq(m[1], ", ") {
				if seen[term] {
					t.Errorf("the glossary has %q twice", term)
				}
				seen[term] = true
			}
			if strings.ToLower(m[1]) < strings.ToLower(last) {
				t.Errorf("%q comes after %q", m[1], last)
			}
			last = m[1]
		}
	}
	if len(seen) < 50 {
		t.Errorf("found only %d terms", len(seen))
	}
}

// TestTheTestingPageQuotesItsExamples checks that what docs/testing.md shows of a file is in it, because the files are what tests run.
func TestTheTestingPageQuotesItsExamples(t *testing.T) {
	page := read(t, "docs/testing.md")
	quoted := regexp.MustCompile("(?s)\\[[a-z_.]+\\]\\(\\.\\./(examples/testing/[^)]+)\\)[^`\\[]*\n\n```(?:js|python|go|yaml)\n(.*?)\n```\n").FindAllStringSubmatch(page, -1)
	if len(quoted) != 4 {
		t.Fatalf("the page quotes %d files, want 4", len(quoted))
	}
	for _, m := range quoted {
		if !strings.Contains(read(t, m[1]), m[2]) {
			t.Errorf("the page does not quote %s as it is", m[1])
		}
	}
}
