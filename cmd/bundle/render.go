package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
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

// maxShown is how many problems, and how many warnings, a run prints. The step's
// summary and --json have more.
const maxShown = 50

// shown counts what a run has printed of its problems and warnings.
type shown struct {
	mu               sync.Mutex
	errors, warnings int
	unseen           int // warnings that were not printed
}

// renderDiagnostics prints problems, as many as a run may; at least one of each
// target.
func (a *app) renderDiagnostics(problems pipeline.Problems) {
	a.shown.mu.Lock()
	room := min(max(maxShown-a.shown.errors, 1), len(problems))
	a.shown.errors += room
	a.shown.mu.Unlock()
	w := a.diagnostics()
	for _, p := range problems[:room] {
		w.write(&p.Diagnostic)
	}
	if more := len(problems) - room; more > 0 {
		_, _ = fmt.Fprintf(a.stderr.Text(), "… and %d more\n\n", more)
	}
}

func (a *app) renderWarnings(diags hcl.Diagnostics) {
	w := a.diagnostics()
	var all []*hcl.Diagnostic
	a.shown.mu.Lock()
	for _, d := range diags {
		if d.Severity != hcl.DiagWarning {
			continue
		}
		all = append(all, d)
		if a.shown.warnings == maxShown {
			a.shown.unseen++
			continue
		}
		a.shown.warnings++
		w.write(d)
	}
	a.shown.mu.Unlock()
	a.annotate(actions.Warning, all)
}

// hint prints a line for the person at the terminal; it is no result.
func (a *app) hint(format string, args ...any) {
	a.hintText(printable.Sprintf(format, args...))
}

// hintText is hint for a text that has been put together.
func (a *app) hintText(text string) {
	_, _ = io.WriteString(a.stderr.Text(), "bundle: "+text+"\n")
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

// print prints a result, or a part of it.
func (a *app) print(format string, args ...any) error { return a.stdout.Printf(format, args...) }

// printVerbatim prints a content that others wrote as it is. In a CI, whose log
// would do what it says, it is refused if it has a command.
func (a *app) printVerbatim(what string, content []byte) error {
	if line := printable.Command(content); line > 0 && (a.ci() || a.inActions()) {
		return usagef("%s has a command to the log of a CI, in line %d (:: at the beginning of a line, or ##[), and is not printed. "+
			"Change the line, or write to a file.", what, line)
	}
	_, err := a.stdout.Verbatim().Write(content)
	return err
}

// printJSON prints a result as one JSON object.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.stdout.JSON())
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table prints rows as aligned columns, the first row being the heading.
func (a *app) table(rows [][]string) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, printable.Line(cell))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // into memory
	_, err := a.stdout.Text().Write(b.Bytes())
	return err
}
