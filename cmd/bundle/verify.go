package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check a layer: every byte of it, against a manifest, and that its boxes open",
		UsageText: "bundle verify [--against secrets.hcl --env prod] [--open] layer.zip",
		Flags: append(targetFlags(),
			textFlag("against", "FILE", "the manifest that the layer must be of", ""),
			varFlag(),
			&cli.BoolFlag{Name: "open", Usage: "have KMS open every box; shows nothing of what is in it"},
			endpointFlag(),
			trustedFlag(),
			textFlag("data", "DIR", "the state folder of the embedded AWS that sealed the layer", stateFolder),
			jsonFlag(),
		),
		Action: a.verify,
	}
}

// A verifyReport is the result of bundle verify as --json prints it.
type verifyReport struct {
	FormatVersion int              `json:"format_version"`
	Layer         layerReport      `json:"layer"`
	Against       string           `json:"against,omitempty"` // the manifest
	Opened        bool             `json:"opened"`
	Functions     []verifyFunction `json:"functions"`
	Helpers       int              `json:"helpers"` // files
}

type verifyFunction struct {
	Function string `json:"function"`
	Name     string `json:"name"`
	Secrets  int    `json:"secrets"`
	Boxes    int    `json:"boxes"`
	SHA256   string `json:"sha256"` // of the document
}

func (a *app) verify(c *cli.Context) error {
	path, err := oneArgument(c, "a layer")
	if err != nil {
		return err
	}
	against := text(c, "against")
	if against == "" && chooses(c) {
		return usagef("--env, --all, --region and --var belong to --against, which names the manifest")
	}
	targets := []*target{{path: path}}
	if against != "" {
		// AWS is asked only to open what is there.
		if targets, err = a.targets(c, request{manifest: "against", flag: "the layer", pattern: path, offline: true}); err != nil {
			return err
		}
	}
	return a.each(c, targets, job{
		gather: func(r *severalReport, results []any, _ bool) { r.Verifications = results },
		prepare: func(_ *app, t *target) (step, error) {
			layer, content, err := readLayer(t.path)
			if err == nil && c.Bool("open") {
				err = a.refuseToOpen(c, layer.Documents...)
			}
			if err != nil {
				return nil, err
			}
			return func(a *app, _ *work) (result, error) { return a.verifyLayer(c, t, layer, content) }, nil
		},
	})
}

// verifyLayer holds one layer to its manifest, if there is one, and has it
// opened, if that is asked for.
func (a *app) verifyLayer(c *cli.Context, t *target, layer *layerbuild.Layer, content []byte) (result, error) {
	if t.manifest != nil {
		if problems := pipeline.Verify(c.Context, t.path, layer, t.manifest); len(problems) > 0 {
			return nil, failed(problems)
		}
	}
	if c.Bool("open") {
		if err := a.verifyOpens(c, layer); err != nil {
			return nil, err
		}
	}
	report := &verifyReport{
		FormatVersion: 1, Layer: layerReport{t.path, pipeline.Digest(content), len(content)}, Against: text(c, "against"),
		Opened: c.Bool("open"), Functions: []verifyFunction{}, Helpers: len(layer.Helpers),
	}
	for _, d := range layer.Documents {
		report.Functions = append(report.Functions, verifyFunction{
			d.Header.Function, d.Header.Name, len(d.Header.Sources), len(d.Header.Boxes), d.SHA256(),
		})
	}
	return report, nil
}

// verifyOpens has every function's boxes opened, and reports all that do not.
func (a *app) verifyOpens(c *cli.Context, layer *layerbuild.Layer) error {
	var problems pipeline.Problems
	for _, d := range layer.Documents {
		_, err := a.openDocument(c, d)
		var failure *failure
		switch {
		case errors.As(err, &failure):
			problems = append(problems, failure.problems...)
		case err != nil:
			return err
		}
	}
	return failed(problems)
}

func (r *verifyReport) brief() brief {
	return brief{layer: r.Layer.Path, sha256: r.Layer.SHA256, state: "as it should be"}
}
func (r *verifyReport) outputs() []actions.Output { return nil }
func (r *verifyReport) markdown() string          { return "" }

func (r *verifyReport) text(a *app) error {
	rows := [][]string{{"FUNCTION", "SECRETS", "BOXES", "SHA256"}}
	for _, f := range r.Functions {
		rows = append(rows, []string{f.Function, fmt.Sprint(f.Secrets), fmt.Sprint(f.Boxes), f.SHA256})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	what := "every byte is accounted for"
	if r.Against != "" {
		what += ", it is what " + r.Against + " says"
	}
	if r.Opened {
		what += ", and every box opens"
	}
	return a.print("\n%s: %s, %s, %s\n", r.Layer.Path, count(r.Layer.Bytes, "byte"), count(r.Helpers, "helper file"), what)
}
