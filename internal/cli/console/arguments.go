package console

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/internal/printable"
)

// Strict makes every command use bundle's own usage errors and help instead of those
// of urfave/cli.
func (c *Console) Strict(commands []*cli.Command) {
	for _, command := range commands {
		command.OnUsageError = c.OnUsageError
		command.HideHelp, command.HideHelpCommand = true, true
		c.Strict(command.Subcommands)
	}
}

// OnUsageError returns an error of package flag in bundle's own words.
func (c *Console) OnUsageError(of *cli.Context, err error, _ bool) error {
	name := "bundle"
	if of.Command != nil && of.Command.Name != "" && of.Command.Name != "bundle" {
		name = of.Command.HelpName
	}
	return usageOf(name, "%s", printable.Line(c.flagProblem(of, err)))
}

// The messages of package flag (https://pkg.go.dev/flag, FlagSet.Parse).
var (
	flagUnknown  = lazyregexp.New(`(?s)^flag provided but not defined: -(.*)$`)
	flagUnvalued = lazyregexp.New(`(?s)^flag needs an argument: -(.*)$`)
	flagSwitch   = lazyregexp.New(`(?s)^invalid boolean value "(?:[^"\\]|\\.)*" for -(.*?): (.*)$`)
	flagRefused  = lazyregexp.New(`(?s)^invalid value "(?:[^"\\]|\\.)*" for flag -(.*?): (.*)$`)
	flagSyntax   = lazyregexp.New(`(?s)^bad flag syntax: (.*)$`)
)

func (c *Console) flagProblem(of *cli.Context, err error) string {
	text := err.Error()
	if m := flagUnknown.FindStringSubmatch(text); m != nil {
		return unknownFlag(of, m[1], c.typed(m[1]))
	}
	if m := flagUnvalued.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("--%s needs a value", m[1])
	}
	if m := flagSwitch.FindStringSubmatch(text); m != nil && m[2] != "parse error" { // --json, which can have a value
		return fmt.Sprintf("--%s: %s", m[1], m[2])
	} else if m != nil {
		return fmt.Sprintf("--%s takes no value: write --%[1]s, or remove it", m[1])
	}
	if m := flagRefused.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("--%s %s", m[1], m[2])
	}
	if m := flagSyntax.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s is not a flag: write --NAME or --NAME=VALUE", printable.Name(m[1]))
	}
	return text
}

// typed returns a flag as the user typed it: with one hyphen or with two.
func (c *Console) typed(name string) string {
	for _, arg := range c.Args {
		if found, flag := flagName(arg); flag && found == name {
			return strings.Repeat("-", 1+min(1, len(arg)-len(strings.TrimPrefix(arg, "--")))) + name
		}
	}
	return "--" + name
}

func unknownFlag(c *cli.Context, name, typed string) string {
	said := fmt.Sprintf("unknown flag %s", typed)
	root := c.Command == nil || c.Command.Name == "" || c.Command.Name == "bundle"
	switch {
	case root && strings.ToLower(name) == "v":
		return said + ". Did you mean --version?"
	case c.Command == nil || len(name) == 1: // one letter is similar to everything
		return said
	case len(c.Command.Subcommands) > 0 && len(c.Command.Flags) == 0: // bundle local
		return fmt.Sprintf("flags go after the command: write %s COMMAND %s", c.Command.HelpName, typed)
	}
	names := []string{"help"}
	for _, f := range c.Command.Flags {
		if visible, ok := f.(cli.VisibleFlag); ok && visible.IsVisible() {
			names = append(names, f.Names()...)
		}
	}
	switch {
	case name == "out" && slices.Contains(names, "layer"):
		return said + ". Did you mean --layer?"
	case name == "layer" && slices.Contains(names, "out") && c.Command.Name != "init": // whose --out is a manifest
		return said + ". Did you mean --out?"
	case name == "out" && c.Command.Category == OnlyLooks:
		return said + ". The result is on standard output: to write it to a file, use > FILE"
	}
	if near := printable.Near(name, names); near != "" {
		return fmt.Sprintf("%s. Did you mean --%s?", said, near)
	}
	return said
}

// NoRootFlags refuses flags before a command, which would be ignored.
func (c *Console) NoRootFlags(of *cli.Context) error {
	name := of.Args().First()
	if of.NumFlags() == 0 || of.App.Command(name) == nil {
		return nil
	}
	return Usagef("flags go after the command: write bundle %s %s", name, strings.Join(slices.DeleteFunc(
		slices.Clone(c.Args[1:]), func(s string) bool { return s == name }), " "))
}

// NoArguments refuses arguments of a command that takes none. Usually, they are a
// mistyped command, or the value of a switch.
func NoArguments(c *cli.Context) error {
	switch {
	case !c.Args().Present():
		return nil
	case c.Command.Name == "" || c.Command.Name == "bundle":
		return notACommand([]string{"bundle"}, c.App.Commands, c.Args().First())
	}
	return Usagef("%s takes no argument %q", c.Command.HelpName, c.Args().First())
}

// NeedsCommand returns the error of a group of commands if none of them is named.
func NeedsCommand(c *cli.Context) error {
	if c.Args().Present() {
		return notACommand(strings.Fields(c.Command.HelpName), c.Command.Subcommands, c.Args().First())
	}
	return usageOf(c.Command.HelpName, "%s needs a command", c.Command.HelpName)
}

func notACommand(path []string, commands []*cli.Command, word string) error {
	names := []string{"help"}
	for _, c := range commands {
		names = append(names, c.Names()...)
	}
	of, guess := strings.Join(path, " "), ""
	switch {
	case len(path) == 1 && strings.HasSuffix(word, ".zip"):
		guess = ". To write this file, add --out before it"
	case len(path) == 1 && strings.HasSuffix(word, ".hcl"):
		guess = ". To read this manifest, add --manifest before it"
	}
	if near := printable.Near(word, names); near != "" {
		guess = fmt.Sprintf(". Did you mean %q?", near)
	}
	return usageOf(of, "%q is not a command of %s%s", word, of, guess)
}

// OneArgument returns the single argument of a command. An error does not show a further one that may be a value.
func OneArgument(c *cli.Context, what string) (string, error) {
	switch {
	case !c.Args().Present():
		usage, _, _ := strings.Cut(c.Command.UsageText, "\n")
		return "", Usagef("%s needs %s: %s", c.Command.HelpName, what, usage)
	case c.Args().Len() > 1 && strings.Contains(c.Args().Get(1), "="):
		return "", Usagef("%s takes one argument, %s", c.Command.HelpName, what)
	case c.Args().Len() > 1:
		return "", Usagef("%s takes one argument, not also %q", c.Command.HelpName, c.Args().Get(1))
	}
	return c.Args().First(), nil
}

// NameToPut returns the only argument of a command that puts a value: the name of a secret or of a parameter. No error
// shows what may be a value.
func NameToPut(c *cli.Context, kind string) (string, error) {
	if c.Args().Len() > 1 || strings.Contains(c.Args().First(), "=") {
		return "", Usagef("%s takes only the name of a %s. The value comes from a prompt, standard input or --from FILE: "+
			"on a command line, other programs and the shell's history have it", c.Command.HelpName, kind)
	}
	return OneArgument(c, "a "+kind+"'s name")
}

// LayerArgument returns the layer that --layer names or, until the next release, an argument.
func (c *Console) LayerArgument(of *cli.Context) (string, error) {
	if !of.Args().Present() {
		return Text(of, "layer"), nil
	}
	name, err := OneArgument(of, "a layer")
	switch {
	case err != nil:
		return "", err
	case Given(of, "layer"):
		return "", Usagef("the layer is given twice, as --layer and as the argument %q: remove the argument", name)
	case name == "":
		return "", Usagef("the layer's name is empty. Is a shell variable unset? Write --layer FILE.")
	}
	c.Hint("naming the layer without --layer is deprecated and will be removed in the next release: use %s --layer %s", of.Command.HelpName, printable.Name(name))
	return name, nil
}
