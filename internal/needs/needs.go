// Package needs lets tests say what they need besides Go. Where that is
// missing, a test is skipped and the person who runs the tests is told;
// where BUNDLE_TEST_REQUIRE is 1, as in CI, it fails instead.
package needs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program returns the path of a program. from says how to get it.
func Program(t testing.TB, name, from string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "%s is not installed (%s)", name, from)
	}
	return path
}

// Programs returns the paths of a program in its versions: those that an
// environment variable lists, as PATH lists folders, and the one of PATH.
func Programs(name, variable string) []string {
	all := filepath.SplitList(os.Getenv(variable))
	if path, err := exec.LookPath(name); err == nil {
		all = append(all, path)
	}
	return all
}

// Missing ends a test for want of what the text names, and says how to get it.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("BUNDLE_TEST_REQUIRE") == "1" {
		t.Fatalf(format, args...)
	}
	Absent(t, format, args...)
}

// Absent ends a test for want of what cannot be installed, only had: it is
// skipped in CI as well, and says so.
func Absent(t testing.TB, format string, args ...any) {
	t.Helper()
	announce(fmt.Sprintf("skipped %s: "+format+"\n", append([]any{t.Name()}, args...)...))
	t.Skipf(format, args...)
}

// announce writes to the standard error of go test itself, where that can be
// done: go test drops whatever a test prints if its package passes, so that a
// skip would go unnoticed without -v.
func announce(text string) {
	if testing.Verbose() {
		return // go test prints it
	}
	w, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/2", os.Getppid()), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return
	}
	defer w.Close()
	// A file would be written at two places at once: by go test at its own.
	if info, err := w.Stat(); err == nil && !info.Mode().IsRegular() {
		_, _ = w.WriteString(text)
	}
}
