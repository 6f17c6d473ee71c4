//go:build unix

package manifest

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestPipeIsRefusedWithoutWaitingForIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.hcl")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	_, diags := Load(path, Options{})
	if len(diags) != 1 || !strings.Contains(diags[0].Detail, "not a regular file") {
		t.Errorf("got %v", diags)
	}
}
