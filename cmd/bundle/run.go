package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/child"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/execwrap"
)

func (a *app) runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Category:  console.OnlyLooks,
		Usage:     "run a command with a function's secrets: as variables, and for the helpers",
		UsageText: "bundle run [--layer FILE | --env NAME] [--function NAME] [options] -- COMMAND [ARGUMENT...]",
		ArgsUsage: console.PassedOn,
		Description: "bundle run --env local --function hello -- npm test\n" +
			"bundle run --layer layer.zip --function hello -- npm start\n" +
			"bundle run --function hello --pristine --override -- env",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.TextFlag("function", "NAME", "the function's name in the manifest or in Lambda; not needed if there is only one", ""),
			console.ManifestFlag(),
			console.VarFlag(),
			target.GuardFlag(),
			console.LayerFlag("the layer to open, unless --env, --region or --manifest asks for a build in memory"),
			&cli.BoolFlag{Name: "override", Usage: "let secrets override existing variables"},
			&cli.BoolFlag{Name: "pristine", Usage: "pass on no variables but PATH, HOME, the secrets, and what opens them"},
			&cli.StringSliceFlag{Name: "inherit", Usage: "pass on this variable in any case; can be repeated (`VARIABLE`)"},
			&cli.BoolFlag{Name: "keep-credentials", Usage: "give the command AWS credentials, too: those that any AWS tool would find here"},
			console.KeyAccountFlag(),
			console.TextFlag("timeout", "DURATION", "stop if opening the secrets takes longer than this; does not limit the command itself", "1m"),
			console.TextFlag("endpoint-url", "URL", "send calls to this endpoint instead of AWS", ""),
			target.TrustedFlag(),
			console.DataFlag(),
			&cli.BoolFlag{Name: "debug", Usage: "print what is decrypted: names, never content"},
		}),
		Action: a.runWithSecrets,
	}
}

func (a *app) runWithSecrets(c *cli.Context) error {
	if !c.Args().Present() {
		return console.Usagef("name the command to run: %s", c.Command.UsageText)
	}
	if err := checkInherited(c); err != nil {
		return err
	}
	limit, err := console.Timeout(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context, limit)
	defer cancel()
	doc, data, err := a.documentToOpen(c)
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
	opening, done, err := awsenv.OpeningEnviron(ctx, a.Console, c, data, doc)
	if err != nil {
		return err
	}
	kms := child.NewKMS()
	values, err := awsenv.OpenDocument(ctx, opening, doc, kms.Watch(opening))
	done()
	if err != nil {
		return err
	}
	if !c.Bool("keep-credentials") || doc.Embedded() {
		if opening, err = a.serve(ctx, c, kms, doc); err != nil {
			return err
		}
		defer kms.Close()
	}
	dir, remove, err := child.Unpack(ctx, doc)
	if err != nil {
		return console.Usagef("the folder for the helpers cannot be written: %v. Set TMPDIR to a folder that can be written to.", err)
	}
	defer func() {
		if err := remove(); err != nil {
			a.Hint("a temporary folder without plaintext is left: %v", err)
		}
	}()
	setting := child.Setting{
		Environ: a.Environ, Opening: opening, Dir: dir, Doc: doc,
		Pristine: c.Bool("pristine"), Inherit: c.StringSlice("inherit"), Keep: c.Bool("keep-credentials"),
	}
	base, withheld := setting.Variables()
	if len(withheld) > 0 {
		a.Hint("not passed on to the command: %s (see --inherit and --keep-credentials)", printable.Names(withheld))
	}
	values, others := child.AsVariables(values)
	if len(others) > 0 {
		a.Hint("only for helpers, not as variables: %s (no variable can contain NUL, and programs obey the others: "+
			"https://github.com/whispering/bundle/blob/main/docs/names.md)", printable.Names(others))
	}
	environ, kept, err := execwrap.Environment(base, values, c.Bool("override"))
	if err != nil {
		return awsenv.OpenProblem(doc, err)
	}
	if len(kept) > 0 {
		a.Hint("already set in the environment, so not replaced by secrets (use --override to replace): %s", printable.Names(kept))
	}
	err = child.Run(c.Context, path, c.Args().Slice(), environ)
	a.hintPackage(c, err)
	return err
}

// checkInherited checks --inherit.
func checkInherited(c *cli.Context) error {
	for _, name := range c.StringSlice("inherit") {
		switch {
		case name == "" || strings.Contains(name, "="):
			return console.Usagef("--inherit %q is not the name of a variable: write --inherit NAME", name)
		case child.Own(name):
			return console.Usagef("--inherit %s is not possible, because bundle run sets or removes this variable itself. To give the command AWS credentials, use --keep-credentials.", name)
		}
	}
	return nil
}

// documentToOpen returns the document of the function, from a layer or from a build in
// memory, and the state folder of the embedded AWS.
func (a *app) documentToOpen(c *cli.Context) (doc *sealed.Document, data string, err error) {
	builds := console.Chooses(c) || console.Given(c, "manifest")
	if builds && console.Given(c, "layer") {
		return nil, "", console.Usagef("--layer opens a layer, and --env, --region, --var and --manifest build one in memory: choose one of the two")
	}
	_, noLayer := os.Stat(console.Text(c, "layer"))
	_, noManifest := os.Stat(console.Text(c, "manifest"))
	switch absent := !console.Given(c, "layer") && errors.Is(noLayer, os.ErrNotExist); {
	case builds || absent && noManifest == nil:
		return a.sealInMemory(c)
	case absent:
		return nil, "", console.Usagef("there is no %s and no %s here. Name a layer with --layer, or a manifest with --manifest.", console.Text(c, "layer"), console.Text(c, "manifest"))
	}
	layer, _, err := target.ReadLayer(console.Text(c, "layer"))
	if err != nil {
		return nil, "", err
	}
	doc, err = target.ChooseDocument(layer, console.Text(c, "function"), "If the manifest has this function, build the layer again, or name an environment with --env instead of the layer.")
	if err != nil {
		return nil, "", err
	}
	if doc.Embedded() && !console.Given(c, "layer") && noManifest == nil {
		a.Hint("opening %s as it was built; to build from %s in memory, add --env %s", console.Text(c, "layer"), console.Text(c, "manifest"), doc.Header.Environment)
	}
	return doc, awsenv.StateOf(c, "."), target.RefuseToOpen(a.Console, c, doc)
}

// serve starts the KMS of this run, and returns what a helper needs to open the document
// with it.
func (a *app) serve(ctx context.Context, c *cli.Context, kms *child.KMS, doc *sealed.Document) (opening []string, err error) {
	token := ""
	id, key := kms.Credentials()
	if c.Bool("keep-credentials") {
		id, key, token = a.Getenv("AWS_ACCESS_KEY_ID"), a.Getenv("AWS_SECRET_ACCESS_KEY"), a.Getenv("AWS_SESSION_TOKEN")
		if id == "" || key == "" {
			if id, key, token, err = awsenv.Credentials(ctx, a.Console, c, doc); err != nil {
				return nil, err
			}
		}
		kms.Accept(id, key)
	}
	url, err := kms.Start(c.Context)
	if err != nil {
		return nil, console.Usagef("the command needs a KMS on a loopback address, and none can be listened on: %v", err)
	}
	opening = []string{"AWS_ENDPOINT_URL_KMS=" + url, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key}
	if token != "" {
		opening = append(opening, "AWS_SESSION_TOKEN="+token)
	}
	return opening, nil
}

// hintPackage says how ES modules find the helper, if the command failed and seems to
// have some.
func (a *app) hintPackage(c *cli.Context, err error) {
	var failed *console.ChildExit
	if !errors.As(err, &failed) || failed.Reason != "" || failed.Code > 127 {
		return
	}
	dir, err := os.Getwd()
	if err != nil {
		return
	}
	if hint := child.PackageHint(dir, c.Args().Slice()); hint != "" {
		a.Hint("%s", hint)
	}
}
