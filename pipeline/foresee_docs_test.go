package pipeline

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/publishing.md lists what a plan cannot report: the errors of those
// functions that only a build calls.
func TestDocumentationListsWhatOnlyABuildFindsOut(t *testing.T) {
	src, err := os.ReadFile("../docs/publishing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(src), "\n### What only a build finds out\n")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(section, -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			listed[name[1]] = true
		}
	}
	onlyBuild := map[string]bool{
		"receive": true, "checked": true, "accept": true, "sealPacked": true, "move": true, "unsealable": true, "CheckLeaks": true, "Assemble": true, "OpenOutput": true, "Replace": true,
	}
	summary := regexp.MustCompile(`(?:problem\.New\(problem\.\w+, [^,"]+, |refuse\((?:\w+, )?)"([^"]+)"`)
	said := map[string]bool{}
	all := ""
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all += string(code)
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, code, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !onlyBuild[f.Name.Name] {
				continue
			}
			body := code[set.Position(f.Body.Pos()).Offset:set.Position(f.Body.End()).Offset]
			for _, m := range summary.FindAllSubmatch(body, -1) {
				said[string(m[1])] = true
				if name := string(m[1]); !listed[name] {
					t.Errorf("docs/publishing.md does not list %q of %s", name, f.Name.Name)
				}
			}
		}
	}
	if len(said) < 10 {
		t.Errorf("only %d errors were found", len(said))
	}
	table, err := os.ReadFile("problem/table.go")
	if err != nil {
		t.Fatal(err)
	}
	all += string(table)
	for name := range listed {
		if !strings.Contains(all, `"`+name+`"`) {
			t.Errorf("docs/publishing.md lists %q, which no code reports", name)
		}
	}
}
