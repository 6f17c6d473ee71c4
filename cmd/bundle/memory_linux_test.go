package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/peakmem"
)

// TestLargeManifestsTakeLittleMemory has a process read what would take 210 MB
// and more, most of it garbage, without sparing.
func TestLargeManifestsTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a second or two")
	}
	var secrets strings.Builder
	secrets.WriteString(someEnvironment)
	for f := range 20 {
		fmt.Fprintf(&secrets, "function \"f%d\" {\n  kms_key = \"alias/f%d\"\n", f, f)
		for s := range 1000 {
			fmt.Fprintf(&secrets, "  secret \"S_%d\" { parameter = \"/a/b%d\" }\n", s, s)
		}
		secrets.WriteString("}\n")
	}
	for name, c := range map[string]struct {
		manifest string
		code     int
	}{
		"20,000 secrets":     {secrets.String(), console.ExitDone},
		"1,000,000 newlines": {someEnvironment + strings.Repeat("\n", 1_000_000), console.ExitUsage},
		"10,000 faults":      {faults(10_000), console.ExitUsage},
	} {
		path := filepath.Join(t.TempDir(), "secrets.hcl")
		if err := os.WriteFile(path, []byte(c.manifest), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bundle", "validate", "--manifest", path)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
		forgetPeak(t)
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if code, mb := cmd.ProcessState.ExitCode(), peakmem.Of(cmd.ProcessState)>>20; code != c.code || mb > 160 {
			t.Errorf("%s: exit code %d, %d MB", name, code, mb)
		} else {
			t.Logf("%s: %d MB", name, mb)
		}
	}
}

// forgetPeak frees memory and sets the peak of this process back, because the system counts it as that of a child
// (https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html).
func forgetPeak(t *testing.T) {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600); err != nil {
		t.Fatal(err)
	}
}
