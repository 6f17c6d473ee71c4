package main

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) planCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Category:  console.OnlyLooks,
		Usage:     "show what a build would do, and why, without reading any values",
		UsageText: "bundle plan [--manifest FILE] [--env NAME...] [--out FILE] [options]",
		Description: "bundle plan --manifest secrets.hcl --env prod\n" +
			"bundle plan --env prod --out layer.zip --exit-code\n" +
			"bundle plan --env prod --offline --markdown",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.FunctionsFlag(),
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("out", "FILE", "the layer that the build would replace; can contain {environment}, {region} and {function}", ""),
			console.PreviousFlag(),
			console.PreviousDigestFlag(),
			&cli.BoolFlag{Name: "offline", Usage: "make no calls: compare the manifest with the previous layer, and assume that nothing else has changed"},
			&cli.BoolFlag{Name: "reseal", Usage: "plan a build with --reseal"},
			&cli.BoolFlag{Name: "allow-rollback", Usage: "plan a build with --allow-rollback"},
			console.BlindFlag(),
			target.GuardFlag(),
			console.KeyAccountFlag(),
			console.TPSFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.ReportFlag(),
			console.MarkdownFlag(),
			console.ExitCodeFlag(),
			console.DebugFlag(),
		}),
		Action: a.plan,
	}
}

func (a *app) plan(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	if err := a.OneForm(c); err != nil {
		return err
	}
	if c.Bool("offline") && arn.Looks(console.Text(c, "previous")) {
		return console.Usagef("--offline makes no calls, so it cannot download a published layer: download it first, and pass the file with --previous")
	}
	offline := c.Bool("offline")
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest", Flag: console.OutFlag, Pattern: console.Text(c, "out"), Named: true,
		Offline: offline})
	if err != nil {
		return err
	}
	previous, pins, err := previousOf(c, targets)
	if err != nil {
		return err
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:   !offline,
		Rights:  awsenv.LookingRights,
		Gather:  func(r *view.Several, results []any, notable bool) { r.Plans, r.Changed = results, &notable },
		Details: true,
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			out, problems := pipeline.PeekOutput(t.Path)
			if len(problems) > 0 {
				return nil, console.Failed(problems)
			}
			earlier, problems := pipeline.OpenPrevious(t.Fill(previous), pins[t], out, t.Manifest)
			if len(problems) > 0 {
				return nil, console.Failed(problems)
			}
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				a := a.with(con)
				return a.planLayer(ctx, c, t, w, earlier)
			}, nil
		},
	})
}

// planLayer plans one layer, without calls if w has no session.
func (a *app) planLayer(ctx context.Context, c *cli.Context, t *target.Target, w *batch.Work, earlier pipeline.Previous) (view.Result, error) {
	var planned *pipeline.Result
	var problems problem.Problems
	reseal, rollback, blind := c.Bool("reseal"), c.Bool("allow-rollback"), c.Bool("blind")
	offline := w.Session == nil
	if offline {
		plan := &pipeline.PlanOffline{Scope: scope(c, t, w), Previous: earlier, Reseal: reseal, AllowRollback: rollback, RequireBlind: blind}
		planned, problems = plan.Run()
	} else {
		plan := &pipeline.Plan{
			Scope: scope(c, t, w), Parameters: w.Session.Looking, Keys: w.Session.Keys, Blind: w.Session.Blind.Parameters, Layers: w.Session.Layers,
			Previous: earlier, Pointer: w.Session.Source, Reseal: reseal, AllowRollback: rollback, RequireBlind: blind,
		}
		planned, problems = plan.Run(ctx)
	}
	w.Observer.Finish()
	if len(problems) > 0 {
		return nil, console.Failed(problems)
	}
	a.RenderWarnings(planned.Warnings)
	if planned.Previous.Name == "" {
		a.hintPrevious(planned.Previous)
	}
	report := view.NewPlan(t.Manifest, planned, offline)
	report.Path = t.Path
	report.AWSCalls, report.DurationMS = w.Spent()
	return report, nil
}
