package main

import (
	"bytes"
	"cmp"
	"embed"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline/manifest"
)

// completionTemplates are the scripts and the manual page, before the command
// line is filled in.
//
//go:embed completion/*.tmpl
var completionTemplates embed.FS

// completions are what bundle completion prints: scripts, the manual page, and
// what the scripts ask for when they run.
func completions() []string {
	return []string{"bash", "zsh", "fish", "powershell", manPage, environmentNames}
}

const (
	manPage          = "man"
	environmentNames = "environments"
)

func (a *app) completionCommand() *cli.Command {
	return &cli.Command{
		Name:  "completion",
		Usage: "print the completion script of a shell, or the manual page",
		UsageText: "source <(bundle completion bash)   (also zsh)\n" +
			"bundle completion fish >~/.config/fish/completions/bundle.fish\n" +
			"bundle completion powershell | Out-String | Invoke-Expression\n" +
			"bundle completion man >bundle.1\n" +
			"bundle completion [--manifest secrets.hcl] environments   (the names, as the scripts ask for them)",
		Flags:  []cli.Flag{console.ManifestFlag()},
		Action: a.completion,
	}
}

func (a *app) completion(c *cli.Context) error {
	what, err := console.OneArgument(c, "one of "+strings.Join(completions(), ", "))
	switch {
	case err != nil:
		return err
	case !slices.Contains(completions(), what):
		return console.Usagef("there is no completion %q. There are %s.", what, strings.Join(completions(), ", "))
	case what == environmentNames:
		return a.printEnvironments(console.Text(c, "manifest"))
	case console.Given(c, "manifest"):
		return console.Usagef("--manifest is for bundle completion %s alone", environmentNames)
	}
	var script bytes.Buffer
	if err := fillCompletion(&script, what, c.App); err != nil {
		return err
	}
	_, err = a.Stdout.Verbatim().Write(script.Bytes())
	return err
}

// environmentName is what an environment may be called: nothing that a shell
// would take for more than a word.
var environmentName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// printEnvironments prints the names of a manifest's environments, as far as
// they can be told. It is called while a command line is being written: it
// reads the manifest and calls nothing.
func (a *app) printEnvironments(path string) error {
	if _, err := os.Stat(path); err != nil {
		return console.Usagef("the manifest cannot be read: %v", err)
	}
	module, _ := manifest.Load(path, manifest.Options{Environ: a.Environ})
	for _, name := range module.Environments() {
		if !environmentName.MatchString(name) {
			continue
		}
		if err := a.Print("%s\n", name); err != nil {
			return err
		}
	}
	return nil
}

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

// fillCompletion writes one of the templates, filled in.
func fillCompletion(w io.Writer, what string, root *cli.App) error {
	const name = "completion"
	b, err := completionTemplates.ReadFile(name + "/" + what + ".tmpl")
	if err != nil {
		return err
	}
	t, err := template.New(name).Funcs(template.FuncMap{
		"values":      flagValues,
		"kinds":       func() []valueKind { return []valueKind{fileValue, folderValue, environmentValue, anyValue} },
		"completions": completions,
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
		"manual":    manual,
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
