package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) buildCommand() *cli.Command {
	return &cli.Command{
		Name:      "build",
		Usage:     "make the layer of an environment, or of several (bundle without a command does the same)",
		UsageText: "bundle [build] --manifest secrets.hcl --env prod --out layer.zip",
		Flags: append(targetFlags(),
			manifestFlag(),
			textFlag("out", "FILE", "the layer to write; {environment}, {region} and {function} are filled in", ""),
			varFlag(),
			previousFlag(),
			previousDigestFlag(),
			&cli.BoolFlag{Name: "reseal", Usage: "seal every function anew, changed or not"},
			&cli.BoolFlag{Name: "allow-rollback", Usage: "accept a parameter version lower than the previous layer's"},
			blindFlag(),
			guardFlag(),
			&cli.StringSliceFlag{Name: "allow-key-account", Usage: "accept keys of another account (`ID`)"},
			tpsFlag(),
			timeoutFlag(),
			endpointFlag(),
			trustedFlag(),
			dataFlag(),
			jsonFlag(),
			debugFlag(),
		),
		Action: a.build,
	}
}

func (a *app) build(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	targets, err := a.targets(c, request{manifest: "manifest", flag: outFlag, pattern: text(c, "out")})
	if err != nil {
		return err
	}
	if text(c, "out") == "" && len(targets) > 1 {
		return usagef("name the layers to write with --out, for example --out 'layer-%s-%s.zip'", environmentPlace, regionPlace)
	}
	previous, pins, err := previousOf(c, targets)
	if err != nil {
		return err
	}
	a.hintHelpers(targets)
	helpers := make(map[string][]layerbuild.File)
	return a.each(c, targets, job{
		calls:  true,
		rights: buildingRights,
		gather: func(r *severalReport, results []any, notable bool) { r.Builds, r.Changed = results, &notable },
		prepare: func(a *app, t *target) (step, error) {
			if data := text(c, "data"); data != "" && pipeline.Inside(t.path, data) {
				return nil, usagef("--out %s is in %s, which is the embedded AWS's own. Name a path outside of it.", t.path, data)
			}
			out, problems := pipeline.OpenOutput(t.path, append(inputs(targets), guardFile(c)...))
			if len(problems) > 0 {
				return nil, failed(problems)
			}
			earlier, problems := pipeline.OpenPrevious(t.fill(previous), pins[t], out, t.manifest)
			if len(problems) > 0 {
				return nil, failed(problems)
			}
			files, err := a.manifestHelpers(c.Context, t.manifest.Bundle, helpers)
			if err != nil {
				return nil, err
			}
			return func(a *app, w *work) (result, error) {
				b := newBuild(c, t, w)
				b.Previous = earlier
				return a.buildLayer(w, b, files, out)
			}, nil
		},
	})
}

// newBuild is a build of a target, or what goes some of its way, as the flags
// want it.
func newBuild(c *cli.Context, t *target, w *work) *pipeline.Build {
	b := &pipeline.Build{
		Manifest: t.manifest, Beside: t.siblings, Region: t.region, Observer: w.observer,
		Reseal: c.Bool("reseal"), AllowRollback: c.Bool("allow-rollback"), AllowKeyAccounts: c.StringSlice("allow-key-account"),
	}
	if s := w.session; s != nil {
		b.Account, b.Caller, b.Parameters, b.Keys, b.Layers, b.Blind = s.account, s.caller, s.parameters, s.keys, s.layers, s.blind
	}
	b.Blind.Required = c.Bool("blind")
	return b
}

// buildLayer builds one layer and puts it in its place.
func (a *app) buildLayer(w *work, b *pipeline.Build, helpers []layerbuild.File, out *pipeline.Outfile) (result, error) {
	a.hintPrevious(b.Previous)
	made, problems := b.Run(w.ctx)
	w.observer.finish()
	if len(problems) > 0 {
		return nil, failed(problems)
	}
	a.renderWarnings(made.Warnings)
	if b.Previous.From == "" {
		a.hintPrevious(made.Previous)
	}
	layer, problems := deliver(made, helpers, out)
	if len(problems) > 0 {
		return nil, failed(problems)
	}
	report := newBuildReport(b.Manifest, made, out, layer)
	report.AWSCalls, report.DurationMS = w.spent()
	return report, nil
}

// previousOf is --previous, a pattern for several targets, and
// --previous-sha256 by target.
func previousOf(c *cli.Context, targets []*target) (string, map[*target]string, error) {
	previous := text(c, "previous")
	if err := checkPattern("--previous", previous); err != nil {
		return "", nil, err
	}
	word := previous == pipeline.PreviousAuto || previous == pipeline.PreviousNone
	if !word && len(targets) > 1 && !placeholder.MatchString(previous) {
		return "", nil, usagef("--previous %s is one layer, and this is about %d: %s. Leave it out, or write for example --previous 'old-%s-%s.zip'.",
			previous, len(targets), listed(targets), environmentPlace, regionPlace)
	}
	pins, err := digests(c, "previous-sha256", targets)
	if err == nil && len(pins) > 0 && previous == pipeline.PreviousNone {
		err = usagef("--previous none carries nothing over, so that --previous-sha256 has nothing to hold: leave one of the two out")
	}
	return previous, pins, err
}

// hintHelpers says where the helpers of layers of single functions are, which do
// not have them.
func (a *app) hintHelpers(targets []*target) {
	for _, t := range targets {
		if len(t.helpers) > 0 {
			a.hint("the helpers come as a layer of their own, for all functions: bundle helpers --out helpers.zip --helpers %s", strings.Join(t.helpers, ","))
			return
		}
	}
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
