// Package console connects a command of bundle to its surroundings: streams, variables, flags, diagnostics and exit
// codes. It does not know what commands do.
package console

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/term"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/internal/trust"
)

// StdinName means standard input or output instead of a file.
const StdinName = "-"

// A Console has the streams, variables and settings of one run of a command.
type Console struct {
	Args           []string // including the program's name
	Environ        []string
	Stdin          io.Reader
	Stdout, Stderr *printable.Stream
	Version        string                      // of the program
	Called         func(text string) string    // writes command lines in a message with the name that the program was called by; nil for bundle
	Started        time.Time                   // when the run began
	Files          func() map[string]*hcl.File // of the manifest, for excerpts in diagnostics; nil for none

	annotations *actions.Annotations // of this run
	shown       *shown               // in this run
	answer      *answer              // to --json
	reports     *reports             // of --report
	warned      []warned             // so far; a console aside has those of its target only
	out         *output
	unwritten   error // outputs of the step that could not be written
}

// Getenv returns a variable's value. An empty value counts as unset, because GitHub
// Actions sets a variable to "" if its setting does not exist.
func (c *Console) Getenv(name string) string { return Variable(c.Environ, name) }

// Variable returns the value of a variable of an environment, in the form of os.Environ.
// It returns "" if there is none.
func Variable(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// ForUser returns a message with the name in its command lines that the user called the program by.
func (c *Console) ForUser(message string) string {
	if c.Called == nil {
		return message
	}
	return c.Called(message)
}

// ShellWord returns a string as one word of a POSIX shell.
func ShellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Terminal returns the width to print text in on the terminal behind a stream, or 0 if there is
// none. It is at least 20.
func Terminal(s *printable.Stream) int {
	if !term.IsTerminal(int(s.Fd())) {
		return 0
	}
	return max(columns(s), 20)
}

// columns returns how many columns the terminal behind a stream has now, or 80 if it does not say.
func columns(s *printable.Stream) int {
	width, _, err := term.GetSize(int(s.Fd()))
	if err != nil || width == 0 {
		return 80
	}
	return width
}

// color reports whether a stream is a terminal that shows colors, unless NO_COLOR is
// set (https://no-color.org).
func (c *Console) color(s *printable.Stream) bool {
	return Terminal(s) > 0 && c.Getenv("NO_COLOR") == "" && c.Getenv("TERM") != "dumb"
}

// CI reports whether the run is in a CI.
func (c *Console) CI() bool { return trust.InCI(c.Getenv) }

// Aside returns a console for one of several targets. Its standard error is held back
// until it is released.
func (c *Console) Aside() *Console {
	aside := *c
	aside.Stderr, aside.warned = c.Stderr.Aside(), nil
	return &aside
}

// Begin begins a run: from here on, standard output remembers its first error.
func (c *Console) Begin() {
	c.annotations, c.shown, c.reports = new(actions.Annotations), new(shown), new(reports)
	c.Started = time.Now()
	c.out = &output{w: c.Stdout.Screen()}
	c.Stdout = printable.New(c.out)
	c.Stdout.Colors = c.color(c.Stdout)
}

// End prints how a run ended, and returns the exit code.
func (c *Console) End(ctx context.Context, err error) int {
	if c.shown.unseen > 0 {
		c.Hint("%s more", printable.Count(c.shown.unseen, "warning"))
	}
	done := err == nil || errors.Is(err, ErrDifferences)
	if done && c.unwritten != nil {
		err = c.unwritten
	}
	if err != nil { // asked is empty, unless the command line could not be parsed
		for _, unusable := range ProblemsOf(c.openReports(c.reports.asked, "")) {
			c.Hint("%s", unusable.Detail)
		}
	}
	c.completeAnswer(ctx, err)
	err = c.writeReports(err)
	if c.printsAnswer(err) {
		_ = c.PrintJSON(c.answer.envelope()) // the stream remembers its error
	}
	if unwritten := c.out.undelivered(); done && unwritten != nil {
		c.answer.unnamed().Add(ProblemsOf(unwritten))
		err = c.writeReports(unwritten) // again
	}
	var usage *UsageError
	var failure *Failure
	var child *ChildExit
	var signaled Interruption
	switch {
	case err == nil, errors.Is(err, ErrDifferences):
	case errors.As(err, &child):
		if child.Reason != "" {
			c.Hint("%s", child.Reason)
		}
	case errors.As(context.Cause(ctx), &signaled):
		c.Hint("stopped by signal (%v)%s", signaled, c.aftermath(err))
	case errors.As(err, &failure):
		c.RenderProblems(failure)
	case errors.As(err, &usage):
		for _, usage := range usages(err) {
			c.hintText(strings.TrimSuffix(usage.Text+"\n"+usage.See, "\n"))
		}
		c.annotateAll(ProblemsOf(err))
	default:
		c.Hint("%v", err)
		c.annotateAll(ProblemsOf(err))
	}
	return exitCode(ctx, err)
}

// aftermath returns what a run that failed or was stopped has left behind.
func (c *Console) aftermath(err error) string {
	said := nothingWritten
	var failure *Failure
	if errors.As(err, &failure) {
		said = failure.Aftermath
	}
	if said == nothingWritten && c.answer.onlyLooks {
		return ""
	}
	return said
}
