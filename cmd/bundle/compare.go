package main

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/compare"
)

func (a *app) compareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Category:  console.OnlyLooks,
		Usage:     "show which secrets exist in which environments, without reading any values",
		UsageText: "bundle compare [--manifest FILE] --env NAME --env NAME... [options]\nbundle compare [--manifest FILE] --all [options]",
		Description: "bundle compare --manifest secrets.hcl --env staging --env prod\n" +
			"bundle compare --manifest secrets.hcl --all --html >compare.html",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.ManifestFlag(),
			console.VarFlag(),
			console.KeyAccountFlag(),
			console.TPSFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.ReportFlag(),
			console.MarkdownFlag(),
			console.HTMLFlag(),
			console.ExitCodeFlag(),
			console.DebugFlag(),
		}),
		Action: a.compare,
	}
}

func (a *app) compare(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	if err := a.OneForm(c); err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest"})
	switch {
	case err != nil:
		return err
	case len(targets) == 0:
		return console.Usagef("nothing to compare: choose two environments, for example --env staging --env prod, or use --all")
	case len(targets) == 1:
		return console.Usagef("compare needs at least two environments, but only %s is selected: add another --env, or use --all", targets[0])
	}
	columns := make(map[*target.Target]*compare.Column)
	for _, t := range targets {
		columns[t] = &compare.Column{Environment: t.Environment, Region: t.Region, Unknown: true}
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: awsenv.LookingRights,
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			*columns[t] = (&pipeline.Scope{Manifest: t.Manifest, Region: t.Region}).Declared()
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				look := &pipeline.Compare{Scope: scope(c, t, w), Parameters: w.Session.Looking, Keys: w.Session.Keys, Blind: w.Session.Blind.Parameters}
				column, problems := look.Run(ctx)
				*columns[t] = column
				return nil, console.Failed(problems)
			}, nil
		},
		Together: func(con *console.Console, outcomes []*batch.Outcome) view.Result {
			var all []compare.Column
			var found []view.ComparedColumn
			for _, o := range outcomes {
				all = append(all, *columns[o.Target])
				found = append(found, view.ComparedColumn{Problems: o.Problems, Calls: o.Calls.Snapshot()})
			}
			r := view.NewCompare(targets[0].Manifest.Bundle.Name.Value, compare.Compare(all, a.Started), found)
			r.Page = c.Bool("html")
			r.Now = a.Started
			return r
		},
	})
}
