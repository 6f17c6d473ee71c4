// Package docs makes what the command line is documented by: completion scripts
// of shells and the manual page.
package docs

import (
	"cmp"
	"embed"
	"io"
	"regexp"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"
)

// completionTemplates are the scripts and the manual page, before the command
// line is filled in.
//
//go:embed completion/*.tmpl
var completionTemplates embed.FS

// Kinds are what bundle completion prints: scripts, the manual page, and
// what the scripts ask for when they run.
func Kinds() []string {
	return []string{"bash", "zsh", "fish", "powershell", ManPage, EnvironmentNames}
}

// Two of the kinds that are no scripts.
const (
	ManPage          = "man"
	EnvironmentNames = "environments"
)

// A completedCommand is a command as scripts and the manual page show it.
type completedCommand struct {
	Path, Name, Parent string // bundle local put, put, bundle local
	Usage, UsageText   string
	Flags              []completedFlag
	Commands           []*completedCommand
}

// A completedFlag is a flag. Kind says what its value is.
type completedFlag struct {
	Name, Placeholder, Usage, Default string
	Kind                              valueKind
}

type valueKind string

const (
	noValue          valueKind = "" // it is a switch
	fileValue        valueKind = "file"
	folderValue      valueKind = "folder"
	environmentValue valueKind = "environment"
	anyValue         valueKind = "any"
)

// completedCommands returns the command line: the root, and every command that
// shows in its help.
func completedCommands(root *cli.App) (all []*completedCommand) {
	var add func(parent, name, usage, usageText string, flags []cli.Flag, below []*cli.Command) *completedCommand
	add = func(parent, name, usage, usageText string, flags []cli.Flag, below []*cli.Command) *completedCommand {
		c := &completedCommand{Path: strings.TrimSpace(parent + " " + name), Name: name, Parent: parent, Usage: usage, UsageText: usageText}
		all = append(all, c)
		for _, f := range flags {
			if flag, ok := f.(cli.DocGenerationFlag); ok && f.Names()[0] != "help" {
				c.Flags = append(c.Flags, completeFlag(c.Path, flag))
			}
		}
		c.Flags = append(c.Flags, completedFlag{Name: "help", Usage: "show help"})
		for _, sub := range below {
			if sub.Hidden || sub.Name == "help" {
				continue
			}
			c.Commands = append(c.Commands, add(c.Path, sub.Name, sub.Usage, sub.UsageText, sub.Flags, sub.Subcommands))
		}
		return c
	}
	add("", "bundle", root.Usage, root.UsageText, root.Flags, root.Commands)
	return all
}

var flagPlaceholder = regexp.MustCompile(" \\(`([^`]*)`\\)")

func completeFlag(command string, f cli.DocGenerationFlag) completedFlag {
	c := completedFlag{Name: f.Names()[0], Usage: flagPlaceholder.ReplaceAllString(f.GetUsage(), "")}
	if !f.TakesValue() {
		return c
	}
	c.Kind, c.Default = anyValue, f.GetDefaultText()
	if found := flagPlaceholder.FindStringSubmatch(f.GetUsage()); found != nil {
		c.Placeholder = found[1]
	}
	switch {
	case c.Placeholder == "FILE", c.Placeholder == "LAYER", strings.HasPrefix(c.Placeholder, "FILE|"):
		c.Kind = fileValue
	case c.Placeholder == "DIR":
		c.Kind = folderValue
	case c.Name == "env" && command != "bundle init":
		c.Kind = environmentValue
	}
	c.Placeholder = cmp.Or(c.Placeholder, "VALUE")
	return c
}

// Fill writes one of the templates, filled in.
func Fill(w io.Writer, what string, root *cli.App, manual string) error {
	const name = "completion"
	b, err := completionTemplates.ReadFile(name + "/" + what + ".tmpl")
	if err != nil {
		return err
	}
	t, err := template.New(name).Funcs(template.FuncMap{
		"values":      flagValues,
		"kinds":       func() []valueKind { return []valueKind{fileValue, folderValue, environmentValue, anyValue} },
		"completions": Kinds,
		"names": func(c *completedCommand) (all []string) {
			for _, sub := range c.Commands {
				all = append(all, sub.Name)
			}
			return all
		},
		"flags": func(c *completedCommand) (all []string) {
			for _, f := range c.Flags {
				all = append(all, "--"+f.Name)
			}
			return all
		},
		"join":      strings.Join,
		"quote":     func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
		"quotefish": func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" },
		"quotepwsh": func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" },
		"colon":     func(s string) string { return strings.ReplaceAll(s, ":", `\:`) },
		"roff":      roff,
		"rofflines": roffLines,
		"manual":    func() string { return manual },
	}).Parse(string(b))
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		Version  string
		Commands []*completedCommand
	}{root.Version, completedCommands(root)})
}

// flagValues lists the flags whose value is of a kind, each with its command.
func flagValues(all []*completedCommand, kind valueKind) (found []string) {
	for _, c := range all {
		for _, f := range c.Flags {
			if f.Kind == kind {
				found = append(found, c.Path+" --"+f.Name)
			}
		}
	}
	return found
}
