package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/pipeline"
)

// renderProblems prints what kept a run from being done, each with the line of
// the manifest to blame.
func (a *app) renderProblems(f *failure) {
	if !f.told {
		a.renderDiagnostics(f.problems)
	}
	a.hint("%s%s", count(len(f.problems), "error"), f.aftermath)
	var all []*hcl.Diagnostic
	for _, p := range f.problems {
		all = append(all, &p.Diagnostic)
	}
	a.annotate(actions.Error, all)
}

func (a *app) renderDiagnostics(problems pipeline.Problems) {
	w := a.diagnostics()
	for _, p := range problems {
		_ = w.WriteDiagnostic(&p.Diagnostic) // nobody is left to tell
	}
}

func (a *app) renderWarnings(diags hcl.Diagnostics) {
	w := a.diagnostics()
	var all []*hcl.Diagnostic
	for _, d := range diags {
		if d.Severity == hcl.DiagWarning {
			_ = w.WriteDiagnostic(d)
			all = append(all, d)
		}
	}
	a.annotate(actions.Warning, all)
}

func (a *app) diagnostics() hcl.DiagnosticWriter {
	width := terminal(a.stderr)
	if width == 0 {
		width = 100
	}
	return hcl.NewDiagnosticTextWriter(printable{a.stderr, a.colour(a.stderr)}, a.files, uint(width), a.colour(a.stderr))
}

// A printable writer passes on text without what could move a terminal's cursor
// or, in GitHub Actions, be a command: :: at the beginning of a line, ##[
// anywhere. Only the escapes that set our own colours are let through.
type printable struct {
	w      io.Writer
	colour bool
}

var (
	command = regexp.MustCompile(`(?m)^(\s*:)(:)|(##)(\[)`)
	escape  = regexp.MustCompile("\x1b(\\[[0-9;]*m)?")
)

func (p printable) Write(b []byte) (int, error) {
	text := escape.ReplaceAllStringFunc(string(b), func(s string) string {
		if p.colour && len(s) > 1 {
			return s
		}
		return "\ufffd"
	})
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == 0x1b:
			return r
		case unicode.IsControl(r), r == 0x2028, r == 0x2029:
			return '\ufffd'
		}
		return r
	}, text)
	_, err := io.WriteString(p.w, command.ReplaceAllString(text, "$1$3\u00b7$2$4"))
	return len(b), err
}

// hint prints a line for the person at the terminal; it is no result.
func (a *app) hint(format string, args ...any) {
	fmt.Fprintf(printable{a.stderr, false}, "bundle: "+format+"\n", args...)
}

// hintPrevious says what a run carries over from, as soon as that is known.
func (a *app) hintPrevious(p pipeline.Previous) {
	if p.From != "" {
		a.hint("%s", p.From)
	}
}

// count says how many of a thing there are.
func count(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "x"):
		return fmt.Sprintf("%d %ses", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// printJSON prints a result as one JSON object.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table prints rows as aligned columns, the first row being the heading.
func (a *app) table(rows [][]string) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}
