package manifest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

var update = flag.Bool("update", false, "rewrite the expected output of the faults")

// everything loads a manifest, evaluates all its environments and returns all diagnostics.
func everything(path string, o Options) (*Module, hcl.Diagnostics) {
	m, diags := Load(path, o)
	for _, env := range m.Environments() {
		_, more := m.Evaluate(env)
		diags = append(diags, more...)
	}
	return m, m.Sort(diags)
}

func render(t *testing.T, m *Module, diags hcl.Diagnostics) string {
	t.Helper()
	var out bytes.Buffer
	if err := hcl.NewDiagnosticTextWriter(&out, m.Files(), 100, false).WriteDiagnostics(diags); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m) +$`).ReplaceAllString(out.String(), "") // as the command prints it
}

// inTestdata runs the test in testdata/folder, so that diagnostics name files without a path.
func inTestdata(t *testing.T, folder, pattern string) []string {
	t.Helper()
	t.Chdir(filepath.Join("testdata", folder))
	var files []string
	for _, p := range []string{pattern, pattern + ".json"} {
		found, err := filepath.Glob(p)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Fatalf("no files in testdata/%s", folder)
	}
	return files
}

// options reads the first line of a test manifest: "# options: --var NAME=VALUE".
func options(t *testing.T, file string) Options {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(src), "\n")
	words, ok := strings.CutPrefix(first, "# options:")
	if !ok {
		return Options{}
	}
	var o Options
	fields := strings.Fields(words)
	for i := 0; i+1 < len(fields); i += 2 {
		o.Vars = append(o.Vars, fields[i+1])
	}
	return o
}

func TestEachFaultIsReportedOnceAndInFull(t *testing.T) {
	files := inTestdata(t, "faults", "*.hcl")
	if len(files) < 24 {
		t.Errorf("%d faults, want at least 24", len(files))
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			m, diags := everything(file, options(t, file))
			if len(diags) != 1 {
				t.Errorf("%d problems, want 1", len(diags))
			}
			got := render(t, m, diags)
			golden := strings.TrimSuffix(strings.TrimSuffix(file, ".json"), ".hcl") + ".out"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got (go test -update rewrites):\n%s", diff)
			}
		})
	}
}

func TestGoodManifestsAreSilent(t *testing.T) {
	for _, file := range inTestdata(t, "ok", "*.hcl") {
		t.Run(file, func(t *testing.T) {
			m, diags := everything(file, options(t, file))
			if len(diags) > 0 {
				t.Error(render(t, m, diags))
			}
			if len(m.Environments()) == 0 {
				t.Error("no environments")
			}
		})
	}
}

func TestSamplesRemain(t *testing.T) {
	m, diags := LoadSource("secrets.hcl", []byte(`
bundle { name = "shop" }
environment "local" { embedded = "a.json" }
environment "prod" {
  account_id = "111111111111"
  regions    = ["us-east-1"]
}
environment "test" { embedded = "${environment.name}.json" }
function "hello" { kms_key = "alias/hello" }
`), Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for range 2 {
		var got []string
		for _, e := range m.Samples() {
			got = append(got, e.Name.Value+" "+e.Embedded.Value)
		}
		if want := []string{"local a.json", "test test.json"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		m.Forget()
	}
}
