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

// counted is how many tokens crowded counts.
func counted(src string) int {
	c := counter{fresh: true}
	for _, r := range src {
		c.next(r)
	}
	return c.words
}

// TestTokensAreCountedBeforeTheyAreMade compares with the lexer: what is counted is never much less than what it
// makes, and in manifests not much more.
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

// TestFindingsAreBounded keeps the first of very many, and says that there are more.
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
