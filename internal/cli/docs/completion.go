// Package docs makes the documentation of the command line: help, completion scripts
// for shells, and the manual page.
package docs

import (
	"embed"
	"io"
	"slices"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"
)

// completionTemplates are the templates of the scripts and the manual page.
//
//go:embed completion/*.tmpl
var completionTemplates embed.FS

// Kinds returns what bundle completion can print: scripts, the manual page, and the
// lists that the scripts read when they run.
func Kinds() []string {
	return append([]string{"bash", "zsh", "fish", "powershell", ManPage}, Lists()...)
}

// Lists returns the lists of names in a manifest.
func Lists() []string {
	return []string{EnvironmentNames, FunctionNames, SecretNames, ParameterNames, GroupNames, RegionNames, VariableNames}
}

// The kinds that are not scripts.
const (
	ManPage          = "man"
	EnvironmentNames = "environments"
	FunctionNames    = "functions"
	SecretNames      = "secrets"
	ParameterNames   = "parameters" // of embedded environments
	GroupNames       = "groups"
	RegionNames      = "regions"
	VariableNames    = "variables"
)

// Fill writes the template of one of the Kinds, filled in for the command line of a program that was called by name.
func Fill(w io.Writer, what string, root *cli.App, name *Name, manual string) error {
	all := commands(root, name)
	b, err := completionTemplates.ReadFile("completion/" + what + ".tmpl")
	if err != nil {
		return err
	}
	t, err := template.New(what).Funcs(template.FuncMap{
		"values": flagValues,
		"worded": func(c *command) (found []option) {
			for _, f := range c.Flags {
				if f.Kind == wordValue {
					found = append(found, f)
				}
			}
			return found
		},
		"kinds": func() []valueKind { return kinds(all) },
		"list":  func(kind valueKind) bool { return slices.Contains(Lists(), string(kind)) },
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
		"upper":     strings.ToUpper,
		"called":    name.In,
	}).Parse(string(b))
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		Name, Function, Version string
		Commands                []*command
	}{name.String(), name.function(), root.Version, all})
}

// kinds returns the kinds that values of flags have.
func kinds(all []*command) (found []valueKind) {
	for _, c := range all {
		for _, f := range c.Flags {
			if f.Kind != noValue && !slices.Contains(found, f.Kind) {
				found = append(found, f.Kind)
			}
		}
	}
	slices.Sort(found)
	return found
}

// flagValues lists the flags whose value has a kind, each with its command.
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
