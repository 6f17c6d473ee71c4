package console

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// PassedOn is the ArgsUsage of a command whose arguments are another program's command line: flags of bundle stand
// before it.
const PassedOn = "COMMAND [ARGUMENT...]"

// Words are a command line, put in order.
type Words struct {
	Args []string // for urfave/cli, with the program's name: flags stand before arguments
	Help []string // the command to print help of, beginning with bundle; nil for none
}

// Arrange puts a command line in order before urfave/cli reads it: flags after an argument go before it, up to a --.
// It finds what asks for help: --help and -h among the flags, help before a command, and help as the only word after
// one.
func Arrange(root *cli.App, args []string) (Words, error) {
	if len(args) == 0 {
		return Words{}, nil
	}
	w := &words{path: []string{"bundle"}, flags: root.Flags, commands: root.Commands}
	w.read(args[1:])
	switch {
	case len(w.commands) > 0 && len(w.arguments) == 0 && len(w.literal) > 0 && !w.help:
		return Words{}, Usagef("a command of %s stands before the --, not behind it. See %[1]s --help.", strings.Join(w.path, " "))
	case len(w.commands) == 0 && len(w.own) == 0 && len(w.literal) == 0 && slices.Equal(w.arguments, []string{"help"}):
		return Words{Help: w.path}, nil
	case w.help && len(w.commands) > 0 && len(w.arguments) > 0:
		return Words{}, notACommand(w.path, w.commands, w.arguments[0])
	case w.help:
		return Words{Help: w.path}, nil
	}
	arranged := slices.Concat(args[:1], w.before, w.own)
	arguments := slices.Concat(w.arguments, w.literal)
	if len(arguments) > 0 && !w.unvalued {
		arranged = slices.Concat(arranged, []string{"--"}, arguments)
	}
	return Words{Args: arranged}, nil
}

// VersionCommand makes the command version of --version.
func VersionCommand(args []string) []string {
	if len(args) > 1 && (args[1] == "--version" || args[1] == "-version") {
		return slices.Concat(args[:1], []string{"version"}, args[2:])
	}
	return args
}

// words is a command line while it is read.
type words struct {
	path     []string // of the command that was reached
	flags    []cli.Flag
	commands []*cli.Command
	passes   bool // its arguments are another program's command line

	before    []string // the commands, with the flags before each
	own       []string // flags of the command that was reached
	arguments []string
	literal   []string // arguments after a --
	help      bool
	unvalued  bool // the last word is a flag that needs a value, and would take an argument for it
}

func (w *words) read(all []string) {
	for len(all) > 0 {
		word := all[0]
		all = all[1:]
		name, flag := flagName(word)
		switch {
		case word == "--":
			w.literal = all
			return
		case flag && (name == "help" || name == "h"):
			w.help = true
		case flag && !strings.Contains(word, "=") && takesValue(w.flags, name) && len(all) > 0:
			w.own = append(w.own, word, all[0])
			all = all[1:]
		case flag:
			w.own = append(w.own, word)
			w.unvalued = !strings.Contains(word, "=") && takesValue(w.flags, name)
		case len(w.arguments) == 0 && w.enter(word):
		default:
			w.arguments = append(w.arguments, word)
			if w.passes {
				w.literal = all
				return
			}
		}
	}
}

// enter goes on to a command, and reports whether the word is one.
func (w *words) enter(word string) bool {
	if word == "help" && len(w.commands) > 0 {
		w.help = true
		return true
	}
	i := slices.IndexFunc(w.commands, func(c *cli.Command) bool { return c.HasName(word) })
	if i < 0 {
		return false
	}
	c := w.commands[i]
	w.before, w.own = slices.Concat(w.before, w.own, []string{word}), nil
	w.path, w.flags, w.commands, w.passes = append(w.path, word), c.Flags, c.Subcommands, c.ArgsUsage == PassedOn
	return true
}

// flagName is the name in a word that package flag takes for a flag.
func flagName(word string) (string, bool) {
	if len(word) < 2 || word[0] != '-' {
		return "", false
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(word[1:], "-"), "=")
	return name, true
}

func takesValue(flags []cli.Flag, name string) bool {
	return slices.ContainsFunc(flags, func(f cli.Flag) bool {
		documented, ok := f.(cli.DocGenerationFlag)
		return ok && slices.Contains(f.Names(), name) && documented.TakesValue()
	})
}
