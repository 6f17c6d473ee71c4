package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/internal/trust"
)

// An app is one run of the command.
type app struct {
	args           []string // with the program's name
	environ        []string
	stdin          io.Reader
	stdout, stderr *printable.Stream
	files          map[string]*hcl.File // of the manifest, for excerpts in diagnostics
	annotations    *actions.Annotations // of this run
	shown          *shown               // in this run
	started        time.Time
	unwritten      error // outputs of the step that could not be
	releases       fs.FS // tables of the helper files of releases; nil for none
}

// run does what the arguments say and returns the status to exit with.
func (a *app) run(ctx context.Context) int {
	a.annotations, a.shown = new(actions.Annotations), new(shown)
	a.started = time.Now()
	out := &output{w: a.stdout.Screen()}
	a.stdout = printable.New(out)
	err := a.cli().RunContext(ctx, a.args)
	if a.shown.unseen > 0 {
		a.hint("%s more", count(a.shown.unseen, "warning"))
	}
	if unwritten := cmp.Or(out.undelivered(), a.unwritten); unwritten != nil && (err == nil || errors.Is(err, errDifferences)) {
		err = unwritten
	}
	var usage *usageError
	var failure *failure
	var child *childExit
	var signaled interruption
	switch {
	case err == nil, errors.As(err, &child), errors.Is(err, errDifferences):
	case errors.As(context.Cause(ctx), &signaled):
		aftermath := "; nothing was written"
		if errors.As(err, &failure) && failure.told {
			aftermath = failure.aftermath
		}
		a.hint("stopped by signal (%v)%s", signaled, aftermath)
	case errors.As(err, &failure):
		a.renderProblems(failure)
	case errors.As(err, &usage):
		a.hintText(usage.text)
	default:
		a.hint("%v", err)
	}
	return exitCode(ctx, err)
}

// cli returns the command line. It is made anew for each run, because
// urfave/cli keeps state in it.
func (a *app) cli() *cli.App {
	build := a.buildCommand()
	root := &cli.App{
		Name:        "bundle",
		Usage:       "seal the secrets of Lambda functions at build time",
		UsageText:   "bundle [build options]\nbundle COMMAND [options]",
		Version:     version(),
		HideVersion: true, // there is a command for it
		Writer:      a.stdout.Text(),
		ErrWriter:   a.stderr.Text(),
		Flags:       build.Flags,
		Action:      build.Action,
		Before:      a.noRootFlags,
		Suggest:     true,
		Commands: []*cli.Command{
			a.buildCommand(), a.validateCommand(), a.planCommand(), a.statusCommand(), a.compareCommand(), a.inspectCommand(), a.verifyCommand(), a.runCommand(), a.helpersCommand(), a.publishCommand(), a.policyCommand(), a.doctorCommand(), a.initCommand(), a.fmtCommand(), a.localCommand(), a.completionCommand(), a.versionCommand(),
		},
		ExitErrHandler:            func(*cli.Context, error) {}, // only main exits
		OnUsageError:              onUsageError,
		DisableSliceFlagSeparator: true,
	}
	guard(root.Commands)
	return root
}

// guard gives every command the manners that urfave/cli lacks: usage errors
// are ours, and an argument that no command asked for is an error.
func guard(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		c.HideHelpCommand = true
		guard(c.Subcommands)
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	name := "bundle"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "bundle" {
		name = c.Command.HelpName
	}
	return usagef("%v\nSee %s --help.", err, name)
}

// noRootFlags refuses flags before a command, where they would be dropped.
func (a *app) noRootFlags(c *cli.Context) error {
	name := c.Args().First()
	if c.NumFlags() == 0 || c.App.Command(name) == nil {
		return nil
	}
	return usagef("flags stand after the command: write bundle %s %s", name, strings.Join(slices.DeleteFunc(
		slices.Clone(a.args[1:]), func(s string) bool { return s == name }), " "))
}

// noArguments refuses arguments of a command that takes none: most often a
// mistyped command, or a flag whose value was left out.
func noArguments(c *cli.Context) error {
	if !c.Args().Present() {
		return nil
	}
	first := c.Args().First()
	if c.Command.Name == "" || c.Command.Name == "bundle" {
		hint := "See bundle --help."
		if near := cli.SuggestCommand(c.App.Commands, first); first != "" && strings.Contains(near, `"`+first[:1]) {
			hint = near + " " + hint
		}
		return usagef("%q is not a command of bundle. %s", first, hint)
	}
	return usagef("bundle %s takes no argument %q", c.Command.Name, first)
}

// oneArgument returns the single argument of a command, and refuses flags
// after it, which urfave/cli would take for more arguments.
func oneArgument(c *cli.Context, what string) (string, error) {
	switch {
	case !c.Args().Present():
		return "", usagef("%s needs %s: %s", c.Command.HelpName, what, c.Command.UsageText)
	case c.Args().Len() > 1 && strings.HasPrefix(c.Args().Get(1), "-"):
		return "", usagef("flags stand before %s: %s", what, c.Command.UsageText)
	case c.Args().Len() > 1:
		return "", usagef("%s takes one argument, not also %q", c.Command.HelpName, c.Args().Get(1))
	}
	return c.Args().First(), nil
}

// getenv returns a variable's value. An empty one counts as unset: that is
// what GitHub Actions makes of a setting that does not exist.
func (a *app) getenv(name string) string {
	for _, entry := range slices.Backward(a.environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// terminal returns the width of the terminal behind a stream, or 0 if there is
// none.
func terminal(s *printable.Stream) int {
	if !term.IsTerminal(int(s.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(s.Fd()))
	if err != nil || width < 20 {
		return 80
	}
	return width
}

// color reports whether a stream may be colored: a terminal that does not ask for
// none (https://no-color.org).
func (a *app) color(s *printable.Stream) bool {
	return terminal(s) > 0 && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}

func (a *app) ci() bool { return !trust.Off(a.getenv("CI")) }
