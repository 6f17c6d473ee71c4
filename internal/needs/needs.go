// Package needs lets tests declare what they need besides Go. If it is missing, the
// test is skipped with a message to the person who runs the tests. If
// BUNDLE_TEST_REQUIRE is 1, as in CI, the test fails instead.
package needs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Program returns the path of a program. from says how to install it. Of a Python that
// a shim starts, as pyenv's, it returns the path of the Python itself: the shim takes
// three times as long.
func Program(t testing.TB, name, from string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "%s is not installed (%s)", name, from)
	}
	if name == "python3" {
		path = itself(path)
	}
	return path
}

// itself returns the path of the Python that a program is or starts.
func itself(python string) string {
	path, err := exec.Command(python, "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		return python // the test will show why
	}
	return strings.TrimSpace(string(path))
}

// Programs returns the paths of several versions of a program: those in an
// environment variable, separated as in PATH, and the one on PATH.
func Programs(name, variable string) []string {
	all := filepath.SplitList(os.Getenv(variable))
	if path, err := exec.LookPath(name); err == nil {
		if name == "python3" {
			path = itself(path)
		}
		all = append(all, path)
	}
	return all
}

// Missing skips a test because what the text names is missing, or fails it if
// BUNDLE_TEST_REQUIRE is 1. The text says how to install it.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("BUNDLE_TEST_REQUIRE") == "1" {
		t.Fatalf(format, args...)
	}
	Absent(t, format, args...)
}

// Absent skips a test, also in CI, because something is missing that cannot simply
// be installed.
func Absent(t testing.TB, format string, args ...any) {
	t.Helper()
	announce(fmt.Sprintf("skipped %s: "+format+"\n", append([]any{t.Name()}, args...)...))
	t.Skipf(format, args...)
}

// announce writes to the standard error of go test itself, if possible. go test drops
// the output of packages that pass, so nobody would notice a skip without -v.
func announce(text string) {
	if testing.Verbose() {
		return // go test prints it
	}
	w, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/2", os.Getppid()), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return
	}
	defer w.Close()
	// In a file, go test and this test would write at two positions.
	if info, err := w.Stat(); err == nil && !info.Mode().IsRegular() {
		_, _ = w.WriteString(text)
	}
}
