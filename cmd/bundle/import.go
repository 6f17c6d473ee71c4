package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/putting"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/values"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/dotenv"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) importCommand() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "put every value of a dotenv or JSON file into Parameter Store, by the secrets' names in the manifest",
		UsageText: "bundle import [--manifest FILE] [--env NAME...] FILE [options]",
		ArgsUsage: "FILE",
		Description: "bundle import --env prod .env.prod --dry-run\n" +
			"bundle import --env prod values.json --ignore-unknown\n" +
			"sops decrypt --output-type json secrets.yaml | bundle import --env prod -",
		Flags: putting.Flags(
			&cli.BoolFlag{Name: "ignore-unknown", Usage: "leave out the names that are not secrets of the manifest"},
		),
		Action: a.importFile,
	}
}

func (a *app) importFile(c *cli.Context) error {
	file, err := console.OneArgument(c, "a file")
	if err != nil {
		return err
	}
	found, err := values.ReadFile(a.Console, "bundle import", "bundle import --env NAME -", "put one value with bundle put", file)
	if err != nil {
		return err
	}
	file = values.Shown(file)
	leftOut, notes := values.Notes(found)
	for _, line := range append(values.Grouped(notes, ""), values.Grouped(leftOut, "left out: ")...) {
		a.Hint("%s: %s", file, line)
	}
	var named []pipeline.Named
	for _, v := range found.Variables {
		if v.Value.Len() == 0 {
			a.Hint("%s: left out: %s (line %d): it has no value, and Parameter Store takes no empty one", file, v.Name, v.Line)
			continue
		}
		named = append(named, pipeline.Named{Name: v.Name, Line: v.Line, Value: v.Value})
	}
	if len(named) == 0 {
		return console.Usagef("%s has no value to put", file)
	}
	said := make(map[string]bool) // names that were left out
	return putting.Run(a.Console, c, putting.Job{
		Names: func(t *target.Target) ([]pipeline.Named, problem.Problems) {
			secrets := (&pipeline.Scope{Manifest: t.Manifest}).Secrets(console.Text(c, "function"))
			known := named
			if c.Bool("ignore-unknown") {
				known = a.withoutUnknown(file, named, secrets, said)
			}
			return known, unread(file, found, secrets)
		},
		Values: func(context.Context, *pipeline.Put) ([]pipeline.Named, error) { return named, nil },
	})
}

// withoutUnknown leaves out the names that are not secrets, and says which, once.
func (a *app) withoutUnknown(file string, named []pipeline.Named, secrets []string, said map[string]bool) []pipeline.Named {
	var known []pipeline.Named
	for _, n := range named {
		if slices.Contains(secrets, n.Name) {
			known = append(known, n)
		} else if !said[n.Name] {
			said[n.Name] = true
			a.Hint("%s: left out: %s (line %d): it is not a secret of the manifest", file, n.Name, n.Line)
		}
	}
	return known
}

// unread reports the secrets whose values in the file were not read.
func unread(file string, f *dotenv.File, secrets []string) problem.Problems {
	var lines []string
	for _, n := range f.Notes {
		if (n.Kind == dotenv.LeftOut || n.Kind == dotenv.Unread) && slices.Contains(secrets, n.Name) {
			lines = append(lines, n.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return problem.Problems{problem.New(problem.Manifest, nil, "Value not read", fmt.Sprintf("%s has secrets whose values cannot be read: %s. Correct these lines.", file, strings.Join(lines, "; ")))}
}
