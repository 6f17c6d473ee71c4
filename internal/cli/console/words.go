package console

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// PassedOn is the ArgsUsage of a command whose arguments are another program's command line. Flags of bundle come
// before it.
const PassedOn = "COMMAND [ARGUMENT...]"

// Words is a command line in the order that urfave/cli needs.
type Words struct {
	Args []string // for urfave/cli, including the program's name: flags come before arguments
	Help []string // the command to print help for, beginning with bundle; nil for none

	Command   string     // without bundle; "" if there is none
	Flags     []cli.Flag // of the command
	OnlyLooks bool       // from the command's Category
}

// Arrange reorders a command line for urfave/cli: it moves flags after an argument to the front, up to a --. It finds
// requests for help: --help and -h among the flags, help before a command, and help as the only word after one.
func Arrange(root *cli.App, args []string) (Words, error) {
	if len(args) == 0 {
		return Words{}, nil
	}
	w := &words{path: []string{"bundle"}, flags: root.Flags, commands: root.Commands}
	w.read(args[1:])
	found := Words{Command: strings.Join(w.path[1:], " "), Flags: w.flags, OnlyLooks: w.category == OnlyLooks}
	switch {
	case len(w.path) == 1 && len(w.arguments) == 0:
		found.Command = "build"
	case len(w.commands) > 0:
		found.Command = ""
	}
	help := slices.Equal(w.arguments, []string{"help"}) && len(w.own) == 0 && len(w.literal) == 0
	switch {
	case len(w.commands) > 0 && len(w.arguments) > 0 && (w.help || !w.early && !w.strange):
		return found, notACommand(w.path, w.commands, w.arguments[0])
	case len(w.commands) > 0 && len(w.literal) > 0 && !w.help:
		return found, usageOf(strings.Join(w.path, " "), "a command of %s must come before the --, not after it", strings.Join(w.path, " "))
	case w.asked && len(w.arguments) > 0:
		return found, Usagef("bundle help takes no argument %q", w.arguments[0])
	case w.help, help && len(w.commands) == 0:
		found.Help = w.path
		return found, nil
	case w.missing != "":
		return found, Usagef("%s needs a value. If %s is its value, write %[1]s=%[2]s.", w.missing, w.instead)
	}
	arranged := slices.Concat(args[:1], w.before, w.own)
	arguments := slices.Concat(w.arguments, w.literal)
	if len(arguments) > 0 && !w.unvalued {
		arranged = slices.Concat(arranged, []string{"--"}, arguments)
	}
	found.Args = arranged
	return found, nil
}

// VersionCommand replaces --version with the command version.
func VersionCommand(args []string) []string {
	if len(args) > 1 && (args[1] == "--version" || args[1] == "-version") {
		return slices.Concat(args[:1], []string{"version"}, args[2:])
	}
	return args
}

// words is the state of reading a command line.
type words struct {
	path     []string // of the command so far
	flags    []cli.Flag
	commands []*cli.Command
	passes   bool // its arguments are another program's command line

	before    []string // the commands, with the flags before each
	own       []string // flags of the command so far
	arguments []string
	literal   []string // arguments after a --
	help      bool
	asked     bool   // help was requested by the word help before a command
	strange   bool   // a flag that does not exist comes before a command: that is the mistake, whatever follows
	early     bool   // a flag comes directly after a group, which has none: the next argument may be its value
	category  string // of the command so far
	missing   string // the first flag without a value, which another flag follows
	instead   string // that flag
	unvalued  bool   // the last word is a flag that needs a value, and would use the next argument
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
		case flag && w.takesValue(word, name) && len(all) > 0 && w.isFlag(all[0]):
			if w.missing == "" {
				w.missing, w.instead = word, all[0]
			}
		case flag && w.takesValue(word, name) && len(all) > 0:
			w.own = append(w.own, word, all[0])
			all = all[1:]
		case flag:
			w.own = append(w.own, word)
			w.unvalued = w.takesValue(word, name)
			w.strange = w.strange || len(w.flags) > 0 && !w.isFlag(word)
		case len(w.arguments) == 0 && w.enter(word):
		default:
			w.early = w.early || len(w.arguments) == 0 && len(w.own) > 0 && len(w.flags) == 0
			w.arguments = append(w.arguments, word)
			if w.passes {
				w.literal = all
				return
			}
		}
	}
}

// enter enters the command that a word names, and reports whether there is one.
func (w *words) enter(word string) bool {
	if word == "help" && len(w.commands) > 0 {
		w.help, w.asked = true, true
		return true
	}
	i := slices.IndexFunc(w.commands, func(c *cli.Command) bool { return c.HasName(word) })
	if i < 0 {
		return false
	}
	c := w.commands[i]
	w.before, w.own = slices.Concat(w.before, w.own, []string{word}), nil
	w.path, w.flags, w.commands, w.passes = append(w.path, word), c.Flags, c.Subcommands, c.ArgsUsage == PassedOn
	w.category = c.Category
	return true
}

// flagName returns the name of the flag in a word, as package flag parses it.
func flagName(word string) (string, bool) {
	if len(word) < 2 || word[0] != '-' {
		return "", false
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(word[1:], "-"), "=")
	return name, true
}

// takesValue reports whether the word after a flag is its value.
func (w *words) takesValue(word, name string) bool {
	return !strings.Contains(word, "=") && slices.ContainsFunc(w.flags, func(f cli.Flag) bool {
		documented, ok := f.(cli.DocGenerationFlag)
		return ok && slices.Contains(f.Names(), name) && documented.TakesValue()
	})
}

// isFlag reports whether a word is one of the command's flags.
func (w *words) isFlag(word string) bool {
	name, flag := flagName(word)
	return flag && slices.ContainsFunc(w.flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}
