package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/whispering/bundle/internal/runnertest"
)

// attack runs a command of an attacker, as attack CODE COMMAND ARGS…. It must end with
// that exit code. Whatever the code, its output must not contain a value or a
// credential of the story, a command to a CI except bundle's own, or an invisible
// character, and it must not make, change or delete a file.
func attack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: attack CODE COMMAND ARGS…")
	}
	before := filesOf(ts)
	expectCode(ts, false, args)
	if after := filesOf(ts); !maps.Equal(before, after) {
		ts.Fatalf("files have changed:\n%v\n%v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
	printed := ts.ReadFile("stdout") + "\n" + ts.ReadFile("stderr")
	if summary := ts.Getenv("GITHUB_STEP_SUMMARY"); summary != "" {
		b, err := os.ReadFile(summary)
		if err == nil {
			printed += "\n" + string(b)
		}
	}
	values, canaries := *theCloud(ts).values, []canary(nil)
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"} {
		values = append(values, ts.Getenv(name))
	}
	for _, v := range values {
		switch {
		case len(v) >= 32:
			canaries = append(canaries, canary{name: v, value: v[:32]})
		case len(v) >= 8 && strings.Contains(printed, v):
			ts.Fatalf("it prints %q", v)
		}
	}
	if hits := newSearcher(canaries).search("what it prints", []byte(printed)); len(hits) > 0 {
		ts.Fatalf("it prints %v", hits)
	}
	if r := runnertest.Unseen(printed); r != 0 {
		ts.Fatalf("it prints %U", r)
	}
	if line := runnertest.Commanded(withoutAnnotations(ts, printed)); line != "" {
		ts.Fatalf("it prints the command %q", line)
	}
}

// open runs a command of an attack that is known to succeed today, for the reason in
// its section: open CODE COMMAND ARGS….
func open(ts *testscript.TestScript, neg bool, args []string) { expectCode(ts, neg, args) }

// withoutAnnotations is a log without the annotations that bundle makes in GitHub
// Actions.
func withoutAnnotations(ts *testscript.TestScript, log string) string {
	if ts.Getenv("GITHUB_ACTIONS") != "true" {
		return log
	}
	var kept []string
	for line := range strings.Lines(log) {
		command, rest, _ := strings.Cut(line, " ")
		ours := command == "::error" || command == "::warning" || command == "::notice"
		if !ours || !strings.HasPrefix(rest, "file=") && !strings.HasPrefix(rest, "title=") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// filesOf are the files of a story that no command may touch, with their contents.
func filesOf(ts *testscript.TestScript) map[string][32]byte {
	files := make(map[string][32]byte)
	work := ts.MkAbs(".")
	ts.Check(filepath.WalkDir(work, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".bundle-local" || entry.Name() == ".tmp" || entry.Name() == ".cache") {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || path == ts.Getenv("GITHUB_STEP_SUMMARY") {
			return nil
		}
		b, err := os.ReadFile(path)
		files[path] = sha256.Sum256(b)
		return err
	}))
	return files
}

// fill writes a file from a template, as fill TEMPLATE FILE NAME=VALUE…: @NAME@
// becomes VALUE, in which, and in FILE, escapes are as in Go.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fill TEMPLATE FILE NAME=VALUE…")
	}
	unescaped := func(s string) string {
		text, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
		ts.Check(err)
		return text
	}
	text := ts.ReadFile(args[0])
	for _, pair := range args[2:] {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.Contains(text, "@"+name+"@") {
			ts.Fatalf("%s has no @%s@", args[0], name)
		}
		text = strings.ReplaceAll(text, "@"+name+"@", unescaped(value))
	}
	ts.Check(os.WriteFile(ts.MkAbs(unescaped(args[1])), []byte(text), 0o600))
}

// flip changes one bit of a file, as flip FROM TO OFFSET: a negative offset counts
// from its end.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: flip FROM TO OFFSET")
	}
	b := []byte(ts.ReadFile(args[0]))
	at, err := strconv.Atoi(args[2])
	ts.Check(err)
	if at < 0 {
		at += len(b)
	}
	if at < 0 || at >= len(b) {
		ts.Fatalf("%s has %d bytes", args[0], len(b))
	}
	b[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

// plant names a string that an attack must not print: plant TEXT….
func plant(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: plant TEXT…")
	}
	c := theCloud(ts)
	*c.values = append(*c.values, args...)
	for _, v := range args {
		if len(v) < 8 {
			ts.Fatalf("%s", fmt.Sprintf("%q is too short to be found", v))
		}
	}
}
