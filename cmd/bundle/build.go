package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/helperset"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) buildCommand() *cli.Command {
	return &cli.Command{
		Name:      "build",
		Usage:     "build the layers of one or more environments (the default command)",
		UsageText: "bundle [build] [--manifest FILE] [--env NAME...] --out FILE [options]",
		Description: "bundle build --manifest secrets.hcl --env prod --out layer.zip\n" +
			"bundle build --all --out 'layer-{environment}-{region}.zip'\n" +
			"bundle --env local --out layer.zip",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.FunctionsFlag(),
			console.ManifestFlag(),
			console.TextFlag("out", "FILE", "the layer file to write; can contain {environment}, {region} and {function}", ""),
			console.VarFlag(),
			console.PreviousFlag(),
			console.PreviousDigestFlag(),
			&cli.BoolFlag{Name: "reseal", Usage: "reseal every function, even if unchanged"},
			&cli.BoolFlag{Name: "allow-rollback", Usage: "accept a version older than the previous layer's"},
			console.BlindFlag(),
			target.GuardFlag(),
			console.KeyAccountFlag(),
			console.TPSFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.ReportFlag(),
			console.DebugFlag(),
		}),
		Action: a.build,
	}
}

func (a *app) build(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest", Flag: console.OutFlag, Pattern: console.Text(c, "out")})
	if err != nil {
		return err
	}
	if console.Text(c, "out") == "" && len(targets) > 1 {
		return console.Usagef("name the layers to write with --out, for example --out 'layer%s.zip'", target.MissingPlaces("", targets))
	}
	previous, pins, err := previousOf(c, targets)
	if err != nil {
		return err
	}
	a.hintHelpers(targets)
	helpers := make(map[string][]layerbuild.File)
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: awsenv.BuildingRights,
		Gather: func(r *view.Several, results []any, notable bool) { r.Builds, r.Changed = results, &notable },
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			a := a.with(con)
			if data := console.Text(c, "data"); data != "" && pipeline.Inside(t.Path, data) {
				return nil, console.Usagef("--out %s is in %s, which belongs to the embedded AWS. Use a path outside of it.", t.Path, data)
			}
			out, problems := pipeline.OpenOutput(t.Path, append(target.Inputs(targets), target.GuardFile(c)...))
			if len(problems) > 0 {
				return nil, console.Failed(problems)
			}
			earlier, problems := pipeline.OpenPrevious(t.Fill(previous), pins[t], out, t.Manifest)
			if len(problems) > 0 {
				return nil, console.Failed(problems)
			}
			files, err := helperset.FilesOf(c.Context, a.Console, t.Manifest.Bundle, helpers)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				a := a.with(con)
				s := w.Session
				return a.buildLayer(ctx, w, &pipeline.Build{
					Scope: scope(c, t, w), Parameters: s.Parameters, Keys: s.Keys, Blind: s.Blind, Layers: s.Layers, Previous: earlier,
					Reseal: c.Bool("reseal"), AllowRollback: c.Bool("allow-rollback"), RequireBlind: c.Bool("blind"),
				}, files, out)
			}, nil
		},
	})
}

// scope returns the scope of the work on a target, from the flags.
func scope(c *cli.Context, t *target.Target, w *batch.Work) pipeline.Scope {
	s := pipeline.Scope{
		Manifest: t.Manifest, Beside: t.Siblings, Region: t.Region, Observer: w.Observer, AllowKeyAccounts: c.StringSlice("allow-key-account"),
	}
	if w.Session != nil {
		s.Account, s.Caller = w.Session.Account, w.Session.Caller
	}
	return s
}

// buildLayer builds and writes one layer.
func (a *app) buildLayer(ctx context.Context, w *batch.Work, b *pipeline.Build, helpers []layerbuild.File, out *pipeline.Outfile) (view.Result, error) {
	a.hintPrevious(b.Previous)
	made, problems := b.Run(ctx)
	w.Observer.Finish()
	if len(problems) > 0 {
		return nil, console.Failed(problems)
	}
	a.RenderWarnings(made.Warnings)
	if b.Previous.From == "" {
		a.hintPrevious(made.Previous)
	}
	layer, problems := deliver(made, helpers, out)
	if len(problems) > 0 {
		return nil, console.Failed(problems)
	}
	report := view.NewBuild(b.Manifest, made, out, layer)
	report.AWSCalls, report.DurationMS = w.Spent()
	return report, nil
}

// previousOf returns --previous, which is a pattern if there are several targets, and
// --previous-sha256 by target.
func previousOf(c *cli.Context, targets []*target.Target) (string, map[*target.Target]string, error) {
	previous := console.Text(c, "previous")
	if err := target.CheckPattern("--previous", previous); err != nil {
		return "", nil, err
	}
	word := previous == pipeline.PreviousAuto || previous == pipeline.PreviousNone
	if !word && len(targets) > 1 && !target.Placeholder.MatchString(previous) {
		return "", nil, console.Usagef("--previous %s is one layer, but this run has %d: %s. Leave it out, or write for example --previous 'old-%s-%s.zip'.",
			previous, len(targets), target.Listed(targets), target.EnvironmentPlace, target.RegionPlace)
	}
	pins, err := target.Digests(c, "previous-sha256", targets)
	if err == nil && len(pins) > 0 && previous == pipeline.PreviousNone {
		err = console.Usagef("--previous none and --previous-sha256 cannot be combined: remove one of them")
	}
	return previous, pins, err
}

// hintHelpers prints how to build the helpers if each function has its own layer,
// because these layers have none.
func (a *app) hintHelpers(targets []*target.Target) {
	for _, t := range targets {
		if len(t.Helpers) > 0 {
			a.Hint("the helpers go in a separate layer for all functions: bundle helpers --out helpers.zip --helpers %s", strings.Join(t.Helpers, ","))
			return
		}
	}
}

// deliver makes and writes a layer, unless it contains a secret in plaintext.
func deliver(result *pipeline.Built, helpers []layerbuild.File, out *pipeline.Outfile) ([]byte, problem.Problems) {
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents, Helpers: helpers})
	if len(problems) == 0 {
		problems = result.CheckLeaks(layer, helpers)
	}
	if len(problems) == 0 {
		problems = out.Replace(layer)
	}
	return layer, problems
}

// hintPrevious prints the previous layer of a run as soon as it is known.
func (a *app) hintPrevious(p pipeline.Previous) {
	if p.From != "" {
		a.Hint("%s", p.From)
	}
}
