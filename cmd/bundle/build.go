package main

import (
	"context"
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
	timeout, err := timeout(c)
	if err != nil {
		return err
	}
	tps, err := pace(c)
	if err != nil {
		return err
	}
	module, m, err := a.open(c)
	if err != nil {
		return err
	}
	if err := a.refuseUntrusted(m); err != nil {
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
	ctx, cancel := context.WithTimeout(c.Context, timeout)
	defer cancel()
	helpers, err := a.manifestHelpers(ctx, m.Bundle)
	if err != nil {
		return err
	}
	s, err := a.connect(ctx, module, m, sessionOptions{endpoint: text(c, "endpoint-url"), tps: tps, debug: c.Bool("debug")})
	if err != nil {
		return err
	}
	defer s.close()
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
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents, Helpers: helpers})
	if len(problems) == 0 {
		problems = result.CheckLeaks(layer, helpers)
	}
	if len(problems) == 0 {
		problems = out.Replace(layer)
	}
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
