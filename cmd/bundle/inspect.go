package main

import (
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/helperset"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
)

func (a *app) inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Category:  console.OnlyLooks,
		Usage:     "show what a layer contains: functions, keys, sources and versions; decrypts nothing",
		UsageText: "bundle inspect [--layer FILE] [--json]",
		ArgsUsage: "LAYER", // until the next release
		Description: "bundle inspect --layer layer.zip\n" +
			"bundle inspect --layer layer.zip --json | jq '.targets[].result.documents[]'",
		Flags:  []cli.Flag{console.LayerFlag("the layer to show"), console.JSONFlag()},
		Action: a.inspect,
	}
}

func (a *app) inspect(c *cli.Context) error {
	path, err := a.LayerArgument(c)
	if err != nil {
		return err
	}
	layer, content, err := target.ReadLayer(path)
	if err != nil {
		return err
	}
	known, err := helperset.NewChecker(a.Console, a.releases)
	if err != nil {
		return err
	}
	check, err := known.Of(c.Context, layer, nil, false)
	if err != nil {
		return err
	}
	report := view.NewInspect(path, layer, content, layer.MatchHelpers(check.Releases))
	return a.AnswerOrPrint(report)
}
