package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// TestLimitsAreKnownBeforeAnyCall checks that validate, plan and build refuse what no
// layer can hold before they call AWS, which does not answer here.
func TestLimitsAreKnownBeforeAnyCall(t *testing.T) {
	secrets := func(n int, name, parameter, more string) string {
		var b strings.Builder
		b.WriteString("function \"hello\" {\n  kms_key = \"alias/hello\"\n")
		for i := range n {
			fmt.Fprintf(&b, "  secret \"%s_%d\" {\n    parameter = \"%s/s%d\"\n%s  }\n", name, i, parameter, i, more)
		}
		return b.String() + "}\n"
	}
	deep := strings.Repeat("/"+strings.Repeat("x", 60), 14) // in the manifest by a local, so that it fits
	var functions strings.Builder
	functions.WriteString("defaults { kms_key = \"alias/${function.name}\" }\n")
	for i := range 10_001 {
		fmt.Fprintf(&functions, "function \"f%d\" { include = [\"g\"] }\n", i)
	}
	functions.WriteString("group \"g\" {\n  secret \"TOKEN\" { parameter = \"/shop/token\" }\n}\n")
	for name, c := range map[string]struct {
		manifest string
		code     int
		want     string
	}{
		"1,000 secrets":               {secrets(1000, "S", "/shop", ""), console.ExitDone, ""},
		"1,001 secrets":               {secrets(1001, "S", "/shop", ""), console.ExitUsage, "\"hello\" has 1001 secrets, and a function can have at most 1000. Split the function, or remove some."},
		"1,001 that may be absent":    {secrets(1001, "S", "/shop", "    optional = true\n"), console.ExitDone, ""},
		"long names":                  {"locals { deep = \"" + deep + "\" }\n" + secrets(1000, strings.Repeat("N", 120), "${local.deep}", ""), console.ExitUsage, "make a document of"},
		"10,001 functions":            {functions.String(), console.ExitUsage, "A layer can have at most 10000 files"},
		"10,001 layers of a function": {functions.String(), console.ExitDone, ""},
	} {
		manifest, out := someEnvironment+c.manifest, "layer.zip"
		if strings.HasSuffix(name, "of a function") {
			manifest = strings.Replace(manifest, "name = \"shop\" }", "\n  name = \"shop\"\n  layer = \"shop-${function.name}\"\n}", 1)
			out = "{function}.zip"
		}
		if code, stderr := validated(t, manifest); code != c.code || !strings.Contains(flat(stderr), c.want) {
			t.Errorf("%s: validate: exit code %d\n%.500s", name, code, stderr)
		}
		for _, command := range []string{"build", "plan"} {
			if c.code == console.ExitDone || command == "plan" && strings.Contains(name, "functions") {
				break // which would call; which takes long
			}
			path := filepath.Join(t.TempDir(), "secrets.hcl")
			if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			a := newApp(&console.Console{
				Args:    []string{"bundle", command, "--manifest", path, "--env", "prod", "--out", filepath.Join(t.TempDir(), out), "--endpoint-url", "http://127.0.0.1:1"},
				Environ: os.Environ(), Stdout: printable.New(&stdout), Stderr: printable.New(&stderr),
			}, nil)
			if code := a.run(t.Context()); code != c.code || !strings.Contains(flat(stderr.String()), c.want) {
				t.Errorf("%s: %s: exit code %d\n%.500s", name, command, code, &stderr)
			}
		}
	}
}

// flat is a text without the ends of lines that wrapping made.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }
