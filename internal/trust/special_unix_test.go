//go:build unix

package trust_test

import (
	"path/filepath"
	"syscall"
	"testing"
)

// specials are files that are not regular.
func specials(t *testing.T, dir string) []string {
	t.Helper()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{pipe, "/dev/zero", "/dev/null"}
}
