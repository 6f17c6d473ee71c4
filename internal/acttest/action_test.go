// Package acttest checks that the action and the workflows do what docs/actions.md
// says. It runs the scripts of the action on their own, and the workflows in their own
// repository with act (https://github.com/nektos/act).
package acttest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func bash(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the runner has Git's bash, which need not be the bash of PATH")
	}
	path, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	return path
}

// A command is a program to run in a test.
type command struct {
	dir string
	env []string // instead of the test's own, but for PATH and what Go needs
}

// run runs a program and returns its standard output, its standard error, and
// its exit code.
func (c command) run(t *testing.T, name string, args ...string) (string, string, int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, &stdout, &stderr
	cmd.Env = slices.Concat(basics(), c.env)
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// must is run of what has to go well.
func (c command) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	stdout, stderr, code := c.run(t, name, args...)
	if code != 0 {
		t.Fatalf("%s %s: exit code %d\n%s%s", name, strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout
}

// basics are the variables without which no program finds another.
func basics() []string {
	all := []string{"GOFLAGS=-trimpath"} // or each copy of the checkout would be compiled
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GOPATH", "XDG_CACHE_HOME"} {
		if value, ok := os.LookupEnv(name); ok {
			all = append(all, name+"="+value)
		}
	}
	return all
}
