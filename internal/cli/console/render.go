package console

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/problem"
)

// RenderProblems prints the problems of a run, each with its line of the manifest.
func (c *Console) RenderProblems(f *Failure) {
	if !f.AlreadyReported {
		c.RenderDiagnostics(f.Problems)
	}
	c.Hint("%s%s", printable.Count(len(f.Problems), "error"), c.aftermath(f))
	c.annotateAll(f.Problems)
}

// annotateAll writes problems as annotations of the manifest's lines.
func (c *Console) annotateAll(problems problem.Problems) {
	var all []*hcl.Diagnostic
	for _, p := range problems {
		all = append(all, &p.Diagnostic)
	}
	c.annotate(actions.Error, all)
}

// MaxShown is the maximum number of problems, and of warnings, that a run prints. The
// step's summary and --json have more.
const MaxShown = 50

// shown counts the problems and warnings that a run has printed.
type shown struct {
	mu               sync.Mutex
	errors, warnings int
	unseen           int // warnings that were not printed
}

// RenderDiagnostics prints problems, up to MaxShown in a run, but at least one of each
// target.
func (c *Console) RenderDiagnostics(problems problem.Problems) {
	c.shown.mu.Lock()
	room := min(max(MaxShown-c.shown.errors, 1), len(problems))
	c.shown.errors += room
	c.shown.mu.Unlock()
	w := c.diagnostics()
	for _, p := range problems[:room] {
		w.write(&p.Diagnostic)
	}
	if more := len(problems) - room; more > 0 {
		_, _ = fmt.Fprintf(c.Stderr.Text(), "… and %d more\n\n", more)
	}
}

// RenderWarnings prints warnings, which --json has for every target of the run.
func (c *Console) RenderWarnings(warnings problem.Problems) { c.RenderWarningsOf("", warnings) }

// RenderWarningsOf is RenderWarnings for the targets of one environment.
func (c *Console) RenderWarningsOf(environment string, warnings problem.Problems) {
	w := c.diagnostics()
	var all []*hcl.Diagnostic
	c.shown.mu.Lock()
	for _, p := range warnings {
		c.warned = append(c.warned, warned{environment, p})
		all = append(all, &p.Diagnostic)
		if c.shown.warnings == MaxShown {
			c.shown.unseen++
			continue
		}
		c.shown.warnings++
		w.write(&p.Diagnostic)
	}
	c.shown.mu.Unlock()
	c.annotate(actions.Warning, all)
}

// Hint prints a line for the user to standard error.
func (c *Console) Hint(format string, args ...any) {
	c.hintText(printable.Sprintf(format, args...))
}

// hintText is Hint for a string that is already formatted.
func (c *Console) hintText(text string) {
	_, _ = io.WriteString(c.Stderr.Text(), "bundle: "+c.ForUser(text)+"\n")
}

// Print prints a result, or a part of one, to standard output.
func (c *Console) Print(format string, args ...any) error { return c.Stdout.Printf(format, args...) }

// PrintVerbatim prints content from elsewhere unchanged. In a CI, it refuses content
// with a command, because the CI would obey it.
func (c *Console) PrintVerbatim(what string, content []byte) error {
	if line := printable.Command(content); line > 0 && (c.CI() || c.inActions()) {
		return Usagef("%s contains a workflow command for a CI log in line %d (:: at the start of a line, or ##[), so it is not printed. "+
			"Change the line, or write to a file.", what, line)
	}
	_, err := c.Stdout.Verbatim().Write(content)
	return err
}

// PrintJSON prints a result as one JSON object.
func (c *Console) PrintJSON(v any) error { return writeJSON(c.Stdout, v) }

func writeJSON(out *printable.Stream, v any) error {
	e := json.NewEncoder(out.JSON())
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// PrintMarkdown prints Markdown as the result.
func (c *Console) PrintMarkdown(text string) error {
	_, err := io.WriteString(c.Stdout.Text(), text)
	return err
}
