//go:build unix

package lambdatest

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// arm64 is a client whose runtime is a program for arm64 behind the bundle-exec
// for arm64 of the layer. Elsewhere than on arm64 the kernel starts both by
// QEMU's user mode, so that execve is the kernel's; what an emulator does not
// show is how fast they are, and Lambda's own machine.
func arm64(t *testing.T, opt string, args ...string) client {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	compile(t, "", "env", "GOOS=linux", "GOARCH=arm64", "go", "build", "-o", program, "./testdata/arm64/program")
	c := client{name: "arm64", command: slices.Concat([]string{"/opt/bundle/bin/arm64/bundle-exec", program}, args)}
	if runtime.GOARCH == "arm64" {
		return c
	}
	qemu := needs.Program(t, "qemu-aarch64-static", "Debian: apt-get install qemu-user-static")
	register, err := filepath.Abs("testdata/arm64/register")
	if err != nil {
		t.Fatal(err)
	}
	before := []string{register, qemu}
	probe := slices.Concat(inNamespace(t, opt), before, []string{program})
	if out, err := exec.Command(probe[0], probe[1:]...).CombinedOutput(); err != nil {
		needs.Missing(t, "no program for arm64 can be started here (%v: %s); Linux 6.7 or later lets a user namespace do it", err, out)
	}
	c.command = append(before, c.command...)
	return c
}

// TestTheWrapperForARM64 opens a document and becomes a program: the same
// process, its arguments untouched, every secret in its environment.
func TestTheWrapperForARM64(t *testing.T) {
	becomes(t, "arm64", arm64)
}

// TestTheWrapperForRuby does so too, without AWS's runtime client.
func TestTheWrapperForRuby(t *testing.T) {
	becomes(t, "linux", func(t *testing.T, _ string, args ...string) client {
		program, err := filepath.Abs("testdata/program.rb")
		if err != nil {
			t.Fatal(err)
		}
		ruby := needs.Program(t, "ruby", "Debian: apt-get install ruby")
		return client{name: "ruby", command: slices.Concat([]string{"/opt/bundle/exec", ruby, program}, args)}
	})
}

// becomes runs a program that says its architecture and what it was given.
func becomes(t *testing.T, architecture string, program func(t *testing.T, opt string, args ...string) client) {
	local, url := serve(t)
	for _, vector := range []string{"ok-quotes", "ok-utf-8", "ok-64k"} {
		t.Run(vector, func(t *testing.T) {
			document, want := readVector(t, vector)
			opt := unpack(t, document)
			args := []string{"a b", "", "--flag=$(id)", "*", "--", "é\n"}
			f := start(t, program(t, opt, args...), local, opt, []string{"AWS_ENDPOINT_URL_KMS=" + url}, event{})
			f.ended(t, 0)
			f.checkOutput(t)
			var got struct {
				Architecture string
				PID          int
				Arguments    []string
				Environment  map[string]string
			}
			if err := json.Unmarshal(f.output.Bytes(), &got); err != nil {
				t.Fatalf("%v\n%s", err, f.output)
			}
			for name, digest := range want {
				if got.Environment[name] != digest {
					t.Errorf("%s is %s in the environment, want %s", name, got.Environment[name], digest)
				}
			}
			if !strings.Contains(got.Architecture, architecture) || got.PID != f.cmd.Process.Pid || !slices.Equal(got.Arguments, args) {
				t.Errorf("a program for %s with the arguments %q as process %d; want %q as %d", got.Architecture, got.Arguments, got.PID, args, f.cmd.Process.Pid)
			}
		})
	}
}

// TestTheWrapperForARM64Reports at init/error, and never becomes the program.
func TestTheWrapperForARM64Reports(t *testing.T) {
	local, url := serve(t)
	for _, c := range []struct {
		vector, errorType string
		status            int
	}{
		{"key-denied", "Runtime.SecretsAccessDenied", 77},
		{"tampered-version", "Runtime.SecretsTampered", 65},
		{"key-disabled", "Runtime.SecretsKeyUnusable", 69},
	} {
		t.Run(c.vector, func(t *testing.T) {
			document, _ := readVector(t, c.vector)
			opt := unpack(t, document)
			f := start(t, arm64(t, opt), local, opt, []string{"AWS_ENDPOINT_URL_KMS=" + url}, event{})
			f.ended(t, c.status)
			f.checkOutput(t)
			if a := <-f.api.done; a.kind != "init/error" || a.errorType != c.errorType {
				t.Errorf("got %s with %s, want init/error with %s", a.kind, a.errorType, c.errorType)
			}
		})
	}
}
