package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild"
)

// TestReleaseHoldsTheExecWrapper builds bundle as a release is built, with two
// stand-ins for what make exec writes, and asks it for the wrapper where there
// is no Go.
func TestReleaseHoldsTheExecWrapper(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: links the command")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	stands := map[string]string{"bundle/bin/x86_64/bundle-exec": "for x86_64", "bundle/bin/arm64/bundle-exec": "for arm64", "bundle/exec": ""}
	dist := filepath.Join(root, "runtime", "execbin", "dist", "bundle", "bin")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(dist, "x86_64", "bundle-exec"): write("x86_64", "for x86_64"),
		filepath.Join(dist, "arm64", "bundle-exec"):  write("arm64", "for arm64"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "bundle.exe")
	build := exec.Command("go", "build", "-tags", "release", "-trimpath", "-overlay", write("overlay.json", string(overlay)), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := exec.Command(program, "helpers", "--helpers", "exec", "--out", filepath.Join(dir, "helpers.zip"))
	run.Env = []string{"PATH=" + filepath.Join(dir, "nothing"), "SystemRoot=" + os.Getenv("SystemRoot")}
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "helpers.zip"))
	if err != nil {
		t.Fatal(err)
	}
	layer, err := layerbuild.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range layer.Helpers {
		want, known := stands[f.Path]
		if !known || !f.Executable || want != "" && string(f.Data) != want {
			t.Errorf("%s: %d bytes, executable %v", f.Path, len(f.Data), f.Executable)
		}
	}
	if len(layer.Helpers) != len(stands) {
		t.Errorf("%d files, want %d", len(layer.Helpers), len(stands))
	}

	// It compares with them, and needs no Go for that either.
	verify := func(name string) string {
		run := exec.Command(program, "verify", "--layer", filepath.Join(dir, name))
		run.Env = []string{"PATH=" + filepath.Join(dir, "nothing"), "SystemRoot=" + os.Getenv("SystemRoot")}
		out, _ := run.CombinedOutput()
		return string(out)
	}
	if out := verify("helpers.zip"); !strings.Contains(out, "3 helper files (exec) against this bundle, ") {
		t.Errorf("its own helpers: %s", out)
	}
	for i := range layer.Helpers {
		if layer.Helpers[i].Path == "bundle/bin/arm64/bundle-exec" {
			layer.Helpers[i].Data = []byte("for others")
		}
	}
	var changed bytes.Buffer
	if err := layerbuild.Write(&changed, layer); err != nil {
		t.Fatal(err)
	}
	write("changed.zip", changed.String())
	if out := verify("changed.zip"); !strings.Contains(out, "bundle/bin/arm64/bundle-exec: bundle") || !strings.Contains(out, "Changed helper file") {
		t.Errorf("another bundle-exec: %s", out)
	}
}
