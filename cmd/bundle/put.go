package main

import (
	"context"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/putting"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/values"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

func (a *app) putCommand() *cli.Command {
	return &cli.Command{
		Name:      "put",
		ArgsUsage: "SECRET",
		Usage:     "put the value of a secret into Parameter Store, by its name in the manifest",
		UsageText: "bundle put [--manifest FILE] [--env NAME...] SECRET [options]",
		Description: "bundle put --env prod DB_PASSWORD\n" +
			"bundle put --env prod DB_PASSWORD --dry-run\n" +
			"pass show db | bundle put --env prod DB_PASSWORD --strip-newline --yes",
		Flags: putting.Flags(
			console.TextFlag("from", "FILE", "read the value from this file", ""),
			console.TextFlag("from-version", "N", "put the value that the parameter had in this version", ""),
			&cli.BoolFlag{Name: "keep-newline", Usage: "keep a newline at the end of a value that is not typed"},
			&cli.BoolFlag{Name: "strip-newline", Usage: "remove one newline at the end of a value that is not typed"},
		),
		Action: a.put,
	}
}

func (a *app) put(c *cli.Context) error {
	name, err := console.NameToPut(c, "secret")
	if err != nil {
		return err
	}
	version, err := versionToPut(c)
	if err != nil {
		return err
	}
	return putting.Run(a.Console, c, putting.Job{
		Names: func(*target.Target) ([]pipeline.Named, problem.Problems) { return []pipeline.Named{{Name: name}}, nil },
		Values: func(ctx context.Context, first *pipeline.Put) ([]pipeline.Named, error) {
			if version > 0 {
				value, problems := first.Earlier(ctx, version)
				return []pipeline.Named{{Name: name, Value: value}}, console.Failed(problems)
			}
			value, err := a.valueToPut(ctx, c, name)
			return []pipeline.Named{{Name: name, Value: value}}, err
		},
	})
}

// versionToPut returns the value of --from-version, or 0.
func versionToPut(c *cli.Context) (int64, error) {
	text := console.Text(c, "from-version")
	switch {
	case c.Bool("keep-newline") && c.Bool("strip-newline"):
		return 0, console.Usagef("--keep-newline and --strip-newline cannot be combined: choose one")
	case text == "":
		return 0, nil
	case console.Text(c, "from") != "":
		return 0, console.Usagef("--from and --from-version cannot be combined: choose one")
	case len(console.List(c, "region")) != 1 || len(console.List(c, "env")) > 1 || c.Bool("all"):
		return 0, console.Usagef("--from-version is a version in one region: name the environment with --env and the region with --region")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, console.Usagef("--from-version %q is not a version: write a number from 1", text)
	}
	return n, nil
}

// valueToPut reads the value. A newline at the end is kept or removed only if somebody says
// so: whether it belongs to the value, nobody else can know.
func (a *app) valueToPut(ctx context.Context, c *cli.Context, name string) (secret.Value, error) {
	value, typed, err := values.ReadOne(ctx, a.Console, name, console.Text(c, "from"))
	switch {
	case err != nil || typed || value.LineEnd() == 0 || c.Bool("keep-newline"):
		return value, err
	case c.Bool("strip-newline"):
		return value.WithoutLineEnd(), nil
	}
	person, ok := a.Person()
	if !ok {
		return secret.Value{}, console.Usagef("the value ends in a newline, which echo and editors add: pass --strip-newline to remove it, or --keep-newline if it belongs to the value")
	}
	defer person.Leave()
	keep, err := person.Agrees(ctx, "The value ends in a newline, which echo and editors add. Keep it?")
	if err != nil || keep {
		return value, err
	}
	return value.WithoutLineEnd(), nil
}
