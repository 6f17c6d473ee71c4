package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/internal/runnertest"
	"github.com/whispering/bundle/pipeline/problem"
)

// hostileLines try to be a workflow command, an output, or markup.
var hostileLines = append([]string{
	"\n::error::mine", "\r::set-output name=a::b", "::add-mask::a", "  ::warning::x", "##[error]x", "a ##[add-path]/evil", "\n##[group]x", "%0A::error::x",
	"\x0b::error::x", "\u0085::error::x", "\u2028::stop-commands::x", "x,file=/etc/passwd::y", "\n| a | b |", "EOF\nchanged=true",
}, runnertest.HostileTexts()...)

// TestNoTextIsACommandToTheRunner prints problems and warnings of hostile names
// and messages as in a workflow run: all commands there are the annotations.
func TestNoTextIsACommandToTheRunner(t *testing.T) {
	for _, text := range hostileLines {
		var stderr bytes.Buffer
		summary := filepath.Join(t.TempDir(), "summary")
		a := newApp(&console.Console{Stdout: printable.New(io.Discard), Stderr: printable.New(&stderr), Environ: []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + summary}}, nil)
		a.Begin()
		d := hcl.Diagnostic{
			Severity: hcl.DiagWarning, Summary: "S" + text, Detail: text,
			Subject: &hcl.Range{Filename: "x" + text, Start: hcl.Pos{Line: 1, Column: 1}, End: hcl.Pos{Line: 1, Column: 2}},
		}
		for range 2 {
			a.RenderWarnings(problem.Problems{{Kind: problem.Manifest, Diagnostic: d}})
		}
		d.Severity = hcl.DiagError
		a.RenderProblems(&console.Failure{Problems: problem.Problems{{Kind: problem.Manifest, Diagnostic: d}}})

		var commands []string
		for line := range strings.FieldsFuncSeq(stderr.String(), func(r rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) }) {
			if strings.HasPrefix(strings.TrimSpace(line), "::") {
				commands = append(commands, line)
			} else if strings.Contains(line, "##[") {
				t.Errorf("%q is a command in %q", text, line)
			}
		}
		if len(commands) != 2 || !strings.HasPrefix(commands[0], "::warning file=") || !strings.HasPrefix(commands[1], "::error file=") {
			t.Errorf("%q makes the commands %q", text, commands)
		}
		b, err := os.ReadFile(summary)
		if err != nil || strings.Count(string(b), "\n| x") != 2 || strings.Count(string(b), "\n") != 12 {
			t.Errorf("%q makes the summary %q, %v", text, b, err)
		}
	}
}
