package main

import (
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
)

func (a *app) planCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "show what a build would do, and why, without reading a value",
		UsageText: "bundle plan --manifest secrets.hcl --env prod [--out layer.zip]",
		Flags: []cli.Flag{
			manifestFlag(),
			envFlag(),
			varFlag(),
			textFlag("out", "FILE", "the layer that the build would replace", ""),
			previousFlag(),
			&cli.BoolFlag{Name: "offline", Usage: "call nothing: compare what the manifest says with an earlier layer, and take all else to be as it was"},
			&cli.BoolFlag{Name: "reseal", Usage: "as of a build with --reseal"},
			&cli.BoolFlag{Name: "allow-rollback", Usage: "as of a build with --allow-rollback"},
			blindFlag(),
			guardFlag(),
			&cli.StringSliceFlag{Name: "allow-key-account", Usage: "accept keys of another account (`ID`)"},
			tpsFlag(),
			timeoutFlag(),
			endpointFlag(),
			jsonFlag(),
			&cli.BoolFlag{Name: "markdown", Usage: "print Markdown for a comment on a pull request"},
			exitCodeFlag(),
			debugFlag(),
		},
		Action: a.plan,
	}
}

func (a *app) plan(c *cli.Context) error {
	started := time.Now()
	if err := noArguments(c); err != nil {
		return err
	}
	switch {
	case c.Bool("json") && c.Bool("markdown"):
		return usagef("--json and --markdown are two forms of one result: choose one")
	case c.Bool("offline") && strings.HasPrefix(text(c, "previous"), "arn:"):
		return usagef("--offline calls nothing, so that a published layer cannot be had: download it and name the file with --previous")
	}
	module, m, err := a.open(c)
	if err != nil {
		return err
	}
	if !c.Bool("offline") {
		if err := a.refuseUntrusted(m); err != nil {
			return err
		}
	}
	out, problems := pipeline.PeekOutput(text(c, "out"))
	if len(problems) > 0 {
		return failed(problems)
	}
	previous, problems := pipeline.OpenPrevious(text(c, "previous"), out, m)
	if len(problems) > 0 {
		return failed(problems)
	}
	b := &pipeline.Build{
		Manifest: m, Region: m.Environment.Regions[0].Value, Previous: previous,
		Reseal: c.Bool("reseal"), AllowRollback: c.Bool("allow-rollback"), AllowKeyAccounts: c.StringSlice("allow-key-account"),
		Blind: pipeline.Blind{Required: c.Bool("blind")},
	}
	result, calls, err := a.runPlan(c, b, module)
	if err != nil {
		return err
	}
	a.renderWarnings(result.Warnings)
	if result.Previous.Name == "" {
		a.hintPrevious(result.Previous)
	}
	report := newPlanReport(m, result, c.Bool("offline"))
	report.AWSCalls, report.DurationMS = calls, time.Since(started).Milliseconds()
	if err := a.renderPlan(report, c.Bool("json"), c.Bool("markdown")); err != nil {
		return err
	}
	if report.Changed && c.Bool("exit-code") {
		return errDifferences
	}
	return nil
}

// runPlan plans, with the AWS of the environment unless --offline says not to.
func (a *app) runPlan(c *cli.Context, b *pipeline.Build, module *manifest.Module) (*pipeline.Result, map[string]int, error) {
	if c.Bool("offline") {
		result, problems := b.Outline(c.Context)
		return result, map[string]int{}, failed(problems)
	}
	ctx, s, end, err := a.begin(c, module, b.Manifest)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	bar := a.newProgress()
	required := b.Blind.Required
	b.Account, b.Caller, b.Parameters, b.Keys, b.Layers, b.Observer = s.account, s.caller, s.parameters, s.keys, s.layers, bar
	b.Blind = s.blind
	b.Blind.Required = required
	result, problems := b.Plan(ctx)
	bar.finish()
	return result, s.calls.Snapshot(), failed(problems)
}
