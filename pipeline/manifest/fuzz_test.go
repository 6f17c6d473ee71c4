package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// A sampleFile is a manifest of testdata.
type sampleFile struct {
	name string
	src  []byte
}

// samples returns the manifests of testdata whose names match a pattern, with and without faults.
func samples(f *testing.F, pattern string) (all []sampleFile) {
	f.Helper()
	for _, folder := range []string{"ok", "faults"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, pattern))
		if err != nil || len(files) == 0 {
			f.Fatal(folder, pattern, err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			all = append(all, sampleFile{file, src})
		}
	}
	return all
}

// FuzzLoad loads and evaluates any text in both syntaxes. Nothing panics or runs away, every diagnostic can be printed,
// and if there are no errors, the result keeps its promises.
func FuzzLoad(f *testing.F) {
	for _, file := range samples(f, "*.hcl*") {
		f.Add(file.src, filepath.Ext(file.name) == ".json")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, src []byte, json bool) {
		path := filepath.Join(dir, "secrets.hcl")
		if json {
			path += ".json"
		}
		if err := os.WriteFile(path, src, 0o600); err != nil {
			t.Fatal(err)
		}
		m, diags := Load(path, Options{})
		var out bytes.Buffer
		for _, env := range m.Environments() {
			manifest, more := m.Evaluate(env)
			if !diags.HasErrors() && !more.HasErrors() {
				promises(t, manifest)
			}
			diags = append(diags, more...)
		}
		for _, d := range diags {
			if d.Summary == "" || d.Detail == "" {
				t.Errorf("a diagnostic without words: %+v", d)
			}
		}
		if err := hcl.NewDiagnosticTextWriter(&out, m.Files(), 100, false).WriteDiagnostics(m.Sort(diags)); err != nil {
			t.Fatal(err)
		}
	})
}

// promises checks what callers rely on in a manifest without errors.
func promises(t *testing.T, m *Manifest) {
	if !namePattern.MatchString(m.Bundle.Name.Value) || !namePattern.MatchString(m.Environment.Name.Value) || len(m.Environment.Regions) == 0 || len(m.Functions) == 0 {
		t.Errorf("unusable manifest: %+v", m)
	}
	if (m.Environment.Embedded.Value == "") == (m.Environment.AccountID.Value == "") {
		t.Errorf("neither embedded nor in an account, or both: %+v", m.Environment)
	}
	for _, f := range m.Functions {
		if !namePattern.MatchString(f.File()) || f.Key.Value == "" || len(f.Secrets)+len(f.Imports) == 0 {
			t.Errorf("unusable function: %+v", f)
		}
		for _, s := range f.Secrets {
			if n, _ := Lookup(s.Name.Value); !secretPattern.MatchString(s.Name.Value) || s.Source().Value == "" || n.refusal(s.Name.Value, s.AllowReserved) != "" {
				t.Errorf("unusable secret: %+v", s)
			}
			parameter, v := s.SecretsManager.Value == "", s.Version
			if parameter == (s.Parameter.Value == "") || parameter != (v == nil) || v != nil && (v.Stage.Value == "") == (v.ID.Value == "") {
				t.Errorf("not one source: %+v", s)
			}
		}
		for _, i := range f.Imports {
			if !pathPattern.MatchString(i.Path.Value) {
				t.Errorf("unusable path: %+v", i)
			}
		}
	}
}
