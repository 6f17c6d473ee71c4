package house

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A discouraged word is a pattern, and what to write instead.
type discouraged struct {
	pattern *regexp.Regexp
	instead string
	where   []string // md, go
}

// discouragedWords reads testdata/words.txt. Its first lines describe its format.
func discouragedWords(t *testing.T) []discouraged {
	t.Helper()
	b, err := os.ReadFile("testdata/words.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []discouraged
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			t.Fatalf("%q does not have three fields, separated by tabs", line)
		}
		for _, where := range strings.Fields(fields[2]) {
			if where != "md" && where != "go" {
				t.Fatalf("%q: %q is neither md nor go", line, where)
			}
		}
		all = append(all, discouraged{regexp.MustCompile(`(?i)\b(?:` + strings.ReplaceAll(fields[0], " ", `\s+`) + `)\b`), fields[1], strings.Fields(fields[2])})
	}
	return all
}

// A passage is text to check, and the line that it begins at.
type passage struct {
	line int
	text string
}

// TestWords looks for discouraged words in the documentation and in Go files.
func TestWords(t *testing.T) {
	all := discouragedWords(t)
	for name := range strings.Lines(run(t, root(t), nil, "git", "ls-files", "-co", "--exclude-standard", "*.md", "*.go")) {
		name = strings.TrimSpace(name)
		b, err := os.ReadFile(filepath.Join(root(t), name))
		if os.IsNotExist(err) || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		where, passages := "md", []passage{{1, prose(name, string(b))}}
		if strings.HasSuffix(name, ".go") {
			where, passages = "go", commentsAndStrings(b)
		}
		for _, p := range passages {
			for _, w := range all {
				if !slices.Contains(w.where, where) {
					continue
				}
				for _, at := range w.pattern.FindAllStringIndex(p.text, -1) {
					t.Errorf("%s:%d: instead of %q write: %s", name, p.line+strings.Count(p.text[:at[0]], "\n"), p.text[at[0]:at[1]], w.instead)
				}
			}
		}
	}
}

// written matches what is not prose: fenced blocks, indented blocks, text in backquotes, comments, tables made from code, and
// the targets of links.
var written = regexp.MustCompile("(?s)```.*?\n *```|<!-- (?:names: [a-z]+|attacks) -->.*?<!-- end -->|<!--.*?-->|`[^`]*`|\\]\\([^)]*\\)|(?m)^    .*?$")

// prose returns a page without what is not prose. Lines keep their numbers. Only the unreleased part of the changelog counts,
// because released parts are not rewritten. The help of commands is checked in the code.
func prose(name, page string) string {
	switch name {
	case "CHANGELOG.md":
		before, after, _ := strings.Cut(page, "\n## Unreleased\n")
		unreleased, _, _ := strings.Cut(after, "\n## ")
		page = strings.Repeat("\n", strings.Count(before, "\n")+2) + unreleased
	case "docs/commands.md":
		return ""
	}
	return written.ReplaceAllStringFunc(page, func(s string) string { return "`" + strings.Repeat("\n", strings.Count(s, "\n")) })
}

// commentsAndStrings returns the comments and the string literals of a Go file.
func commentsAndStrings(src []byte) []passage {
	var s scanner.Scanner
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(src))
	s.Init(file, src, nil, scanner.ScanComments)
	var all []passage
	for {
		pos, kind, text := s.Scan()
		switch kind {
		case token.EOF:
			return all
		case token.COMMENT, token.STRING:
			all = append(all, passage{file.Line(pos), text})
		}
	}
}

// A phrase can begin on one line and end on the next.
func TestProseIsLookedThrough(t *testing.T) {
	page := "# A\n\nplain `a text` and\n\n```text\na text\n```\n<!-- a text -->\na text\n"
	if got := strings.Split(prose("x.md", page), "\n"); len(got) != 10 || got[8] != "a text" || strings.Count(strings.Join(got, ""), "a text") != 1 {
		t.Errorf("%q", got)
	}
	if got := prose("CHANGELOG.md", "# C\n\n## Unreleased\n\nnew\n\n## v1\n\nold\n"); strings.Contains(got, "old") || !strings.Contains(got, "new") {
		t.Errorf("%q", got)
	}
	found := commentsAndStrings([]byte("package x\n\n// a comment\nconst s = \"a string\"\n"))
	if len(found) != 2 || found[0].line != 3 || found[1].line != 4 {
		t.Errorf("%v", found)
	}
}
