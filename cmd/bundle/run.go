package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/child"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/runtime/execwrap"
)

func (a *app) runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run a command with a function's secrets in its environment",
		UsageText: "bundle run [--layer FILE] [--function NAME] [options] -- COMMAND [ARGUMENT...]",
		ArgsUsage: console.PassedOn,
		Description: "bundle run --layer layer.zip --function hello -- npm start\n" +
			"bundle run --function hello --override -- env",
		Flags: []cli.Flag{
			console.LayerFlag("the layer to open"),
			console.TextFlag("function", "NAME", "the function's name in the manifest or in Lambda; not needed if the layer has only one", ""),
			&cli.BoolFlag{Name: "override", Usage: "let secrets override existing variables"},
			console.TextFlag("timeout", "DURATION", "stop if opening the secrets takes longer than this; does not limit the command itself", "1m"),
			console.TextFlag("endpoint-url", "URL", "send KMS calls to this endpoint instead of AWS", ""),
			target.TrustedFlag(),
			console.TextFlag("data", "DIR", "the state folder of the embedded AWS that sealed the layer", pipeline.StateFolder),
			&cli.BoolFlag{Name: "debug", Usage: "print what is decrypted: names, never content"},
		},
		Action: a.runWithSecrets,
	}
}

func (a *app) runWithSecrets(c *cli.Context) error {
	if !c.Args().Present() {
		return console.Usagef("name the command to run: %s", c.Command.UsageText)
	}
	limit, err := console.Timeout(c)
	if err != nil {
		return err
	}
	layer, _, err := target.ReadLayer(console.Text(c, "layer"))
	if err != nil {
		return err
	}
	doc, err := target.ChooseDocument(layer, console.Text(c, "function"))
	if err == nil {
		err = target.RefuseToOpen(a.Console, c, doc)
	}
	if err != nil {
		return err
	}
	path, err := child.Find(c.Args().First())
	if err != nil {
		return err
	}
	if c.Bool("debug") {
		a.Hint("opening %s of function %q with key %s", sealed.Path(doc.Header.Name), doc.Header.Function, doc.Key)
	}
	ctx, cancel := context.WithTimeout(c.Context, limit)
	defer cancel()
	opening, done, err := awsenv.OpeningEnviron(ctx, a.Console, c, doc)
	if err != nil {
		return err
	}
	values, err := awsenv.OpenDocument(ctx, opening, doc)
	done()
	if err != nil {
		return err
	}
	environ, kept, err := execwrap.Environment(a.Environ, values, c.Bool("override"))
	if err != nil {
		return awsenv.OpenProblem(doc, err)
	}
	if len(kept) > 0 {
		a.Hint("already set in the environment, so not replaced by secrets (use --override to replace): %s", printable.Names(kept))
	}
	return child.Run(c.Context, path, c.Args().Slice(), environ)
}
