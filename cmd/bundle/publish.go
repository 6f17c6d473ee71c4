package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/helperset"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) publishCommand() *cli.Command {
	return &cli.Command{
		Name:      "publish",
		Usage:     "publish a layer under its name in the manifest, unless the latest version has the same content",
		UsageText: "bundle publish [--manifest FILE] [--env NAME...] [--layer FILE] [options]",
		Description: "bundle publish --manifest secrets.hcl --env prod --layer layer.zip\n" +
			"bundle publish --env prod --ssm /shop/prod/layer-arn\n" +
			"bundle publish --all --layer 'layer-{environment}-{region}.zip' --json",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.FunctionsFlag(),
			console.ManifestFlag(),
			console.VarFlag(),
			console.LayerFlag("the layer to publish; can contain {environment}, {region} and {function}"),
			helperset.Flag(),
			console.DigestFlag("sha256", "only publish the layer with this SHA-256"),
			console.TextFlag("ssm", "NAME", "put the ARN of the version into this SSM parameter, instead of the manifest's layer_parameter; "+
				"can contain {environment}, {region} and {function}", ""),
			&cli.BoolFlag{Name: "allow-rollback", Usage: "publish even if the newest version has newer secrets or cannot be compared, or the SSM parameter has a newer version"},
			target.GuardFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.ReportFlag(),
			console.DebugFlag(),
		}),
		Action: a.publish,
	}
}

func (a *app) publish(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{
		Manifest: "manifest", Flag: "--layer", Pattern: console.Text(c, "layer"), Parameter: console.Text(c, "ssm"),
	})
	if err != nil {
		return err
	}
	wanted, err := target.Digests(c, "sha256", targets)
	if err != nil {
		return err
	}
	refuseSharedNames(targets)
	known, err := helperset.NewChecker(a.Console, a.releases)
	if err == nil {
		err = known.KnowsRelease(console.Text(c, "helpers-of"))
	}
	if err != nil {
		return err
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: awsenv.PublishingRights,
		Gather: func(r *view.Several, results []any, notable bool) { r.Publications, r.Changed = results, &notable },
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			layer, content, err := target.ReadLayer(t.Path)
			if err != nil {
				return nil, err
			}
			helpers, err := known.Of(c.Context, layer, t, true)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				a := a.with(con)
				return a.publishLayer(ctx, w, &pipeline.Publish{
					Scope: scope(c, t, w), From: t.Path, Layer: layer, Content: content, Alone: t.Function != "",
					Helpers: helpers, HelpersOf: console.Text(c, "helpers-of"),
					SHA256: wanted[t], AllowRollback: c.Bool("allow-rollback"),
				})
			}, nil
		},
	})
}

// refuseSharedNames refuses targets that would be published as versions of the same
// layer, or whose ARNs would go into the same parameter: in every run, each would
// replace the other.
func refuseSharedNames(targets []*target.Target) {
	refuseShared(targets, func(m *manifest.Manifest) manifest.Text { return m.Bundle.Layer }, "One name for many layers",
		"The layers of %s would all be published as %q, in one account. Put ${environment.name} into the name.")
	refuseShared(targets, func(m *manifest.Manifest) manifest.Text { return m.Bundle.LayerParameter }, "One parameter for many layers",
		"The ARNs of the layers of %s would all be put into %q, in one account. Put the names of environment and function into the parameter's name, as in that of the layer.")
}

func refuseShared(targets []*target.Target, of func(*manifest.Manifest) manifest.Text, summary, format string) {
	type place struct{ account, region, name string }
	at := make(map[place][]*target.Target)
	for _, t := range targets {
		if name := of(t.Manifest).Value; name != "" && len(t.Problems) == 0 {
			p := place{t.Manifest.Environment.AccountID.Value, t.Region, name}
			at[p] = append(at[p], t)
		}
	}
	for p, all := range at {
		for _, t := range all {
			if len(all) > 1 {
				name := of(t.Manifest)
				t.Problems = problem.Problems{problem.New(problem.Manifest, &name.Range, summary, fmt.Sprintf(format, target.Listed(all), p.name))}
			}
		}
	}
}

// publishLayer publishes one layer.
func (a *app) publishLayer(ctx context.Context, w *batch.Work, p *pipeline.Publish) (view.Result, error) {
	p.Layers, p.Pointer = w.Session.Layers, w.Session.Source
	published, problems := p.Run(ctx)
	w.Observer.Finish()
	if len(problems) > 0 {
		return nil, &console.Failure{Problems: problems} // something may have been published
	}
	a.RenderWarnings(published.Warnings)
	m := p.Manifest
	report := &view.Publish{
		Changed: published.Changed, Embedded: m.Environment.Embedded.Value != "",
		Environment: m.Environment.Name.Value, Region: m.Environment.Region(),
		Layer: view.NewLayer(p.From, p.Content),
		Name:  published.Name, Version: published.Version.Number, ARN: published.Version.ARN,
	}
	if to := published.Parameter; to != nil {
		report.Parameter = &view.LayerParameter{Name: to.Name, LayerVersion: to.Layer, Version: to.Version, Changed: to.Changed}
	}
	for _, l := range published.LeftOut {
		report.LeftOut = append(report.LeftOut, view.LeftOut(l))
	}
	report.AWSCalls, report.DurationMS = w.Spent()
	return report, nil
}
