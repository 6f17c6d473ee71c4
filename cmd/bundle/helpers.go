package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/helperset"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/runtime/packages"
)

func (a *app) helpersCommand() *cli.Command {
	return &cli.Command{
		Name:      "helpers",
		Usage:     "build a layer that contains only helpers, or unpack them as packages, without calling AWS",
		UsageText: "bundle helpers --out FILE [--helpers NAMES] [--json]\nbundle helpers --unpack DIR [--json]",
		Description: "bundle helpers --out helpers.zip\n" +
			"bundle helpers --out helpers.zip --helpers node,python\n" +
			"bundle helpers --unpack helpers",
		Flags: []cli.Flag{
			console.TextFlag("out", "FILE", "the layer to write", ""),
			console.TextFlag("helpers", "NAMES", "which helpers, separated by commas", strings.Join(manifest.Helpers(), ",")),
			console.TextFlag("unpack", "DIR", "write the npm and PyPI packages of the helpers into this new or empty folder, instead of a layer", ""),
			console.JSONFlag(),
		},
		Action: a.helpers,
	}
}

func (a *app) helpers(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	if console.Given(c, "unpack") {
		return a.unpackHelpers(c)
	}
	if console.Text(c, "out") == "" {
		return console.Refuse(problem.Manifest, nil, "Missing --out", "Add --out with the file to write, for example --out helpers.zip.")
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
			return console.Usagef("--out %s exists and is not a layer of helpers, so it is not replaced. Choose another path, or remove the file.", out.Path)
		}
	}
	files, err := helperset.Files(c.Context, a.Console, names)
	if err != nil {
		return console.Failed(problem.Problems{helperset.Problem(err, nil)})
	}
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Helpers: files})
	if len(problems) == 0 {
		problems = out.Replace(layer)
	}
	if len(problems) > 0 {
		return console.Failed(problems)
	}
	report := view.Helpers{
		Changed: !bytes.Equal(out.Content, layer), Helpers: names,
		Layer: view.NewLayer(out.Path, layer),
	}
	if a.JSON() {
		return a.Answer(report)
	}
	return a.Print("%s\nsha256 %s\n%d bytes\nchanged=%t\n", report.Layer.Path, report.Layer.SHA256, report.Layer.Bytes, report.Changed)
}

// unpackHelpers writes the packages into the folder of --unpack.
func (a *app) unpackHelpers(c *cli.Context) error {
	for _, other := range []string{"out", "helpers"} {
		if console.Given(c, other) {
			return console.Usagef("--unpack writes packages and --%s is for a layer. Use one of them.", other)
		}
	}
	dir := console.Text(c, "unpack")
	files, err := packages.Files(a.Version)
	if err != nil {
		return err
	}
	if err := (helperset.Folder{Path: dir, Named: "--unpack", Example: "--unpack helpers"}).Unpack(files); err != nil {
		return err
	}
	report := view.Packages{Changed: true, Version: packages.Version(a.Version), Files: len(files), Packages: map[string]string{
		"npm": filepath.Join(dir, packages.NPM), "pypi": filepath.Join(dir, packages.PyPI),
	}}
	if a.JSON() {
		return a.Answer(report)
	}
	return a.Print("%s\n%s\nversion %s\n%d files\n", report.Packages["npm"], report.Packages["pypi"], report.Version, report.Files)
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
