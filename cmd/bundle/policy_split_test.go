package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Another run writes the same policy at the same time. What this run has written would
// be a part without the others.
func TestAPolicyIsWrittenWholeOrNotAtAll(t *testing.T) {
	f := &policyFolder{path: t.TempDir()}
	files := []string{filepath.Join(f.path, "ci-1.json"), filepath.Join(f.path, "ci-2.json")}
	if err := os.WriteFile(files[1], []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.replace([]string{"ci"}, files, [][]byte{[]byte("1"), []byte("2")}); err == nil {
		t.Error("the file of another run is replaced")
	}
	if _, err := os.Stat(files[0]); err == nil {
		t.Error("a part is left")
	}
	if content, err := os.ReadFile(files[1]); err != nil || string(content) != "theirs" {
		t.Errorf("%q, %v", content, err)
	}
}
