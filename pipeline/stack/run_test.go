package stack_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/stack"
)

// run runs a program, and returns what it prints.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command(program, args...)
	c.Dir, c.Stdout, c.Stderr = dir, &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", program, err, &out, &errs)
	}
	return out.String()
}

// refused expects that there are no resources for a service, and why.
func refused(t *testing.T, s service, why ...string) {
	t.Helper()
	_, err := stack.New(s.Setting, s.absent, []string{"bundle", "policy"})
	if !errors.Is(err, stack.ErrSize) {
		t.Fatal(err)
	}
	for _, text := range why {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v does not say %q", err, text)
		}
	}
}
