package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
)

func (a *app) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check a layer: every byte of it, against a manifest, and that its boxes open",
		UsageText: "bundle verify [--against secrets.hcl --env prod] [--open] layer.zip",
		Flags: []cli.Flag{
			textFlag("against", "FILE", "the manifest that the layer must be of", ""),
			envFlag(),
			varFlag(),
			&cli.BoolFlag{Name: "open", Usage: "have KMS open every box; shows nothing of what is in it"},
			endpointFlag(),
			textFlag("data", "DIR", "the state folder of the embedded AWS that sealed the layer", stateFolder),
			jsonFlag(),
		},
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
	if text(c, "against") == "" && (text(c, "env") != "" || len(c.StringSlice("var")) > 0) {
		return usagef("--env and --var belong to --against, which names the manifest")
	}
	layer, content, err := readLayer(path)
	if err != nil {
		return err
	}
	if text(c, "against") != "" {
		if err := a.verifyAgainst(c, path, layer); err != nil {
			return err
		}
	}
	if c.Bool("open") {
		if err := a.verifyOpens(c, layer); err != nil {
			return err
		}
	}
	report := &verifyReport{
		FormatVersion: 1, Layer: layerReport{path, pipeline.Digest(content), len(content)}, Against: text(c, "against"),
		Opened: c.Bool("open"), Functions: []verifyFunction{}, Helpers: len(layer.Helpers),
	}
	for _, d := range layer.Documents {
		report.Functions = append(report.Functions, verifyFunction{
			d.Header.Function, d.Header.Name, len(d.Header.Sources), len(d.Header.Boxes), d.SHA256(),
		})
	}
	return a.renderVerify(report, c.Bool("json"))
}

// verifyAgainst holds the layer to the manifest that --against names.
func (a *app) verifyAgainst(c *cli.Context, path string, layer *layerbuild.Layer) error {
	module, diags := manifest.Load(text(c, "against"), manifest.Options{Vars: c.StringSlice("var"), Environ: a.environ})
	a.files = module.Files()
	a.renderWarnings(diags)
	problems := pipeline.FromDiagnostics(diags)
	env, err := a.choose(c, module)
	if err != nil {
		return errors.Join(failed(problems), err)
	}
	m, found := a.evaluate(module, env)
	if problems = append(problems, found...); len(problems) > 0 {
		return failed(problems.Sort())
	}
	return failed(pipeline.Verify(c.Context, path, layer, m))
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

func (a *app) renderVerify(r *verifyReport, asJSON bool) error {
	if asJSON {
		return a.printJSON(r)
	}
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
	_, err := fmt.Fprintf(a.stdout, "\n%s: %s, %s, %s\n", r.Layer.Path, count(r.Layer.Bytes, "byte"), count(r.Helpers, "helper file"), what)
	return err
}
