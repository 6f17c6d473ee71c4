package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/internal/printable"
)

// A person at a terminal types the value, which is not shown, and is asked before a real
// account is written to, and about a newline that nobody typed.
func TestPutAsksAtATerminal(t *testing.T) {
	w := newPutWorld(t)
	w.reset()
	if err := os.WriteFile("value.txt", []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := w.places["one us-west-2"]
	stored := func() string {
		out, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/shop/plain"), WithDecryption: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		return *out.Parameter.Value
	}
	for _, c := range []struct {
		name, typed string
		args        []string
		code        int
		stored      string
		says        string
	}{
		{"no", "typed\nn\n", nil, 2, "old", "not confirmed: nothing was written"},
		{"neither yes nor no", "typed\nsure\n", nil, 2, "old", "not confirmed"},
		{"nothing", "typed\n\n", nil, 2, "old", "Write 1 parameter? [y/N]"},
		{"yes", "typed\ny\n", nil, 0, "typed", "Value of PLAIN (not shown): "},
		{"in words", "other\nYES\n", nil, 0, "other", "one          us-west-2  PLAIN"},
		{"without a question", "typed\n", []string{"--yes"}, 0, "typed", "PLAIN"},
		{"unchanged", "typed\n", nil, 0, "typed", "nothing to write"},
		{"a newline, kept", "y\ny\n", []string{"--from", "value.txt"}, 0, "from-a-file\n", "The value ends in a newline, which echo and editors add. Keep it? [y/N]"},
		{"a newline, removed", "n\ny\n", []string{"--from", "value.txt"}, 0, "from-a-file", "Keep it?"},
		{"the end of the input", "\x04", nil, 2, "from-a-file", "no value was given: nothing was written"},
		{"a value, and the end", "typed\x04\x04\x04", nil, 2, "from-a-file", "not confirmed: nothing was written"},
		{"dry run", "", []string{"--dry-run"}, 0, "from-a-file", ""},
	} {
		person, program := needs.Terminal(t)
		if _, err := person.WriteString(c.typed); err != nil {
			t.Fatal(err)
		}
		var out, diagnostics bytes.Buffer
		args := append([]string{"bundle", "put", "--env", "one", "--region", "us-west-2", "--endpoint-url", w.url, "PLAIN"}, c.args...)
		a := newApp(&console.Console{Args: args, Environ: w.environ, Stdin: program, Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
		if code := a.run(t.Context()); code != c.code {
			t.Errorf("%s: exit code %d, not %d\n%s", c.name, code, c.code, &diagnostics)
		}
		if got := stored(); got != c.stored {
			t.Errorf("%s: the parameter has %q, not %q", c.name, got, c.stored)
		}
		if !strings.Contains(diagnostics.String(), c.says) {
			t.Errorf("%s: it does not say %q:\n%s", c.name, c.says, &diagnostics)
		}
		for _, value := range []string{"typed", "from-a-file"} {
			if strings.Contains(out.String()+diagnostics.String(), value) {
				t.Errorf("%s: %q is shown", c.name, value)
			}
		}
	}
}
