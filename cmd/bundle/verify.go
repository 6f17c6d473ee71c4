package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
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
			timeoutFlag(),
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

	// What the helper files were compared with: this bundle's version, or the
	// release that they are of; "" where there are none.
	HelpersOf   string             `json:"helpers_of"`
	HelperNames []string           `json:"helper_names"`
	HelperFiles []helperFileReport `json:"helper_files"`

	own bool // HelpersOf is this bundle
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
	limit, err := timeout(c)
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
	known, err := a.newHelperCheck()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context, limit)
	defer cancel()
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
			helpers, err := known.of(c.Context, layer, t, true)
			if err != nil {
				return nil, err
			}
			return func(a *app, _ *work) (result, error) { return a.verifyLayer(ctx, c, t, layer, content, helpers) }, nil
		},
	})
}

// verifyLayer holds one layer to the helper files of releases and to its
// manifest, if there is one, and has it opened, if that is asked for.
func (a *app) verifyLayer(ctx context.Context, c *cli.Context, t *target, layer *layerbuild.Layer, content []byte, helpers *pipeline.HelperCheck) (result, error) {
	found, problems := helpers.Run(t.path, layer)
	if t.manifest != nil {
		problems = append(problems, pipeline.Verify(c.Context, t.path, layer, t.manifest)...)
	}
	if len(problems) > 0 {
		return nil, failed(problems.Sort())
	}
	warning := helpers.Warning(t.path, found)
	if warning != nil {
		a.renderWarnings(hcl.Diagnostics{warning})
	}
	if c.Bool("open") {
		if err := a.verifyOpens(ctx, c, layer); err != nil {
			return nil, err
		}
	}
	report := &verifyReport{
		FormatVersion: 1, Layer: layerReport{t.path, pipeline.Digest(content), len(content)}, Against: text(c, "against"),
		Opened: c.Bool("open"), Functions: []verifyFunction{}, Helpers: len(layer.Helpers),
		HelperNames: append([]string{}, found.Helpers()...), HelperFiles: newHelperFiles(found), own: warning == nil,
	}
	if len(layer.Helpers) > 0 {
		report.HelpersOf = found.Release.Name
	}
	for _, d := range layer.Documents {
		report.Functions = append(report.Functions, verifyFunction{
			d.Header.Function, d.Header.Name, len(d.Header.Sources), len(d.Header.Boxes), d.SHA256(),
		})
	}
	return report, nil
}

// verifyOpens has every function's boxes opened, and reports all that do not.
func (a *app) verifyOpens(ctx context.Context, c *cli.Context, layer *layerbuild.Layer) error {
	environs := map[bool][]string{} // of documents of the embedded AWS, and of others
	var problems pipeline.Problems
	for _, d := range layer.Documents {
		environ, ok := environs[d.Embedded()]
		if !ok {
			found, done, err := a.openingEnviron(ctx, c, d)
			if err != nil {
				return err
			}
			defer done()
			environ, environs[d.Embedded()] = found, found
		}
		_, err := a.openDocument(ctx, environ, d)
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
	if len(r.Functions) > 0 {
		rows := [][]string{{"FUNCTION", "SECRETS", "BOXES", "SHA256"}}
		for _, f := range r.Functions {
			rows = append(rows, []string{f.Function, fmt.Sprint(f.Secrets), fmt.Sprint(f.Boxes), f.SHA256})
		}
		if err := a.table(rows); err != nil {
			return err
		}
		if err := a.print("\n"); err != nil {
			return err
		}
	}
	if err := a.print("compared: %s\n", strings.Join(r.compared(), "; ")); err != nil {
		return err
	}
	return a.print("%s: %s, %s, %s\n", r.Layer.Path, count(r.Layer.Bytes, "byte"), count(r.Helpers, "helper file"), r.conclusion())
}

// compared lists what was held to what.
func (r *verifyReport) compared() []string {
	all := []string{"the zip with the format of layers"}
	if n := len(r.Functions); n > 0 {
		all = append(all, count(n, "document")+" with the format of documents")
	}
	if r.Helpers > 0 {
		release := "bundle " + r.HelpersOf
		if r.own {
			release = "this bundle, " + r.HelpersOf
		}
		all = append(all, fmt.Sprintf("%s of %s, path, bytes and mode, with those of %s", count(r.Helpers, "helper file"), strings.Join(r.HelperNames, ", "), release))
	}
	switch {
	case r.Against != "":
		all = append(all, "functions, sources and helpers with "+r.Against)
	case r.Helpers > 0:
		all = append(all, "nothing with a manifest (--against)")
	}
	if len(r.Functions) > 0 && !r.Opened {
		all = append(all, "no box was opened (--open)")
	}
	return all
}

func (r *verifyReport) conclusion() string {
	what := "every byte is accounted for"
	switch {
	case r.Against != "":
		what += ", it is what " + r.Against + " says"
	case len(r.Functions) == 0:
		what += ", and it holds no secrets"
	}
	if r.Opened && len(r.Functions) > 0 {
		what += ", and every box opens"
	}
	return what
}
