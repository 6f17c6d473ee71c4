package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// counted returns how many tokens crowded counts.
func counted(src string) int {
	c := counter{fresh: true}
	for _, r := range src {
		c.next(r)
	}
	return c.words
}

// TestTokensAreCountedBeforeTheyAreMade compares the count with the lexer's: it is never much lower, and for manifests
// not much higher.
func TestTokensAreCountedBeforeTheyAreMade(t *testing.T) {
	for _, dense := range []string{
		"a=1\n", "a.b.c.d", "-----", "1-1-1", "\"\"\"\"", "\"${a}${b}${\"c\"}\"", "!@?~`", "[[[[", "{{{{", "→→→", "éé éé", "a-b-c d", "1.5.5", "<<E\n\n\n\nE\n", "\n\n\n", "...", "==", "&&&", "'''", ";;;",
		"\"a\\\"b\"", "\"%{if x}y%{endif}\"", "# a\n", "a # b\n", "x{}\n", "/*/*/*", "////", "a b c d", "\"a b c d\"", "\"$\"", "\"$$\"", "\"${", "}\"}\"}\"", "\"\\", "// \n", "\"$$$$$$$$\"", "\"%%%%%%%%\"", "\r",
	} {
		src := strings.Repeat(dense, 1000)
		tokens, _ := hclsyntax.LexConfig([]byte(src), "x", hcl.InitialPos)
		if n := counted(src); n < len(tokens)/2-10 {
			t.Errorf("%q: %d counted, %d tokens", dense, n, len(tokens))
		}
	}
	files, err := filepath.Glob("../../examples/*/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range append(files, "../../secrets.hcl") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tokens, _ := hclsyntax.LexConfig(src, "x", hcl.InitialPos)
		if n := counted(string(src)); n < len(tokens)*9/10 || n > len(tokens)*3/2 {
			t.Errorf("%s: %d counted, %d tokens", path, n, len(tokens))
		}
	}
}

func TestCrowdedFilesAreRefused(t *testing.T) {
	head := "bundle {\n  name = \"x\"\n}\nenvironment \"e\" {\n  embedded = \"seed.json\"\n}\n"
	for name, src := range map[string]string{
		"newlines":            head + strings.Repeat("\n", 1_000_000),
		"newlines and a NUL":  head + "\x00" + strings.Repeat("\n", 1_000_000),
		"one line":            head + strings.Repeat("a=1 ", 250_000),
		"signs":               head + strings.Repeat("@", 1_000_000),
		"quotes":              head + strings.Repeat("\"", 1_000_000),
		"templates":           head + "a = \"" + strings.Repeat("${a}", 250_000) + "\"\n",
		"short texts":         head + "locals {\n" + strings.Repeat("a=\"\"\n", 200_000) + "}\n",
		"what is no manifest": strings.Repeat("a b\n", 250_000),
	} {
		_, diags := Load(write(t, map[string]string{"a.hcl": src}), Options{})
		if len(diags) != 1 || diags[0].Summary != "Manifest too large" && !strings.HasPrefix(diags[0].Summary, "Control character") {
			t.Errorf("%s: %v", name, summaries(diags))
		}
	}
	var secrets strings.Builder
	secrets.WriteString(head + "function \"f\" {\n  kms_key = \"alias/f\"\n")
	for i := range 20_000 {
		fmt.Fprintf(&secrets, "  secret \"S_%d\" { parameter = \"/a/b/c%d\" }\n", i, i)
	}
	if _, diags := Load(write(t, map[string]string{"a.hcl": secrets.String() + "}\n"}), Options{}); len(diags) > 0 {
		t.Errorf("20000 secrets: %v", summaries(diags))
	}
}

// TestFindingsAreBounded checks that only the first of very many findings are kept, and that the last one says so.
func TestFindingsAreBounded(t *testing.T) {
	var src strings.Builder
	src.WriteString("bundle {\n  name = \"x\"\n}\nenvironment \"e\" {\n  embedded = \"seed.json\"\n}\n")
	for i := range maxFindings + 500 {
		fmt.Fprintf(&src, "x%d {}\n", i)
	}
	_, diags := Load(write(t, map[string]string{"a.hcl": src.String()}), Options{})
	if len(diags) != maxFindings+1 || diags[0].Subject.Start.Line != 7 || !strings.Contains(strings.Join(summaries(diags), "\n"), "More problems") {
		t.Errorf("%d diagnostics, the first at %v", len(diags), diags[0].Subject)
	}
}

// TestWhatCountsAsAToken has counts made by hand. The end of a line counts too.
func TestWhatCountsAsAToken(t *testing.T) {
	for src, want := range map[string]int{
		"": 0, "  \t": 0, "\n": 1, "a": 1, "a1é_": 1, "a b": 2, "a\tb": 2, "a-b-c": 1, "1-1": 3, "1a": 1, "a.b": 3, "a\nb": 3, "a=1\n": 4,
		"# a b c": 1, " \t# a b c\n": 2, "# a\nb c": 4, "a # b": 3, "a\n# b c": 3, "=# b": 3,
		"a // b c": 3, "a // b c\nd": 5, "\"\"": 2, "\"a b\"": 3, "\"a\\\\b\"": 3, "\"${a}\"": 6, "\"a\" b": 4,
	} {
		if got := counted(src); got != want {
			t.Errorf("%q: %d, not %d", src, got, want)
		}
	}
	for n, want := range map[int]int{maxLines: -1, maxLines + 1: maxLines} {
		if got := crowded([]byte(strings.Repeat("\n", n))); got != want {
			t.Errorf("%d lines: %d, not %d", n, got, want)
		}
	}
	for n, want := range map[int]int{maxWords: -1, maxWords + 1: maxWords} {
		if got := crowded([]byte(strings.Repeat("@", n))); got != want {
			t.Errorf("%d signs: %d, not %d", n, got, want)
		}
	}
}
