package console

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Strict gives every command the manners that urfave/cli lacks: usage errors
// are ours, and an argument that no command asked for is an error.
func Strict(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = OnUsageError
		c.HideHelpCommand = true
		Strict(c.Subcommands)
	}
}

func OnUsageError(c *cli.Context, err error, _ bool) error {
	name := "bundle"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "bundle" {
		name = c.Command.HelpName
	}
	return Usagef("%v\nSee %s --help.", err, name)
}

// NoRootFlags refuses flags before a command, where they would be dropped.
func (c *Console) NoRootFlags(of *cli.Context) error {
	name := of.Args().First()
	if of.NumFlags() == 0 || of.App.Command(name) == nil {
		return nil
	}
	return Usagef("flags stand after the command: write bundle %s %s", name, strings.Join(slices.DeleteFunc(
		slices.Clone(c.Args[1:]), func(s string) bool { return s == name }), " "))
}

// NoArguments refuses arguments of a command that takes none: most often a
// mistyped command, or a flag whose value was left out.
func NoArguments(c *cli.Context) error {
	if !c.Args().Present() {
		return nil
	}
	first := c.Args().First()
	if c.Command.Name == "" || c.Command.Name == "bundle" {
		hint := "See bundle --help."
		if near := cli.SuggestCommand(c.App.Commands, first); first != "" && strings.Contains(near, `"`+first[:1]) {
			hint = near + " " + hint
		}
		return Usagef("%q is not a command of bundle. %s", first, hint)
	}
	return Usagef("bundle %s takes no argument %q", c.Command.Name, first)
}

// OneArgument returns the single argument of a command, and refuses flags
// after it, which urfave/cli would take for more arguments.
func OneArgument(c *cli.Context, what string) (string, error) {
	switch {
	case !c.Args().Present():
		return "", Usagef("%s needs %s: %s", c.Command.HelpName, what, c.Command.UsageText)
	case c.Args().Len() > 1 && strings.HasPrefix(c.Args().Get(1), "-"):
		return "", Usagef("flags stand before %s: %s", what, c.Command.UsageText)
	case c.Args().Len() > 1:
		return "", Usagef("%s takes one argument, not also %q", c.Command.HelpName, c.Args().Get(1))
	}
	return c.Args().First(), nil
}
