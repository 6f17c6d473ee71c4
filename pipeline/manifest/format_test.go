package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestShippedManifestsAreFormatted compares the manifests that users copy with what
// bundle fmt would write.
func TestShippedManifestsAreFormatted(t *testing.T) {
	found := 0
	for _, pattern := range []string{"*.hcl", "examples/*/*.hcl", "internal/*/testdata/*.hcl"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			found++
			m, diags := Read(file)
			if diags.HasErrors() {
				t.Errorf("%s: %v", file, diags)
				continue
			}
			before, after, err := m.Format(file)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("%s is not in canonical form (%v): run bundle fmt --manifest %s", file, err, file)
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d manifests", found)
	}
}

// FuzzFormat formats whatever can be parsed. The result can be parsed too, formats to
// itself, and has the same tokens.
func FuzzFormat(f *testing.F) {
	for _, file := range samples(f, "*.hcl") {
		f.Add(file.src)
	}
	f.Add([]byte("a   = 1\r\n/* c\r\n */ b = <<E\r\n x\r\nE\r\n"))
	f.Add([]byte("a = \"${ [1,2][0]   }%{if true}x%{ endif ~}\"\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		m, diags := ReadSource("a.hcl", src)
		if diags.HasErrors() {
			return
		}
		_, after, err := m.Format("a.hcl")
		if err != nil {
			return // reported, and nothing is written
		}
		again, diags := ReadSource("a.hcl", after)
		if diags.HasErrors() {
			t.Fatalf("formatting broke it: %v\n%q\n%q", diags, src, after)
		}
		if _, last, err := again.Format("a.hcl"); err != nil || !bytes.Equal(last, after) {
			t.Fatalf("not at rest (%v):\n%q\n%q", err, after, last)
		}
	})
}

// TestPiecesAreFormattedAsTheWhole formats files in one piece and in as many pieces as possible.
func TestPiecesAreFormattedAsTheWhole(t *testing.T) {
	for name, src := range map[string]string{
		"aligned":      "bundle { name = \"a\" }\nenvironment \"b\" {\na = 1\nbcd = 2 # x\n}\nlocals {\n  a=1\n}\n\n\n\nlocals { b=2 }\n",
		"comments":     "locals {\n} # one\nlocals {   } # another\n/* a\n\nb */\nlocals {\n}\n# c\n\n\n  # d\nlocals {\n}",
		"templates":    "locals {\n a = \"${ {\n b = 1\n}[\"b\"] }\"\n}\nlocals {\n h = <<-X\n  }\n  ${ f({ x = 1 }) }\n  X\n}\nlocals {}\n",
		"no line feed": "locals {\n}\nlocals {\n}",
		"blank ends":   "locals {\n}  \t\n  \n\t\nlocals {\n}  \n",
	} {
		whole, err := formatPieces([]byte(src), len(src)+1)
		if err != nil {
			t.Fatal(name, err)
		}
		cut, err := formatPieces([]byte(src), 1)
		if err != nil || !bytes.Equal(whole, cut) {
			t.Errorf("%s: in pieces %q, %v; in one %q", name, cut, err, whole)
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "pipeline", "manifest", "testdata", "faults", "*.hcl"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, diags := ReadSource(file, src); diags.HasErrors() {
			continue
		}
		whole, _ := formatPieces(src, len(src)+1)
		if cut, err := formatPieces(src, 1); err != nil || !bytes.Equal(whole, cut) {
			t.Errorf("%s: in pieces %q, %v; in one %q", file, cut, err, whole)
		}
	}
}
