//go:build unix

package needs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMotoOfAnotherVersion: a moto that is not the pinned one is not tested against.
func TestMotoOfAnotherVersion(t *testing.T) {
	const requirements = "boto3==1.44.8\nmoto[server]==5.2.5\n"
	for _, c := range []struct{ script, requirements, want string }{
		{"echo 5.2.5", requirements, ""},
		{"echo 5.2.1", requirements, "has moto 5.2.1, not 5.2.5 (PyPI: pip install 'moto[server]==5.2.5')"},
		{"echo 5.2.50", requirements, "has moto 5.2.50, not 5.2.5"},
		{"exit 1", requirements, "has no moto (PyPI: pip install 'moto[server]==5.2.5')"},
		{"echo 5.2.5", "moto==5.2.5\n", "the requirements name no version of moto"},
	} {
		python := filepath.Join(t.TempDir(), "python3")
		if err := os.WriteFile(python, []byte("#!/bin/sh\n"+c.script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if got := motoMissing(python, []byte(c.requirements)); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s, %q: %q, want %q", c.script, c.requirements, got, c.want)
		}
	}
}
