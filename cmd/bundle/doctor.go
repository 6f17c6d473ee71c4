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
)

func (a *app) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Category:  console.OnlyLooks,
		Usage:     "check whether a build would be allowed, and who can decrypt",
		UsageText: "bundle doctor [--manifest FILE] [--env NAME...] [options]",
		Description: "bundle doctor --manifest secrets.hcl --env prod\n" +
			"bundle doctor --all --decrypt --json",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.ManifestFlag(),
			console.VarFlag(),
			&cli.BoolFlag{Name: "decrypt", Usage: "also read and decrypt the parameters of packed functions, as a build does, and discard the values"},
			console.KeyAccountFlag(),
			console.TPSFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.ReportFlag(),
			console.DebugFlag(),
		}),
		Action: a.examine,
	}
}

func (a *app) examine(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest"})
	if err != nil {
		return err
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: awsenv.AllRights,
		Gather: func(r *view.Several, results []any, _ bool) { r.Diagnoses = results },
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				s := w.Session
				s.Doctor.Root = t.Manifest.Environment.Embedded.Value != ""
				diagnose := &pipeline.Diagnose{
					Scope: scope(c, t, w), Parameters: s.Parameters, Keys: s.Keys, Blind: s.Blind.Parameters, Layers: s.Layers,
					Doctor: s.Doctor, Decrypt: c.Bool("decrypt"),
					Identity: func(ctx context.Context) (account, arn string, err error) {
						who, err := s.Identity(ctx)
						return who.Account, who.ARN, err
					},
				}
				found, problems := diagnose.Run(ctx)
				w.Observer.Finish()
				report := view.NewDoctor(found, len(problems) == 0, con.ForUser)
				report.Environment, report.Region, report.Endpoint = t.Environment, t.Region, console.Text(c, "endpoint-url")
				report.AWSCalls, _ = w.Spent()
				return report, console.Failed(problems)
			}, nil
		},
	})
}
