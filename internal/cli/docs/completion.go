// Package docs makes what the command line is documented by: help, completion
// scripts of shells and the manual page.
package docs

import (
	"embed"
	"io"
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
		"names": func(c *command) (all []string) {
			for _, sub := range c.Commands {
				all = append(all, sub.Name)
			}
			return all
		},
		"flags": func(c *command) (all []string) {
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
		Commands []*command
	}{root.Version, commands(root)})
}

// flagValues lists the flags whose value is of a kind, each with its command.
func flagValues(all []*command, kind valueKind) (found []string) {
	for _, c := range all {
		for _, f := range c.Flags {
			if f.Kind == kind {
				found = append(found, c.Path+" --"+f.Name)
			}
		}
	}
	return found
}
