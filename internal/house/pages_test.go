package house

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeOfDocsListsEveryPageOnce compares docs/README.md with docs. The index in docs/adr lists the decisions.
func TestReadmeOfDocsListsEveryPageOnce(t *testing.T) {
	index := read(t, "docs/README.md")
	count := make(map[string]int)
	for _, target := range linksOf(index) {
		count[target]++
	}
	for _, page := range markdownFiles(t) {
		name, documents := strings.CutPrefix(page, "docs/")
		if documents && name != "README.md" && !decision.MatchString(name) && count[name] != 1 {
			t.Errorf("docs/README.md links %s %d times, not once: add a line to the table of its section", name, count[name])
		}
	}
	var sections []string
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(index, -1) {
		sections = append(sections, m[1])
	}
	if want := []string{"Start", "Guides", "Reference", "Explanation", "Change bundle"}; !slices.Equal(sections, want) {
		t.Errorf("docs/README.md has the sections %q, want %q", sections, want)
	}
}

// TestReadmeBeginsWithWhatItIs checks the order of the README: what it is, pictures, one line to install, three commands.
func TestReadmeBeginsWithWhatItIs(t *testing.T) {
	page := read(t, "README.md")
	if lines := strings.Count(page, "\n"); lines >= 200 {
		t.Errorf("README.md has %d lines", lines)
	}
	if badges := strings.Count(page, "\n[!["); badges > 4 {
		t.Errorf("README.md has %d badges", badges)
	}
	at := 0
	for _, next := range []string{
		"# bundle\n", "\n`bundle` seals the secrets of Lambda functions", "](docs/way.svg)\n", "](docs/recording.svg)\n", "\n## Install\n", "\n## Try it\n",
		"\n## What is different\n", "\n## On a real account\n", "\n## Documentation\n", "\n## Exit codes\n",
	} {
		found := strings.Index(page[at:], next)
		if found < 0 {
			t.Fatalf("README.md does not have %q at its place", next)
		}
		at += found
	}
	for chapter, lines := range map[string]int{"Install": 1, "Try it": 3} {
		_, text, _ := strings.Cut(page, "\n## "+chapter+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
		if block := fence.FindStringSubmatch(text); block == nil || strings.Count(block[3], "\n") != lines {
			t.Errorf("the chapter %s of README.md does not begin with %d commands", chapter, lines)
		}
	}
}

var decision = regexp.MustCompile(`^adr/\d{4}-`)

// TestTitlesAreFound checks the first heading of every page, which is what a search shows of it: it is the only one of its
// level, no two pages have the same, and it names what it is about.
func TestTitlesAreFound(t *testing.T) {
	seen := make(map[string]string)
	for _, page := range markdownFiles(t) {
		if !strings.HasPrefix(page, "docs/") && !strings.HasPrefix(page, "examples/") || decision.MatchString(strings.TrimPrefix(page, "docs/")) {
			continue
		}
		text := fenced.ReplaceAllString(read(t, page), "")
		title, first := strings.CutPrefix(strings.SplitN(text, "\n", 2)[0], "# ")
		switch other := seen[title]; {
		case !first || len(regexp.MustCompile(`(?m)^# `).FindAllString(text, -1)) != 1:
			t.Errorf("%s does not begin with its only heading of the first level", page)
		case other != "":
			t.Errorf("%s and %s have the same title", page, other)
		case !strings.Contains(title, "bundle") && !strings.Contains(title, "Lambda") || len(title) > 90:
			t.Errorf("%s has the title %q: no search finds it without the word bundle or Lambda, or shows more than 90 characters", page, title)
		}
		seen[title] = page
	}
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
