package main

import (
	"errors"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/helperset"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what a layer holds: functions, keys, parameters and versions; opens nothing",
		UsageText: "bundle inspect [--layer FILE] [--json]",
		Description: "bundle inspect --layer layer.zip\n" +
			"bundle inspect --layer layer.zip --json | jq '.documents[].sources'",
		Flags:  []cli.Flag{console.LayerFlag("the layer to show"), console.JSONFlag()},
		Action: a.inspect,
	}
}

func (a *app) inspect(c *cli.Context) error {
	path, err := a.LayerArgument(c)
	if err != nil {
		return err
	}
	layer, content, err := readLayer(path)
	if err != nil {
		return err
	}
	known, err := helperset.NewChecker(a.Console, a.releases)
	if err != nil {
		return err
	}
	check, err := known.Of(c.Context, layer, nil, false)
	if err != nil {
		return err
	}
	found := layer.MatchHelpers(check.Releases)
	report := view.Inspect{
		Layer:       view.NewLayer(path, content),
		Documents:   []view.InspectDocument{},
		Helpers:     []string{},
		HelperFiles: view.NewHelperFiles(found),
		Absent:      []string{},
	}
	if len(layer.Helpers) > 0 {
		report.HelpersOf = found.Release.Name
	}
	for _, f := range found.Files {
		if f.Verdict == layerbuild.Absent {
			report.Absent = append(report.Absent, f.Path)
		}
	}
	for _, d := range layer.Documents {
		report.Documents = append(report.Documents, view.NewInspectDocument(d))
	}
	for _, f := range layer.Helpers {
		report.Helpers = append(report.Helpers, f.Path)
	}
	if a.JSON() {
		return a.Answer(report)
	}
	return report.Text(a.Stdout)
}

// readLayer reads a layer that the user names.
func readLayer(path string) (*layerbuild.Layer, []byte, error) {
	content, err := pipeline.ReadLimited(path)
	if errors.Is(err, fs.ErrNotExist) && path == console.DefaultLayer {
		return nil, nil, console.Usagef("there is no %s here. Name the layer with --layer.", path)
	}
	if err != nil {
		return nil, nil, console.Usagef("the layer cannot be read: %v", err)
	}
	layer, err := layerbuild.Read(content)
	if err != nil {
		return nil, nil, console.Refuse(problem.Integrity, nil, "Layer refused", "%s: %v.", path, err)
	}
	return layer, content, nil
}
