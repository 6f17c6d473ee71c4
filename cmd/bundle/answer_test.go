package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/goroutines"
	"github.com/whispering/bundle/internal/printable"
)

// docsVariable names the folder of the documentation to the commands of stories, which then hold what they print to it.
const docsVariable = "BUNDLE_TEST_DOCS"

// docsFolder is the folder of the documentation, for tests that have not left their own.
func docsFolder(t *testing.T) string {
	t.Helper()
	docs, err := filepath.Abs("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// A copied file remembers what was written to it.
type copied struct {
	*os.File
	content bytes.Buffer
	err     error
}

func (c *copied) Write(b []byte) (int, error) {
	n, err := c.File.Write(b)
	c.content.Write(b[:n])
	c.err = err
	return n, err
}

// answering is start, but fails if goroutines are left, or if --json does not print what docs/schemas and docs/errors.md say.
func answering(tables fs.FS) int {
	stdout := &copied{File: os.Stdout}
	code := start(tables, stdout)
	if left := goroutines.Left(); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "goroutines are left:\n\n%s\n", strings.Join(left, "\n\n"))
		return 99
	}
	docs := os.Getenv(docsVariable)
	args := os.Args[1:]
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	if docs == "" || stdout.err != nil || !slices.Contains(args, "--json") || slices.Contains(args, "--help") || !hasJSON(args) {
		return code
	}
	if err := checkAnswer(docs, stdout.content.Bytes(), code); err != nil {
		fmt.Fprintf(os.Stderr, "the answer of bundle %q, which ended with %d: %v\n", args, code, err)
		return 99
	}
	return code
}

// hasJSON reports whether the command that arguments name has --json.
func hasJSON(args []string) bool {
	for name, c := range leafCommands("", quiet().cli().Commands) {
		if strings.HasPrefix(strings.Join(args, " ")+" ", name+" ") {
			return slices.Contains(modes(c), "--json")
		}
	}
	return true // bundle itself
}

// quiet is an app that prints nothing.
func quiet() *app {
	return newApp(&console.Console{Stdout: printable.New(io.Discard), Stderr: printable.New(io.Discard)}, nil)
}

// noCommand names the schema of the answer to words that name no command.
const noCommand = "no-command"

// readSchema reads a schema that refers to no other.
func readSchema(path string) (*jsonschema.Resolved, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(b, &schema); err != nil {
		return nil, err
	}
	return schema.Resolve(nil)
}

// checkAnswer checks the output and the exit code of a command against the documentation.
func checkAnswer(docs string, content []byte, code int) error {
	var answer struct {
		Command string
		OK      bool
		Targets []struct {
			Problems []struct{ Kind, Code string }
		}
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	name := cmp.Or(strings.ReplaceAll(answer.Command, " ", "-"), noCommand)
	schema, err := readSchema(filepath.Join(docs, "schemas", name+".json"))
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		return err
	}
	if err := schema.Validate(value); err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(docs, "errors.md"))
	if err != nil {
		return err
	}
	problems := 0
	for _, t := range answer.Targets {
		problems += len(t.Problems)
		for _, p := range t.Problems {
			if !bytes.Contains(page, []byte("`"+p.Code+"`")) {
				err = errors.Join(err, fmt.Errorf("docs/errors.md has no code %s", p.Code))
			}
		}
	}
	if answer.OK != (problems == 0) || answer.OK != (code == 0 || code == 3) {
		err = errors.Join(err, fmt.Errorf("ok is %t, with %d problems", answer.OK, problems))
	}
	return err
}

// ran runs a command in this process.
func ran(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, problems bytes.Buffer
	a := newApp(&console.Console{
		Args: append([]string{"bundle"}, args...), Environ: []string{"HOME=" + t.TempDir()}, Stdin: strings.NewReader(""),
		Stdout: printable.New(&out), Stderr: printable.New(&problems),
	}, nil)
	code = a.run(t.Context())
	return out.String(), problems.String(), code
}

// TestEveryCommandAnswersWhateverIsWrong gives every command that has --json what it cannot parse and what it refuses.
func TestEveryCommandAnswersWhateverIsWrong(t *testing.T) {
	docs := docsFolder(t)
	t.Chdir(t.TempDir())
	schemas := 2 // of noCommand and of --report codequality
	for name, c := range leafCommands("", quiet().cli().Commands) {
		names := strings.Fields(name)
		if !slices.Contains(modes(c), "--json") {
			if stdout, _, _ := ran(t, append(names, "--json")...); stdout != "" {
				t.Errorf("bundle %s has no --json, and prints %s", name, stdout)
			}
			continue
		}
		schemas++
		for what, args := range map[string][]string{
			"an unknown flag":                {"--json", "--no-such-flag"},
			"an unknown flag first":          {"--no-such-flag", "--json"},
			"a flag without its value":       {"--json", "--manifest"},
			"another form":                   {"--json=3"},
			"no form":                        {"--json=false"},
			"arguments":                      {"--json", "two", "arguments"},
			"a flag after an argument":       {"one", "--json"},
			"a manifest that does not exist": {"--json", "--manifest", "gone.hcl"},
		} {
			stdout, stderr, code := ran(t, append(slices.Clone(names), args...)...)
			if err := checkAnswer(docs, []byte(stdout), code); err != nil {
				t.Errorf("bundle %s with %s: %v\n%s", name, what, err, stderr)
			}
			if !strings.Contains(stdout, `"command": "`+name+`"`) {
				t.Errorf("bundle %s with %s: the answer is another's: %s", name, what, stdout)
			}
			if stderr == "" && code != 0 {
				t.Errorf("bundle %s with %s: people are told nothing", name, what)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(docs, "schemas", "*.json"))
	if err != nil || len(files) != schemas {
		t.Errorf("%d commands answer, and there are %d schemas (%v)", schemas, len(files), err)
	}
}

// TestWhatLooksLikeTheFlagIsNone gives --json where it is a value.
func TestWhatLooksLikeTheFlagIsNone(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"validate", "--manifest=--json"}, {"build", "--out=--json", "--manifest", "gone.hcl"}, {"inspect", "--", "--json"}, {"run", "--layer", "gone.zip", "--", "true", "--json"},
	} {
		if stdout, stderr, code := ran(t, args...); stdout != "" || stderr == "" || code != 2 {
			t.Errorf("%q ends with %d and prints %s", args, code, stdout)
		}
	}
}
