package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/runtime/execwrap"
	"github.com/whispering/bundle/runtime/secrets"
)

func (a *app) runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run a command with a function's secrets in its environment",
		UsageText: "bundle run --layer layer.zip --function hello -- COMMAND [ARGUMENT...]",
		Flags: []cli.Flag{
			textFlag("layer", "FILE", "the layer", "layer.zip"),
			textFlag("function", "NAME", "the function, by its name in the manifest or to Lambda; not needed where the layer has one", ""),
			&cli.BoolFlag{Name: "override", Usage: "let secrets replace variables that exist already"},
			textFlag("timeout", "DURATION", "give up opening the secrets after this long; the command itself takes as long as it takes", "1m"),
			textFlag("endpoint-url", "URL", "call KMS there instead of at AWS", ""),
			trustedFlag(),
			textFlag("data", "DIR", "the state folder of the embedded AWS that sealed the layer", stateFolder),
			&cli.BoolFlag{Name: "debug", Usage: "print what is opened: names, no content"},
		},
		Action: a.runWithSecrets,
	}
}

func (a *app) runWithSecrets(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("name the command to run: %s", c.Command.UsageText)
	}
	limit, err := timeout(c)
	if err != nil {
		return err
	}
	layer, _, err := readLayer(text(c, "layer"))
	if err != nil {
		return err
	}
	doc, err := chooseDocument(layer, text(c, "function"))
	if err == nil {
		err = a.refuseToOpen(c, doc)
	}
	if err != nil {
		return err
	}
	path, err := exec.LookPath(c.Args().First())
	if err != nil {
		return usagef("%v", err)
	}
	if c.Bool("debug") {
		a.hint("opening %s of function %q with key %s", sealed.Path(doc.Header.Name), doc.Header.Function, doc.Key)
	}
	ctx, cancel := context.WithTimeout(c.Context, limit)
	defer cancel()
	opening, done, err := a.openingEnviron(ctx, c, doc)
	if err != nil {
		return err
	}
	values, err := a.openDocument(ctx, opening, doc)
	done()
	if err != nil {
		return err
	}
	environ, kept, err := execwrap.Environment(a.environ, values, c.Bool("override"))
	if err != nil {
		return openProblem(doc, err)
	}
	if len(kept) > 0 {
		a.hint("kept from the environment, not replaced by secrets (--override does): %s", printable.Names(kept))
	}
	err = execwrap.Exec(path, c.Args().Slice(), environ)
	var child *exec.ExitError
	if errors.As(err, &child) {
		return &childExit{child.ExitCode()}
	}
	if err != nil {
		return usagef("%s cannot be run: %v", path, err)
	}
	return nil
}

// chooseDocument finds a function's document in a layer.
func chooseDocument(layer *layerbuild.Layer, function string) (*sealed.Document, error) {
	var names []string
	var found []*sealed.Document
	for _, d := range layer.Documents {
		if d.Header.Name == function {
			return d, nil
		}
		if d.Header.Function == function || function == "" {
			found = append(found, d)
		}
		names = append(names, d.Header.Function)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(names) == 0:
		return nil, usagef("the layer holds no function's secrets")
	case function == "":
		return nil, usagef("name the function with --function: %s", printable.Names(names))
	}
	return nil, usagef("the layer has no function %q. It has %s.", function, printable.Names(names))
}

// openDocument has KMS open a document, as the function itself would.
func (a *app) openDocument(ctx context.Context, environ []string, doc *sealed.Document) (map[string]string, error) {
	environ = append(environ[:len(environ):len(environ)], "BUNDLE_SECRETS_FUNCTION="+doc.Header.Name)
	client := secrets.New(secrets.Options{Document: doc.Bytes(), Environ: func() []string { return environ }})
	values, err := client.All(ctx)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, failed(pipeline.Problems{problem.New(pipeline.Unavailable, nil, "Out of time", fmt.Sprintf(
				"The run took longer than --timeout. Last, kms:Decrypt was asked for function %q, under %s. AWS may be slow or throttling; try again or allow more time.",
				doc.Header.Function, doc.Key))})
		}
		return nil, openProblem(doc, err)
	}
	return values, nil
}

// openingEnviron returns the variables that the reader takes endpoint and
// credentials from: those of the embedded AWS for what it sealed, else the
// credentials that any AWS tool would find. They serve for every document of a
// layer that is of the same kind.
func (a *app) openingEnviron(ctx context.Context, c *cli.Context, doc *sealed.Document) (environ []string, done func(), err error) {
	done = func() {}
	switch {
	case doc.Embedded() && given(c, "endpoint-url"):
		return nil, nil, usagef("the embedded AWS sealed this layer and has its keys; leave --endpoint-url out")
	case !doc.Embedded() && given(c, "data"):
		return nil, nil, usagef("this layer is of a real account; leave --data out")
	}
	if doc.Embedded() {
		_, err := os.Stat(text(c, "data"))
		switch {
		case err != nil && awsclient.ServedElsewhere(a.environ) != "": // an embedded AWS, with its credentials
			return awsclient.Opening(a.environ, awsclient.ServedElsewhere(a.environ),
				a.getenv("AWS_ACCESS_KEY_ID"), a.getenv("AWS_SECRET_ACCESS_KEY"), a.getenv("AWS_SESSION_TOKEN")), done, nil
		case err != nil:
			return nil, nil, usagef("the embedded AWS sealed this layer, and there is no %s here, which has its keys. "+
				"Name its state folder with --data, or build the layer here first.", text(c, "data"))
		}
		local, err := awslocal.Attach(ctx, text(c, "data"))
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, nil, inUse(text(c, "data"), nil)
		}
		if err != nil {
			return nil, nil, usagef("the embedded AWS cannot start: %v%s", err, elsewhere(err))
		}
		id, key := local.Credentials()
		return awsclient.Opening(a.environ, local.URL(), id, key, ""), func() { _ = local.Close() }, nil
	}
	cfg, err := awsclient.New(ctx, awsclient.Options{
		Region: doc.Region(), EndpointURL: text(c, "endpoint-url"), Version: version(), Environ: a.environ, Terminal: a.attended(),
	})
	if err != nil {
		return nil, nil, configurationProblem(nil, err)
	}
	found, err := awsclient.Credentials(ctx, cfg)
	if err != nil {
		return nil, nil, failed(pipeline.Problems{problem.FromAWS(err, problem.Resource{}, nil)})
	}
	return awsclient.Opening(a.environ, text(c, "endpoint-url"), found.AccessKeyID, found.SecretAccessKey, found.SessionToken), done, nil
}

// openProblem says why a document does not open, with its function and key.
func openProblem(doc *sealed.Document, err error) error {
	return failed(pipeline.Problems{{Kind: openKind(err), Diagnostic: hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Secrets cannot be opened",
		Detail: fmt.Sprintf("Function %q, key %s: %v. docs/runtime.md says what to do about %s.",
			doc.Header.Function, doc.Key, err, secrets.CodeOf(err)),
	}}})
}

func openKind(err error) pipeline.Kind {
	switch {
	case errors.Is(err, context.Canceled):
		return pipeline.Fault
	case errors.Is(err, secrets.ErrAccessDenied), errors.Is(err, secrets.ErrCredentials):
		return pipeline.Access
	case errors.Is(err, secrets.ErrKeyUnusable):
		return pipeline.Missing
	case errors.Is(err, secrets.ErrUnavailable):
		return pipeline.Unavailable
	case errors.Is(err, secrets.ErrSetting), errors.Is(err, secrets.ErrEndpoint), errors.Is(err, secrets.ErrReservedVariable), errors.Is(err, secrets.ErrValue):
		return pipeline.Manifest
	}
	return pipeline.Integrity
}
