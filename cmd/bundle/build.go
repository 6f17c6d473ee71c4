package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) buildCommand() *cli.Command {
	return &cli.Command{
		Name:      "build",
		Usage:     "make the layer of one environment (bundle without a command does the same)",
		UsageText: "bundle [build] --manifest secrets.hcl --env prod --out layer.zip",
		Flags: []cli.Flag{
			manifestFlag(),
			envFlag(),
			textFlag("out", "FILE", "the layer to write", ""),
			varFlag(),
			previousFlag(),
			&cli.BoolFlag{Name: "reseal", Usage: "seal every function anew, changed or not"},
			&cli.BoolFlag{Name: "allow-rollback", Usage: "accept a parameter version lower than the previous layer's"},
			blindFlag(),
			guardFlag(),
			&cli.StringSliceFlag{Name: "allow-key-account", Usage: "accept keys of another account (`ID`)"},
			tpsFlag(),
			timeoutFlag(),
			endpointFlag(),
			jsonFlag(),
			debugFlag(),
		},
		Action: a.build,
	}
}

func (a *app) build(c *cli.Context) error {
	started := time.Now()
	if err := noArguments(c); err != nil {
		return err
	}
	module, m, err := a.openTrusted(c)
	if err != nil {
		return err
	}
	region := m.Environment.Regions[0].Value
	out, problems := pipeline.OpenOutput(text(c, "out"), append(inputs(module, m), guardFile(c)...))
	if len(problems) > 0 {
		return failed(problems)
	}
	previous, problems := pipeline.OpenPrevious(text(c, "previous"), out, m)
	if len(problems) > 0 {
		return failed(problems)
	}
	helpers, err := a.manifestHelpers(c.Context, m.Bundle)
	if err != nil {
		return err
	}
	ctx, s, end, err := a.begin(c, module, m)
	if err != nil {
		return err
	}
	defer end()
	s.blind.Required = c.Bool("blind")

	a.hintPrevious(previous)
	bar := a.newProgress()
	b := &pipeline.Build{
		Manifest: m, Region: region, Account: s.account, Caller: s.caller,
		Parameters: s.parameters, Keys: s.keys, Blind: s.blind, Layers: s.layers, Observer: bar, Previous: previous,
		Reseal: c.Bool("reseal"), AllowRollback: c.Bool("allow-rollback"), AllowKeyAccounts: c.StringSlice("allow-key-account"),
	}
	result, problems := b.Run(ctx)
	bar.finish()
	if len(problems) > 0 {
		return failed(problems)
	}
	a.renderWarnings(result.Warnings)
	if previous.From == "" {
		a.hintPrevious(result.Previous)
	}
	layer, problems := deliver(result, helpers, out)
	if len(problems) > 0 {
		return failed(problems)
	}
	report := newBuildReport(m, region, result, out, layer)
	report.AWSCalls, report.DurationMS = s.calls.Snapshot(), time.Since(started).Milliseconds()
	if err := a.handOver(report); err != nil {
		return err
	}
	return a.renderBuild(report, c.Bool("json"))
}

// deliver puts a layer together and in its place, unless a secret is found in
// it.
func deliver(result *pipeline.Result, helpers []layerbuild.File, out *pipeline.Outfile) ([]byte, pipeline.Problems) {
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents, Helpers: helpers})
	if len(problems) == 0 {
		problems = result.CheckLeaks(layer, helpers)
	}
	if len(problems) == 0 {
		problems = out.Replace(layer)
	}
	return layer, problems
}
