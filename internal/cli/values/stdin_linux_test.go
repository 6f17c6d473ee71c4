package values

import (
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/needs"
)

func TestReadFileReadsStandardInput(t *testing.T) {
	for what, c := range map[string]struct{ text, want string }{
		"dotenv":   {"A=not-a-real-a\nB=not-a-real-b\n", ""},
		"JSON":     {`{"A": "not-a-real-a", "B": "not-a-real-b"}`, ""},
		"cut JSON": {`{"A": "not-a-real-a", "B": "not-a-re`, "standard input: it is not valid JSON"},
		"sops":     {"A=ENC[AES256_GCM,not-a-re]\n", "sops decrypt --input-type dotenv --output-type json FILE | put many -"},
		"nothing":  {"", "standard input: it has no line NAME=VALUE"},
		"too much": {"A=" + strings.Repeat("x", 16<<20), "standard input cannot be read: it has more than 16 MiB"},
	} {
		found, err := ReadFile(&console.Console{Stdin: strings.NewReader(c.text)}, "bundle import", "put many -", "put it", "-")
		switch {
		case c.want == "" && (err != nil || len(found.Variables) != 2):
			t.Errorf("%s: %v", what, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "not-a-re")):
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestReadOneReadsStandardInput(t *testing.T) {
	const most = 64 << 10
	for what, c := range map[string]struct {
		bytes int
		want  string
	}{"the most": {most, ""}, "one more": {most + 1, "the value cannot be read: it has more than 64 KiB"}, "far more": {100 * most, "more than 64 KiB"}} {
		value, typed, err := ReadOne(t.Context(), &console.Console{Stdin: strings.NewReader(strings.Repeat("x", c.bytes))}, "A", "")
		switch {
		case c.want == "" && (err != nil || typed || value.Len() != c.bytes):
			t.Errorf("%s: %d, %v", what, value.Len(), err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is typed as a file would be seen on the screen.
func TestReadFileReadsNothingFromATerminal(t *testing.T) {
	_, program := needs.Terminal(t)
	_, err := ReadFile(&console.Console{Stdin: program}, "bundle import", "put many -", "put one value with bundle put", "-")
	if err == nil || !strings.Contains(err.Error(), "bundle import reads no values from a terminal: name a file, or pipe one to bundle, or put one value with bundle put") {
		t.Errorf("%v", err)
	}
}
