package manifest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const root = "../.."

// section returns the text of docs/manifest.md from a heading to the next.
func section(t *testing.T, heading string) string {
	t.Helper()
	src, err := os.ReadFile(root + "/docs/manifest.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(src), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/manifest.md has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

var (
	tableRow  = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]+) \\| ([^|]+) \\|")
	codeWords = regexp.MustCompile("`([^` ]+)`")
)

func TestDocumentationHasTheSchema(t *testing.T) {
	var check func(*blockSpec)
	seen := map[string]bool{}
	check = func(spec *blockSpec) {
		if spec.name != "" && !seen[spec.name] {
			seen[spec.name] = true
			heading := "`" + spec.name + "`"
			if spec.label != "" {
				heading = fmt.Sprintf("`%s %q`", spec.name, spec.label)
			}
			text := section(t, heading)
			if once := strings.Contains(text, "\nOnce."); once != spec.once {
				t.Errorf("%s: says once: %v, want %v", heading, once, spec.once)
			}
			var got, want []attrSpec
			for _, row := range tableRow.FindAllStringSubmatch(text, -1) {
				got = append(got, attrSpec{row[1], kind(row[2]), row[3] == "required"})
			}
			want = spec.attrs
			if spec.name == "defaults" {
				want = nil // it refers to function
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(attrSpec{})); diff != "" {
				t.Errorf("%s: -schema +documentation:\n%s", heading, diff)
			}
		}
		for _, inner := range spec.blocks {
			check(inner)
		}
	}
	check(rootSpec())
	function, _ := rootSpec().block("function")
	defaults, _ := rootSpec().block("defaults")
	if diff := cmp.Diff(function.attrs, defaults.attrs, cmp.AllowUnexported(attrSpec{})); diff != "" {
		t.Errorf("the documentation says that defaults have the attributes of a function: %s", diff)
	}
}

func TestDocumentationHasFunctionsAndLimits(t *testing.T) {
	_, list, _ := strings.Cut(section(t, "Expressions"), "and the functions\n")
	list, _, _ = strings.Cut(list, "\nwith the meaning")
	if diff := cmp.Diff(Functions(), words(list)); diff != "" {
		t.Errorf("functions: -code +documentation:\n%s", diff)
	}
	limits := []string{
		thousands(maxSize) + " bytes", thousands(maxDepth) + " levels", thousands(maxExpression) + " bytes", thousands(maxValue) + " bytes",
		thousands(maxWork) + " bytes", thousands(maxText) + " bytes", thousands(maxDigits) + " digits", thousands(maxSecrets) + " and " + thousands(maxAllSecrets), thousands(maxEnvironments), thousands(maxLocals),
	}
	for _, limit := range limits {
		if row := "\n| " + limit + " |"; !strings.Contains(section(t, "Expressions"), row) {
			t.Errorf("no row %q", row)
		}
	}
}

func words(text string) []string {
	var found []string
	for _, w := range codeWords.FindAllStringSubmatch(text, -1) {
		found = append(found, w[1])
	}
	return found
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var example = regexp.MustCompile("<!-- (testdata/faults/[a-z_]+\\.out) -->\n```text\n((?s:.*?))```\n")

func TestDocumentedDiagnosticsAreReal(t *testing.T) {
	const doc = root + "/docs/manifest.md"
	src, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	examples := example.FindAllStringSubmatch(string(src), -1)
	if len(examples) < 3 {
		t.Errorf("%d examples", len(examples))
	}
	if *update {
		updated := example.ReplaceAllStringFunc(string(src), func(block string) string {
			name := example.FindStringSubmatch(block)[1]
			out, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("<!-- %s -->\n```text\n%s\n```\n", name, strings.TrimSpace(string(out)))
		})
		if err := os.WriteFile(doc, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, e := range examples {
		out, err := os.ReadFile(e[1])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.TrimSpace(string(out))+"\n", e[2]); diff != "" {
			t.Errorf("%s: -want +documentation (go test -update rewrites):\n%s", e[1], diff)
		}
	}
}

// hclBlocks returns the HCL examples of the repository: those in Markdown, by file and line, and the files below examples.
func hclBlocks(t *testing.T) map[string]string {
	t.Helper()
	blocks := map[string]string{}
	documents, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(root + "/docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range slices.Concat(documents, more, []string{root + "/README.md"}) {
		src, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		fence := ""
		for i, line := range strings.Split(string(src), "\n") {
			switch trimmed := strings.TrimSpace(line); {
			case fence != "" && trimmed == "```":
				fence = ""
			case fence != "":
				blocks[fence] += line + "\n"
			case strings.HasPrefix(trimmed, "```hcl"):
				fence = fmt.Sprintf("%s:%d", strings.TrimPrefix(document, root+"/"), i+1)
				blocks[fence] = ""
			}
		}
	}
	err = filepath.WalkDir(root+"/examples", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".hcl" {
			return err
		}
		src, err := os.ReadFile(path)
		blocks[strings.TrimPrefix(path, root+"/")] = string(src)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

// Every HCL block parses and fits the schema; it does not have to be a complete manifest, or to declare what it uses.
func TestEveryHCLBlockOfTheDocumentationFitsTheSchema(t *testing.T) {
	blocks := hclBlocks(t)
	if len(blocks) < 8 {
		t.Errorf("only %d blocks", len(blocks))
	}
	for _, place := range slices.Sorted(maps.Keys(blocks)) {
		t.Run(place, func(t *testing.T) {
			src := []byte(blocks[place])
			file, diags := hclsyntax.ParseConfig(src, place, hcl.InitialPos)
			m := &Module{root: rootSpec(), files: map[string]*hcl.File{place: file}, refused: map[string][]hcl.Range{}, locals: map[string]*hcl.Attribute{}, index: map[named]*block{}}
			g := newLimits(src, place)
			if g.fatal == nil {
				g.scanAll()
			}
			if g.fatal != nil || len(g.refused) > 0 {
				t.Errorf("refused: %v %v", g.fatal, g.refused)
			}
			if !diags.HasErrors() {
				r := &reader{m: m}
				if strings.HasPrefix(place, "docs/guard.md:") {
					r.body(file.Body, guardSpec())
				} else {
					r.file(file.Body)
				}
				diags = append(diags, r.diags...)
			}
			if len(diags) > 0 {
				t.Error(render(t, m, diags))
			}
		})
	}
}
