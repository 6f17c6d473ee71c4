// Package packagestest installs the npm package and the PyPI package as their users do, and runs the checkers, compilers, bundlers
// and test runners that those use. .ci/install-package-tools installs these.
package packagestest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/helperset"
	"github.com/whispering/bundle/runtime/packages"
)

// unpacked writes both packages, as bundle helpers --unpack does, and returns their folder.
func unpacked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files, err := packages.Files("v1.2.3-rc.1")
	if err == nil {
		err = helperset.Folder{Path: dir}.Unpack(files)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// example copies examples/testing/NAME into a folder.
func example(t *testing.T, name, into string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(into, name), os.DirFS(filepath.Join("../../examples/testing", name))); err != nil {
		t.Fatal(err)
	}
}

// run runs a program without the variables of this test's own Lambda or AWS, and returns what it prints.
func run(t *testing.T, dir string, env []string, program string, args ...string) string {
	t.Helper()
	out, err := try(t, dir, env, program, args...)
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return out
}

func try(t *testing.T, dir string, env []string, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "CI=1", "NO_COLOR=1", "npm_config_offline=true", "npm_config_update_notifier=false"}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// sums are the SHA-256 of the files in a folder, by name.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		b, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = fmt.Sprintf("%x", sha256.Sum256(b))
	}
	return all
}

// same checks that two builds made the same files, and returns their names.
func same(t *testing.T, first, second map[string]string, want ...string) {
	t.Helper()
	if !maps.Equal(first, second) {
		t.Errorf("two builds differ:\n%v\n%v", first, second)
	}
	for _, name := range want {
		if first[name] == "" || len(first) != len(want) {
			t.Errorf("there is no %s, or more: %v", name, first)
		}
	}
}

// contains checks what a program printed.
func contains(t *testing.T, out string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(out, text) {
			t.Errorf("it does not print %q:\n%s", text, out)
		}
	}
}
