package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/runtime/execbin"
	"github.com/whispering/bundle/runtime/helpers"
)

func (a *app) helpersCommand() *cli.Command {
	return &cli.Command{
		Name:      "helpers",
		Usage:     "make a layer of helpers alone; calls nothing",
		UsageText: "bundle helpers --out helpers.zip [--helpers node,python,exec]",
		Flags: []cli.Flag{
			console.TextFlag("out", "FILE", "the layer to write", ""),
			console.TextFlag("helpers", "NAMES", "which helpers, separated by commas", strings.Join(manifest.Helpers(), ",")),
			console.JSONFlag(),
		},
		Action: a.helpers,
	}
}

func (a *app) helpers(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	names, err := helperNames(console.Text(c, "helpers"))
	if err != nil {
		return err
	}
	out, problems := pipeline.OpenOutput(console.Text(c, "out"), nil)
	if len(problems) > 0 {
		return console.Failed(problems)
	}
	if len(out.Content) > 0 {
		if there, err := layerbuild.Read(out.Content); err != nil || len(there.Documents) > 0 {
			return console.Usagef("--out %s is not a layer of helpers, and will not be replaced by one. Name another path, or remove it.", out.Path)
		}
	}
	files, err := a.helperFiles(c.Context, names)
	if err != nil {
		return console.Failed(pipeline.Problems{helpersProblem(err, nil)})
	}
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Helpers: files})
	if len(problems) == 0 {
		problems = out.Replace(layer)
	}
	if len(problems) > 0 {
		return console.Failed(problems)
	}
	report := view.Helpers{
		FormatVersion: 1, Changed: !bytes.Equal(out.Content, layer), Helpers: names,
		Layer: view.NewLayer(out.Path, layer),
	}
	if c.Bool("json") {
		return a.PrintJSON(report)
	}
	return a.Print("%s\nsha256 %s\n%d bytes\nchanged=%t\n", report.Layer.Path, report.Layer.SHA256, report.Layer.Bytes, report.Changed)
}

// helperNames reads --helpers.
func helperNames(list string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		switch {
		case !slices.Contains(manifest.Helpers(), name):
			return nil, console.Usagef("there is no helper %q. Write --helpers %s, or some of them.", name, strings.Join(manifest.Helpers(), ","))
		case slices.Contains(names, name):
			return nil, console.Usagef("--helpers names %q twice", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// manifestHelpers returns the files of the helpers that the bundle block asks
// for. What was made before is in made.
func (a *app) manifestHelpers(ctx context.Context, b manifest.Bundle, made map[string][]layerbuild.File) ([]layerbuild.File, error) {
	var names []string
	for _, name := range b.Helpers {
		names = append(names, name.Value)
	}
	list := strings.Join(names, ",")
	if files, ok := made[list]; ok {
		return files, nil
	}
	files, err := a.helperFiles(ctx, names)
	if err != nil {
		at := b.Helpers[max(0, slices.Index(names, "exec"))].Range
		return nil, console.Failed(pipeline.Problems{helpersProblem(err, &at)})
	}
	made[list] = files
	return files, nil
}

// helpersProblem says why there is no exec wrapper; the other helpers are
// always at hand.
func helpersProblem(err error, at *hcl.Range) pipeline.Problem {
	kind := problem.Fault
	if errors.Is(err, execbin.ErrUnavailable) {
		kind = problem.Manifest
	}
	return problem.New(kind, at, "Exec wrapper not available", fmt.Sprintf("The helper \"exec\" cannot be had: %v. Use a release of bundle, which holds it; "+
		"or run bundle from a checkout with Go on PATH (go run ./cmd/bundle); or leave \"exec\" out of the helpers.", err))
}

// helperFiles returns what the named helpers put into a layer.
func (a *app) helperFiles(ctx context.Context, names []string) ([]layerbuild.File, error) {
	var all []layerbuild.File
	for _, name := range names {
		a.hintCompiling(name == "exec")
		files, err := helpers.Files(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	return all, nil
}

// hintCompiling says what takes a while.
func (a *app) hintCompiling(exec bool) {
	if exec && !execbin.Released {
		a.Hint("compiling the exec wrapper, which a release of bundle would hold")
	}
}
