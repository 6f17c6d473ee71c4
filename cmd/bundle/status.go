package main

import (
	"cmp"
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

func (a *app) statusCommand() *cli.Command {
	return &cli.Command{
		Name:     "status",
		Category: console.OnlyLooks,
		Usage:    "check whether a layer is stale: whether its secrets have changed since it was built",
		UsageText: "bundle status --layer FILE|ARN [options]\n" +
			"bundle status [--manifest FILE] --env NAME... [--layer FILE|ARN] [options]\n" +
			"bundle status [--manifest FILE] --env NAME... --deployed [options]",
		ArgsUsage: "LAYER", // until the next release
		Description: "bundle status --manifest secrets.hcl --env prod\n" +
			"bundle status --layer layer.zip --exit-code\n" +
			"bundle status --manifest secrets.hcl --env prod --deployed\n" +
			"bundle status --manifest secrets.hcl --all --deployed --html >status.html\n" +
			"bundle status \\\n" +
			"  --layer arn:aws:lambda:us-west-2:222222222222:layer:payments-prod:7",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.FunctionsFlag(),
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("layer", "FILE|ARN", "the layer file, or a published layer's ARN, with or without a version; default: the layer published under its name in the manifest", ""),
			&cli.BoolFlag{Name: "deployed", Usage: "also show which version of the published layer each deployed function has, and what else in the account has one"},
			&cli.BoolFlag{Name: "functions-only", Usage: "with --deployed, look only at the functions of the manifest, not at all of the account"},
			console.TPSFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.MarkdownFlag(),
			console.HTMLFlag(),
			console.ReportFlag(),
			console.ExitCodeFlag(),
			console.DebugFlag(),
		}),
		Action: a.status,
	}
}

func (a *app) status(c *cli.Context) error {
	layer, err := a.LayerArgument(c)
	if err = cmp.Or(err, a.OneForm(c)); err != nil {
		return err
	}
	deployed, only := c.Bool("deployed"), c.Bool("functions-only")
	switch {
	case deployed && layer != "":
		return console.Usagef("--deployed looks at the layer published under the manifest's name; remove the layer %q", layer)
	case only && !deployed:
		return console.Usagef("--functions-only needs --deployed")
	}
	lone := layer != "" && !console.Given(c, "manifest") && !console.Chooses(c)
	var targets []*target.Target
	if lone {
		targets, err = a.layerTarget(c, layer)
	} else {
		targets, err = target.Choose(a.Console, c, target.Request{Manifest: "manifest", Flag: "--layer", Pattern: layer, Named: true})
	}
	if err != nil {
		return err
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: awsenv.LookingRights,
		Gather: func(r *view.Several, results []any, notable bool) { r.Statuses, r.Stale = results, &notable },
		Page:   a.statusPage,
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			s, err := target.StatusOf(t.Path, t.Manifest)
			if err != nil {
				return nil, err
			}
			if lone {
				s.Manifest = nil
			}
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				a := a.with(con)
				if deployed {
					return a.statusDeployed(ctx, w, &pipeline.Deployed{Status: *s, FunctionsOnly: only})
				}
				return a.statusOfLayer(ctx, w, s)
			}, nil
		},
	})
}

// statusPage prints the statuses of all targets as one page.
func (a *app) statusPage(con *console.Console, outcomes []*batch.Outcome) error {
	page := &view.StatusPage{Now: a.Started}
	for _, o := range outcomes {
		t := view.StatusTarget{Problems: o.Problems}
		if len(outcomes) > 1 {
			t.Name = o.String()
		}
		t.Status, _ = o.Result.(*view.Status)
		page.Targets = append(page.Targets, t)
	}
	return page.Write(con.Stdout)
}

// layerTarget returns the target for a layer without a manifest.
func (a *app) layerTarget(c *cli.Context, layer string) ([]*target.Target, error) {
	s, err := target.StatusOf(layer, nil)
	if err != nil {
		return nil, err
	}
	return target.OfLayer(a.Console, c, s, layer)
}

// statusOfLayer checks whether one layer is stale.
func (a *app) statusOfLayer(ctx context.Context, w *batch.Work, s *pipeline.Status) (view.Result, error) {
	s.Caller, s.Parameters, s.Layers, s.Pointer, s.Observer = w.Session.Caller, w.Session.Blind.Parameters, w.Session.Layers, w.Session.Source, w.Observer
	found, problems := s.Run(ctx)
	w.Observer.Finish()
	if len(problems) > 0 {
		return nil, &console.Failure{Problems: problems}
	}
	a.RenderWarnings(found.Warnings)
	report := view.NewStatus(found)
	report.AWSCalls, report.DurationMS = w.Spent()
	if s.Manifest == nil && report.Stale {
		a.Hint("without the manifest, a secret that is pinned to an older version or stage counts as stale; name it with --manifest")
	}
	return report, nil
}

// statusDeployed checks whether a published layer is stale, and which functions have which version of it.
func (a *app) statusDeployed(ctx context.Context, w *batch.Work, d *pipeline.Deployed) (view.Result, error) {
	layers := w.Session.Layers.At(w.Session.Pace)
	d.Caller, d.Parameters, d.Layers, d.Pointer, d.Observer = w.Session.Caller, w.Session.Blind.Parameters, layers, w.Session.Source, w.Observer
	d.Versions, d.Functions = layers, w.Session.Functions
	found, problems := d.Run(ctx)
	w.Observer.Finish()
	if len(problems) > 0 {
		return nil, &console.Failure{Problems: problems}
	}
	a.RenderWarnings(found.Warnings)
	report := view.NewDeployed(found, !d.FunctionsOnly)
	report.AWSCalls, report.DurationMS = w.Spent()
	return report, nil
}
