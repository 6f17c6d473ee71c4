package main

import (
	"context"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/helperset"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Category:  console.OnlyLooks,
		Usage:     "verify every byte of a layer, and optionally its manifest and that KMS can decrypt it",
		UsageText: "bundle verify [--layer FILE] [--manifest FILE --env NAME...] [--open] [options]",
		ArgsUsage: "LAYER", // until the next release
		Description: "bundle verify --layer layer.zip\n" +
			"bundle verify --layer layer.zip --manifest secrets.hcl --env prod\n" +
			"bundle verify --layer layer.zip --open",
		Flags: append(console.TargetFlags(),
			console.LayerFlag("the layer to check; with a manifest, can contain {environment}, {region} and {function}"),
			console.TextFlag("manifest", "FILE", "the manifest file or folder to check the layer against; without it, only the layer itself is checked", ""),
			&cli.GenericFlag{Name: "against", Hidden: true, Value: console.Once()}, // until the next release
			console.VarFlag(),
			&cli.BoolFlag{Name: "open", Usage: "also decrypt every box with KMS, without showing the content"},
			console.TimeoutFlag(),
			console.EndpointFlag(),
			target.TrustedFlag(),
			console.TextFlag("data", "DIR", "the state folder of the embedded AWS that sealed the layer", pipeline.StateFolder),
			console.JSONFlag(),
			console.ReportFlag(),
		),
		Action: a.verify,
	}
}

func (a *app) verify(c *cli.Context) error {
	path, err := a.LayerArgument(c)
	if err != nil {
		return err
	}
	limit, err := console.Timeout(c)
	if err != nil {
		return err
	}
	flag, err := a.verifyManifest(c)
	if err != nil {
		return err
	}
	if !console.Given(c, flag) && console.Chooses(c) {
		return console.Usagef("--env, --all, --region and --var need a manifest: name it with --manifest")
	}
	targets := []*target.Target{{Path: path}}
	if console.Given(c, flag) {
		// The only calls to AWS open boxes.
		if targets, err = target.Choose(a.Console, c, target.Request{Manifest: flag, Flag: "--layer", Pattern: path, Offline: true}); err != nil {
			return err
		}
	}
	known, err := helperset.NewChecker(a.Console, a.releases)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context, limit)
	defer cancel()
	return batch.Each(a.Console, c, targets, batch.Job{
		Gather: func(r *view.Several, results []any, _ bool) { r.Verifications = results },
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			layer, content, err := target.ReadLayer(t.Path)
			if err == nil && c.Bool("open") {
				err = target.RefuseToOpen(a.Console, c, layer.Documents...)
			}
			if err != nil {
				return nil, err
			}
			helpers, err := known.Of(c.Context, layer, t, true)
			if err != nil {
				return nil, err
			}
			return func(_ context.Context, con *console.Console, _ *batch.Work) (view.Result, error) {
				a := a.with(con)
				return a.verifyLayer(ctx, c, t, layer, content, helpers, console.Text(c, flag))
			}, nil
		},
	})
}

// verifyManifest returns the flag that names the manifest: --manifest, and until the next release --against.
func (a *app) verifyManifest(c *cli.Context) (string, error) {
	switch {
	case !console.Given(c, "against"):
		return "manifest", nil
	case console.Given(c, "manifest"):
		return "", console.Usagef("the manifest is given twice, as --manifest and as --against, its old name: remove --against")
	}
	a.Hint("--against is deprecated and will be removed in the next release: use --manifest %s", printable.Name(console.Text(c, "against")))
	return "against", nil
}

// verifyLayer checks one layer against the helper files of releases and against its
// manifest, if there is one, and opens it if --open is set.
func (a *app) verifyLayer(ctx context.Context, c *cli.Context, t *target.Target, layer *layerbuild.Layer, content []byte,
	helpers *pipeline.HelperCheck, against string) (view.Result, error) {
	found, problems := helpers.Run(t.Path, layer)
	if t.Manifest != nil {
		problems = append(problems, pipeline.Verify(t.Path, layer, t.Manifest)...)
	}
	if len(problems) > 0 {
		return nil, console.Failed(problems.Sort())
	}
	warnings := helpers.Warning(t.Path, found)
	a.RenderWarnings(warnings)
	if c.Bool("open") {
		data := console.Text(c, "data")
		if t.Manifest != nil && t.Manifest.Environment.Embedded.Value != "" {
			if !console.Given(c, "data") {
				data = filepath.Join(t.Module.Dir(), pipeline.StateFolder)
			}
			if err := awsenv.EmbeddedOf(t.Module, t.Manifest.Environment, data).BringIn(ctx, a.Console); err != nil {
				return nil, err
			}
		}
		if err := awsenv.OpenAll(ctx, a.Console, c, data, layer); err != nil {
			return nil, err
		}
	}
	report := view.NewVerify(t.Path, layer, content, found)
	report.Against, report.Opened, report.Own = against, c.Bool("open"), len(warnings) == 0
	return report, nil
}
