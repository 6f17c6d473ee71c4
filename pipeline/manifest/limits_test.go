package manifest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

func summaries(diags hcl.Diagnostics) []string {
	var s []string
	for _, d := range diags {
		s = append(s, d.Summary)
	}
	return s
}

func TestNestingUpToTheLimitIsAccepted(t *testing.T) {
	r := strings.Repeat
	for name, expr := range map[string]string{
		"parentheses":                   r("(", 99) + "\"x\"" + r(")", 99),
		"lists":                         r("[", 99) + r("]", 99),
		"templates":                     r(`"${`, 99) + `"x"` + r(`}"`, 99),
		"negations":                     r("!", 98) + "true",
		"conditions":                    r(`var.x == "" ? "a" : `, 48) + `"b"`,
		"operators in lists, each anew": "[" + r("true && false || !true,\n", 150) + "]",
		"indexes":                       "[[[1]]]" + r("[0]", 3),
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{"a.hcl": minimal + "variable \"x\" {\n  default = \"\"\n}\nlocals {\n  deep = " + expr + "\n}\n"})
			if m, diags := everything(dir, Options{}); len(diags) > 0 {
				t.Error(render(t, m, diags))
			}
		})
	}
}

// The parser, or an evaluation, recurses on each of these. Enough of them overflow the stack, and nothing could recover.
func TestNestingBeyondTheLimitNeverReachesAParser(t *testing.T) {
	const n = 20_000
	r := strings.Repeat
	for name, source := range map[string]string{
		"parentheses":     "a = " + r("(", n),
		"lists":           "a = " + r("[", n),
		"objects":         "a = " + r("{a=", n),
		"blocks":          r("a {\n", n),
		"templates":       "a = " + r(`"${`, n),
		"heredocs":        r("a = <<A\n${", n/2),
		"negations":       "a = " + r("!", n),
		"signs":           "a = " + r("-", n),
		"conditions":      "a = " + r("a?a:", n),
		"sums":            "a = 1" + r("+1", n),
		"comparisons":     "a = 1" + r("==1", n),
		"conjunctions":    "a = 1" + r("&&1", n),
		"indexes":         "a = b" + r("[b]", n),
		"splats":          "a = b" + r(".*", n),
		"full splats":     "a = b" + r("[*]", n),
		"calls":           "a = " + r("f(", n),
		"directives":      "a = \"" + r("%{if a}", n),
		"line ends":       "a = (" + r("!\n", n),
		"stray closers":   "a = " + r("([)", n),
		"many for":        "a = " + r("[for a in a : ", n/2),
		"comments within": "a = " + r("(/**/", n),
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := Load(write(t, map[string]string{"a.hcl": source}), Options{})
			if diff := cmp.Diff([]string{"Manifest nested too deeply"}, summaries(diags)); diff != "" {
				t.Error(diff)
			}
		})
		t.Run(name+" in JSON", func(t *testing.T) {
			template := strings.TrimPrefix(source, "a = ")
			escaped := strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(template)
			_, diags := Load(write(t, map[string]string{"a.hcl.json": `{"locals": {"a": "${` + escaped + `"}}`}), Options{})
			if len(diags) == 0 || diags[0].Summary != "Manifest nested too deeply" {
				t.Error(summaries(diags))
			}
		})
	}
	for name, source := range map[string]string{
		"arrays":              r("[", n),
		"objects":             r(`{"a":`, n),
		"after a broken text": "{\"a\n" + r("[", n),
		"after an escape":     `{"\\":` + r("[", n),
	} {
		t.Run("JSON "+name, func(t *testing.T) {
			_, diags := Load(write(t, map[string]string{"a.hcl.json": source}), Options{})
			if diff := cmp.Diff([]string{"Manifest nested too deeply"}, summaries(diags)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusalsHaveAPlace(t *testing.T) {
	dir := write(t, map[string]string{"a.hcl": minimal + "\n\nlocals {\n  a = " + strings.Repeat("(", 101) + "\n}\n"})
	_, diags := Load(dir, Options{})
	if len(diags) != 1 || diags[0].Subject == nil || diags[0].Subject.Start.Line != 19 {
		t.Errorf("got %v", diags)
	}
	dir = write(t, map[string]string{"a.hcl.json": "{\n\n\"é\": [" + strings.Repeat("[", 101) + "]}"})
	_, diags = Load(dir, Options{})
	want := hcl.Pos{Line: 3, Column: 105, Byte: 108}
	if len(diags) != 1 || diags[0].Subject == nil || diags[0].Subject.Start != want {
		t.Errorf("got %v", diags)
	}
}

func TestSizeCountsOverAllFiles(t *testing.T) {
	half := strings.Repeat("# filler\n", maxSize/2/9)
	dir := write(t, map[string]string{"a.hcl": minimal, "b.hcl": half, "c.hcl": half})
	m, diags := everything(dir, Options{})
	if diff := cmp.Diff([]string{"Manifest too large"}, summaries(diags)); diff != "" {
		t.Fatal(diff)
	}
	if d := diags[0]; d.Subject == nil || filepath.Base(d.Subject.Filename) != "c.hcl" {
		t.Errorf("points at %v", d.Subject)
	}
	if out := render(t, m, diags); len(out) > 1000 {
		t.Errorf("prints %d bytes", len(out))
	}
	exact := minimal + strings.Repeat("#", maxSize-len(minimal))
	if m, diags := everything(write(t, map[string]string{"a.hcl": exact}), Options{}); len(diags) > 0 {
		t.Errorf("a manifest of exactly the limit: %s", render(t, m, diags)[:200])
	}
	if _, diags := Load(write(t, map[string]string{"a.hcl": exact + "#"}), Options{}); len(diags) != 1 {
		t.Errorf("one byte more: %v", summaries(diags))
	}
}

func TestManyRefusalsAreNotMany(t *testing.T) {
	dir := write(t, map[string]string{"a.hcl": "locals {\n" + strings.Repeat("  a = 1 + 1\n", 10_000) + "}\n"})
	if _, diags := Load(dir, Options{}); len(diags) != 1 {
		t.Errorf("%d diagnostics", len(diags))
	}
}

func TestFolderIsReadInTheOrderOfNames(t *testing.T) {
	dir := write(t, map[string]string{
		"b.hcl":         "function \"second\" {\n  kms_key = \"alias/b\"\n  include = [\"g\"]\n}\n",
		"a.hcl.json":    `{"function": {"first": {"kms_key": "alias/a", "include": ["g"]}}}`,
		"c.hcl":         "bundle {\n  name = \"x\"\n}\nenvironment \"e\" {\n  embedded = \"seed.json\"\n}\ngroup \"g\" {\n  secret \"S1\" { parameter = \"p\" }\n}\n",
		"d.txt":         "not read",
		"e.json":        "not read",
		".hidden.hcl":   "not read",
		"seed.hcl.bak~": "not read",
	})
	if err := os.Mkdir(filepath.Join(dir, "f.hcl"), 0o755); err != nil {
		t.Fatal(err)
	}
	m, diags := Load(dir, Options{})
	manifest, more := m.Evaluate("e")
	if diags = append(diags, more...); len(diags) > 0 {
		t.Fatal(render(t, m, diags))
	}
	if got := manifest.Functions; len(got) != 2 || got[0].Name.Value != "first" || got[1].Name.Value != "second" {
		t.Errorf("got %v", got)
	}
	if m.Dir() != dir || len(m.Files()) != 3 {
		t.Errorf("dir %q, %d files", m.Dir(), len(m.Files()))
	}
}

func TestWhatCannotBeReadIsAPlainError(t *testing.T) {
	outside := write(t, map[string]string{"credentials": "aws_secret_access_key = not-a-real-key\n"})
	for _, c := range []struct {
		name string
		make func(dir string) (path string, err error)
		want string
	}{
		{"absent", func(dir string) (string, error) { return filepath.Join(dir, "none.hcl"), nil }, "no such file"},
		{"empty folder", func(dir string) (string, error) { return dir, nil }, "no files that end in .hcl"},
		{"link out of the folder", func(dir string) (string, error) {
			path := filepath.Join(dir, "secrets.hcl")
			return path, os.Symlink(filepath.Join(outside, "credentials"), path)
		}, "escapes"},
		{"link out of the folder, by folder", func(dir string) (string, error) {
			return dir, os.Symlink(filepath.Join(outside, "credentials"), filepath.Join(dir, "secrets.hcl"))
		}, "escapes"},
		{"device", func(string) (string, error) { return "/dev/zero", nil }, "not a regular file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("needs links and /dev")
			}
			path, err := c.make(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			m, diags := everything(path, Options{Vars: []string{"x=y"}})
			if len(diags) != 1 || !strings.Contains(diags[0].Detail, c.want) {
				t.Fatalf("got %v, want one that says %q", diags, c.want)
			}
			if out := render(t, m, diags); strings.Contains(out, "not-a-real-key") {
				t.Errorf("prints what the link points to:\n%s", out)
			}
		})
	}
}

func TestLinkInsideTheFolderIsFollowed(t *testing.T) {
	dir := write(t, map[string]string{"real.txt": minimal})
	if err := os.Symlink("real.txt", filepath.Join(dir, "secrets.hcl")); err != nil {
		t.Skip(err)
	}
	if m, diags := everything(filepath.Join(dir, "secrets.hcl"), Options{}); len(diags) > 0 {
		t.Error(render(t, m, diags))
	}
}
