package main

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) publishCommand() *cli.Command {
	return &cli.Command{
		Name:      "publish",
		Usage:     "publish a layer under the manifest's name for it, unless the newest version has the same content",
		UsageText: "bundle publish --manifest secrets.hcl --env prod --layer layer.zip",
		Flags: append(targetFlags(),
			manifestFlag(),
			varFlag(),
			textFlag("layer", "FILE", "the layer; {environment}, {region} and {function} are filled in", "layer.zip"),
			helpersOfFlag(),
			digestFlag("sha256", "publish nothing but the layer with this SHA-256"),
			&cli.BoolFlag{Name: "allow-rollback", Usage: "publish over a version that has newer secrets, or that cannot be compared"},
			guardFlag(),
			timeoutFlag(),
			endpointFlag(),
			trustedFlag(),
			dataFlag(),
			jsonFlag(),
			debugFlag(),
		),
		Action: a.publish,
	}
}

// A publishReport is the result of bundle publish as --json prints it.
type publishReport struct {
	FormatVersion int            `json:"format_version"`
	Changed       bool           `json:"changed"` // a version was made
	Embedded      bool           `json:"embedded"`
	Environment   string         `json:"environment"`
	Region        string         `json:"region"`
	Layer         layerReport    `json:"layer"`
	Name          string         `json:"name"`
	Version       int64          `json:"version"`
	ARN           string         `json:"arn"`                // of the version
	LeftOut       []leftOut      `json:"left_out,omitempty"` // what the version before has, and this one lacks
	AWSCalls      map[string]int `json:"aws_calls"`
	DurationMS    int64          `json:"duration_ms"`
}

type leftOut struct {
	Function string `json:"function"`
	Secret   string `json:"secret,omitempty"` // without: the whole function
}

func (a *app) publish(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	targets, err := a.targets(c, request{manifest: "manifest", flag: "--layer", pattern: text(c, "layer")})
	if err != nil {
		return err
	}
	wanted, err := digests(c, "sha256", targets)
	if err != nil {
		return err
	}
	refuseSharedNames(targets)
	known, err := a.newHelperCheck()
	if err == nil {
		err = known.checkHelpersOf(text(c, "helpers-of"))
	}
	if err != nil {
		return err
	}
	return a.each(c, targets, job{
		calls:  true,
		rights: publishingRights,
		gather: func(r *severalReport, results []any, notable bool) { r.Publications, r.Changed = results, &notable },
		prepare: func(_ *app, t *target) (step, error) {
			layer, content, err := readLayer(t.path)
			if err != nil {
				return nil, err
			}
			helpers, err := known.of(c.Context, layer, t, true)
			if err != nil {
				return nil, err
			}
			return func(a *app, w *work) (result, error) {
				return a.publishLayer(w, &pipeline.Publication{
					Manifest: t.manifest, From: t.path, Layer: layer, Content: content, Alone: t.function != "",
					Helpers: helpers, HelpersOf: text(c, "helpers-of"),
					SHA256: wanted[t], AllowRollback: c.Bool("allow-rollback"),
				})
			}, nil
		},
	})
}

// refuseSharedNames refuses targets that would be published as versions of one
// layer: each would displace the other as the newest, in every run.
func refuseSharedNames(targets []*target) {
	type place struct{ account, region, name string }
	at := make(map[place][]*target)
	for _, t := range targets {
		if layer := t.manifest.Bundle.Layer.Value; layer != "" && len(t.problems) == 0 {
			p := place{t.manifest.Environment.AccountID.Value, t.region, layer}
			at[p] = append(at[p], t)
		}
	}
	for p, all := range at {
		for _, t := range all {
			if len(all) > 1 {
				layer := t.manifest.Bundle.Layer
				t.problems = pipeline.Problems{{Kind: pipeline.Manifest, Diagnostic: hcl.Diagnostic{
					Severity: hcl.DiagError, Summary: "One name for many layers", Subject: written(&layer.Range),
					Detail: fmt.Sprintf("The layers of %s would all be published as %q, in one account. Put ${environment.name} into the name.", listed(all), p.name),
				}}}
			}
		}
	}
}

// publishLayer publishes one layer.
func (a *app) publishLayer(w *work, p *pipeline.Publication) (result, error) {
	p.Account, p.Caller, p.Layers, p.Observer = w.session.account, w.session.caller, w.session.layers, w.observer
	published, problems := p.Run(w.ctx)
	w.observer.finish()
	if len(problems) > 0 {
		return nil, &failure{problems: problems} // that nothing was done cannot always be said
	}
	a.renderWarnings(published.Warnings)
	m := p.Manifest
	report := &publishReport{
		FormatVersion: 1, Changed: published.Changed, Embedded: m.Environment.Embedded.Value != "",
		Environment: m.Environment.Name.Value, Region: m.Environment.Region(),
		Layer: layerReport{p.From, pipeline.Digest(p.Content), len(p.Content)},
		Name:  published.Name, Version: published.Version.Number, ARN: published.Version.ARN,
	}
	for _, l := range published.LeftOut {
		report.LeftOut = append(report.LeftOut, leftOut(l))
	}
	report.AWSCalls, report.DurationMS = w.spent()
	return report, nil
}

// what says what became of the layer.
func (r *publishReport) what() string {
	if r.Changed {
		return "was published"
	}
	return "is published already: the newest version has the same content"
}

func (r *publishReport) text(a *app) error {
	a.hint("%s %s", r.Layer.Path, r.what())
	return a.print("%s\n", r.ARN)
}

func (r *publishReport) markdown() string {
	return fmt.Sprintf("### bundle publish: %s %s\n\n| version | bytes | sha256 |\n|---|---|---|\n| %s | %d | %s |\n",
		actions.Cell(r.Layer.Path), r.what(), inCode(r.ARN), r.Layer.Bytes, r.Layer.SHA256)
}

// outputs tells later steps of a workflow what to attach.
func (r *publishReport) outputs() []actions.Output {
	return []actions.Output{
		{Name: "changed", Value: fmt.Sprint(r.Changed)}, {Name: "arn", Value: r.ARN}, {Name: "version", Value: fmt.Sprint(r.Version)},
		{Name: "sha256", Value: r.Layer.SHA256}, {Name: "layer", Value: r.Layer.Path},
	}
}

func (r *publishReport) brief() brief {
	state := "published already"
	if r.Changed {
		state = "published"
	}
	return brief{layer: r.ARN, sha256: r.Layer.SHA256, state: state, notable: r.Changed}
}
