package docs

import (
	"cmp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// A command is a command for help, scripts and the manual page.
type command struct {
	Path, Name, Parent string // bundle local put, put, bundle local
	Usage, UsageText   string
	Examples           string // one per line
	Arguments          string // what they are, if they are another program's command line; else ""
	Flags              []option
	Commands           []*command
}

// An option is a flag. Kind is the kind of its value.
type option struct {
	Name, Placeholder, Usage, Default string
	Kind                              valueKind
}

type valueKind string

const (
	noValue          valueKind = "" // a switch
	fileValue        valueKind = "file"
	folderValue      valueKind = "folder"
	environmentValue valueKind = "environment"
	anyValue         valueKind = "any"
)

// commands returns the root command, and every command that is not hidden. Their texts are for a program that was called
// by name; their paths begin with bundle.
func commands(root *cli.App, name *Name) (all []*command) {
	var add func(parent string, of *cli.Command) *command
	add = func(parent string, of *cli.Command) *command {
		c := &command{
			Path: strings.TrimSpace(parent + " " + of.Name), Name: of.Name, Parent: parent,
			Usage: name.In(of.Usage), UsageText: name.In(of.UsageText), Examples: name.inExamples(of.Description), Arguments: of.ArgsUsage,
		}
		all = append(all, c)
		for _, f := range of.Flags {
			if visible, ok := f.(cli.VisibleFlag); ok && visible.IsVisible() {
				c.Flags = append(c.Flags, newOption(c.Path, f.(cli.DocGenerationFlag), name))
			}
		}
		c.Flags = append(c.Flags, option{Name: "help", Usage: "show this help"})
		if parent == "" {
			c.Flags = append(c.Flags, option{Name: "version", Usage: "print the version"})
		}
		for _, sub := range of.Subcommands {
			if !sub.Hidden {
				c.Commands = append(c.Commands, add(c.Path, sub))
			}
		}
		return c
	}
	add("", &cli.Command{
		Name: "bundle", Usage: root.Usage, UsageText: root.UsageText, Description: root.Description, Flags: root.Flags, Subcommands: root.Commands,
	})
	return all
}

// find returns the command of a path, such as bundle local put.
func find(root *cli.App, name *Name, path []string) *command {
	for _, c := range commands(root, name) {
		if c.Path == strings.Join(path, " ") {
			return c
		}
	}
	return nil
}

var flagPlaceholder = lazyregexp.New(" \\(`([^`]*)`\\)")

func newOption(command string, f cli.DocGenerationFlag, name *Name) option {
	o := option{Name: f.Names()[0], Usage: name.In(flagPlaceholder.ReplaceAllString(f.GetUsage(), ""))}
	if !f.TakesValue() {
		return o
	}
	o.Kind, o.Default = anyValue, f.GetDefaultText()
	if found := flagPlaceholder.FindStringSubmatch(f.GetUsage()); found != nil {
		o.Placeholder = found[1]
	}
	switch {
	case o.Placeholder == "FILE", o.Placeholder == "LAYER", strings.HasPrefix(o.Placeholder, "FILE|"):
		o.Kind = fileValue
	case o.Placeholder == "DIR":
		o.Kind = folderValue
	case o.Name == "env" && command != "bundle init":
		o.Kind = environmentValue
	}
	o.Placeholder = cmp.Or(o.Placeholder, "VALUE")
	return o
}
