package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/helperset"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) unpackCommand() *cli.Command {
	return &cli.Command{
		Name:      "unpack",
		Usage:     "unpack a function's document and the helpers, for an image or a package; decrypts nothing",
		UsageText: "bundle unpack LAYER DIR [--function NAME] [--helpers NAMES] [--json]",
		ArgsUsage: "LAYER", // completion offers files, and folders are among them
		Description: "bundle unpack layer.zip secrets --function hello\n" +
			"bundle unpack layer.zip secrets --function hello --helpers node,exec",
		Flags: []cli.Flag{
			console.TextFlag("function", "NAME", "the function's name in the manifest or in Lambda; not needed if there is only one", ""),
			console.TextFlag("helpers", "NAMES", "write these helpers of this bundle, separated by commas, instead of those in the layer", ""),
			console.JSONFlag(),
		},
		Action: a.unpack,
	}
}

func (a *app) unpack(c *cli.Context) error {
	path, dir, err := unpackArguments(c)
	if err != nil {
		return err
	}
	var names []string
	if console.Given(c, "helpers") {
		if names, err = helperNames(console.Text(c, "helpers")); err != nil {
			return err
		}
	}
	if err := dir.Check(); err != nil {
		return err
	}
	layer, content, err := target.ReadLayer(path)
	if err != nil {
		return err
	}
	doc, err := target.ChooseDocument(layer, console.Text(c, "function"), "If the manifest has this function, build the layer again.")
	if err != nil {
		return err
	}
	own, from, err := a.helpersToUnpack(c.Context, path, layer, names)
	if err != nil {
		return err
	}
	files := filesToUnpack(own, doc)
	if err := dir.Unpack(files); err != nil {
		return err
	}
	if doc.Embedded() {
		a.Hint("the embedded AWS sealed this document, so it opens only with the embedded AWS, and not in AWS")
	}
	return a.AnswerOrPrint(view.NewUnpack(dir.Path, view.NewLayer(path, content), doc, from, files))
}

// unpackArguments returns the layer and the folder that the command line names.
func unpackArguments(c *cli.Context) (path string, dir helperset.Folder, err error) {
	if n := c.Args().Len(); n != 2 {
		if n > 2 {
			return "", dir, console.Usagef("bundle unpack takes a layer and a folder, not also %q", c.Args().Get(2))
		}
		return "", dir, console.Usagef("bundle unpack needs a layer and a folder: %s", c.Command.UsageText)
	}
	path = c.Args().Get(0)
	dir = helperset.Folder{Path: c.Args().Get(1), Named: "the folder", Example: "secrets"}
	if path == "" {
		return "", dir, console.Usagef("the layer's name is empty. Is a shell variable unset?")
	}
	return path, dir, nil
}

// filesToUnpack returns the files in the order in which they are written. The document
// is the last one: where that was interrupted, helpers find none.
func filesToUnpack(helpers []layerbuild.File, doc *sealed.Document) []layerbuild.File {
	return append(slices.Clip(helpers), layerbuild.File{Path: sealed.Path(doc.Header.Name), Data: doc.Bytes()})
}

// helpersToUnpack returns the helper files to write, and the release that they come
// from. With names, they are this program's. Without, they are those of the layer, if
// each is known: they are code that runs with the function's rights.
func (a *app) helpersToUnpack(ctx context.Context, path string, layer *layerbuild.Layer, names []string) (files []layerbuild.File, release string, err error) {
	if len(names) > 0 {
		if files, err = helperset.Files(ctx, a.Console, names); err != nil {
			return nil, "", console.Failed(problem.Problems{helperset.Problem(err, nil)})
		}
		return files, a.Version, nil
	}
	known, err := helperset.NewChecker(a.Console, a.releases)
	if err != nil {
		return nil, "", err
	}
	check, err := known.Of(ctx, layer, nil, true)
	if err != nil {
		return nil, "", err
	}
	found, problems := check.Run(path, layer)
	if len(problems) > 0 {
		return nil, "", console.Failed(problems)
	}
	a.RenderWarnings(check.Warning(path, found))
	if len(layer.Helpers) == 0 {
		a.Hint("the layer contains no helpers. To write some, add --helpers %s, or some of them.", strings.Join(manifest.Helpers(), ","))
		return nil, "", nil
	}
	return layer.Helpers, found.Release.Name, nil
}
