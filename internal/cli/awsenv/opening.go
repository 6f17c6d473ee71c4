package awsenv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/runtime/secrets"
)

// OpenProblem returns why a document does not open, with its function and key.
func OpenProblem(doc *sealed.Document, err error) error {
	return console.Refuse(openKind(err), nil, "Secrets cannot be opened", "Function %q, key %s: %v. %s",
		doc.Header.Function, doc.Key, err, openRemedy(doc, secrets.CodeOf(err)))
}

// openRemedy returns what to do about a document that does not open.
func openRemedy(doc *sealed.Document, code secrets.Code) string {
	if doc.Embedded() && code == secrets.ErrKeyUnusable {
		return "The embedded AWS was reset since it sealed this layer, or the key was disabled or deleted there. Build the layer again."
	}
	return fmt.Sprintf("https://github.com/whispering/bundle/blob/main/docs/runtime.md#3-errors says what to do about %s.", code)
}

// openKind returns the kind of problem for the code of an error: docs/runtime.md,
// section 3.
func openKind(err error) problem.Kind {
	if errors.Is(err, context.Canceled) {
		return problem.Interrupted
	}
	switch secrets.CodeOf(err) {
	case secrets.ErrAccessDenied, secrets.ErrCredentials:
		return problem.Access
	case secrets.ErrKeyUnusable:
		return problem.Missing
	case secrets.ErrUnavailable:
		return problem.Unavailable
	case secrets.ErrSetting, secrets.ErrEndpoint, secrets.ErrReservedVariable, secrets.ErrValue:
		return problem.Manifest
	}
	return problem.Integrity
}

// OpenDocument decrypts a document with KMS, as the function itself does. with is
// the decrypter, or nil for the function's own.
func OpenDocument(ctx context.Context, environ []string, doc *sealed.Document, with secrets.Decrypter) (map[string]string, error) {
	values, err := openDocument(ctx, environ, doc, with)
	var opening *openingError
	if errors.As(err, &opening) {
		return nil, OpenProblem(doc, opening.cause)
	}
	return values, err
}

// openDocument is OpenDocument. If the document does not open, its error wraps an
// *openingError.
func openDocument(ctx context.Context, environ []string, doc *sealed.Document, with secrets.Decrypter) (map[string]string, error) {
	environ = append(environ[:len(environ):len(environ)], "BUNDLE_SECRETS_FUNCTION="+doc.Header.Name)
	client := secrets.New(secrets.Options{Document: doc.Bytes(), Environ: func() []string { return environ }, Decrypter: with})
	values, err := client.All(ctx)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			waiting := fmt.Sprintf("kms:Decrypt for function %q, with key %s", doc.Header.Function, doc.Key)
			return nil, console.Failed(problem.Problems{problem.OutOfTime(nil, waiting, "")})
		}
		return nil, &openingError{err}
	}
	return values, nil
}

// StateOf returns the folder with the states of the embedded AWS: --data, or the one in
// dir.
func StateOf(c *cli.Context, dir string) string {
	return cmp.Or(console.Text(c, "data"), filepath.Join(dir, pipeline.StateFolder))
}

// OpeningEnviron returns the variables with the endpoint and the credentials for
// opening a document: those of the embedded AWS for what it sealed, and otherwise the
// credentials that any AWS tool would find. They are valid for every document of the
// layer that is embedded as well, or not embedded as well. data is the folder with the states of
// the embedded AWS. Call done at the end.
func OpeningEnviron(ctx context.Context, con *console.Console, c *cli.Context, data string, doc *sealed.Document) (environ []string, done func(), err error) {
	done = func() {}
	switch {
	case doc.Embedded() && console.Given(c, "endpoint-url"):
		return nil, nil, console.Usagef("the embedded AWS sealed this layer and has its keys; remove --endpoint-url")
	case !doc.Embedded() && console.Given(c, "data"):
		return nil, nil, console.Usagef("this layer belongs to a real account; remove --data")
	}
	if doc.Embedded() {
		dir, options, err := awslocal.Folder{Root: data, Environment: doc.Header.Environment}.State()
		if err == nil {
			_, err = os.Stat(dir)
		}
		switch {
		case err != nil && awsclient.ServedElsewhere(con.Environ) != "": // an embedded AWS that another program serves
			return awsclient.Opening(con.Environ, awsclient.ServedElsewhere(con.Environ),
				con.Getenv("AWS_ACCESS_KEY_ID"), con.Getenv("AWS_SECRET_ACCESS_KEY"), con.Getenv("AWS_SESSION_TOKEN")), done, nil
		case err != nil:
			return nil, nil, console.Usagef("the embedded AWS sealed this layer, but %s, the folder with its keys, does not exist here. "+
				"Name its state folder with --data, or build the layer here first.", cmp.Or(dir, data))
		}
		local, err := awslocal.Attach(ctx, dir, options...)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, nil, inUse(data, nil)
		}
		if err != nil {
			return nil, nil, console.Usagef("the embedded AWS cannot start: %v%s", err, StateRemedy(err))
		}
		id, key := local.Credentials()
		return awsclient.Opening(con.Environ, local.URL(), id, key, ""), func() { _ = local.Close() }, nil
	}
	id, key, token, err := Credentials(ctx, con, c, doc)
	if err != nil {
		return nil, nil, err
	}
	return awsclient.Opening(con.Environ, console.Text(c, "endpoint-url"), id, key, token), done, nil
}

// Credentials returns the credentials that any AWS tool would find, for the region of a
// document.
func Credentials(ctx context.Context, con *console.Console, c *cli.Context, doc *sealed.Document) (id, key, token string, err error) {
	cfg, err := awsclient.New(ctx, awsclient.Options{
		Region: doc.Region(), EndpointURL: console.Text(c, "endpoint-url"), Version: con.Version, Environ: con.Environ, Terminal: attended(con),
	})
	if err != nil {
		return "", "", "", configurationProblem(nil, err)
	}
	found, err := awsclient.Credentials(ctx, cfg)
	if err != nil {
		return "", "", "", console.Failed(problem.Problems{problem.FromAWS(err, problem.Resource{}, nil)})
	}
	return found.AccessKeyID, found.SecretAccessKey, found.SessionToken, nil
}

// OpenAll opens the boxes of every document, and reports all that do not open. data is
// the folder with the states of the embedded AWS.
func OpenAll(ctx context.Context, con *console.Console, c *cli.Context, data string, layer *layerbuild.Layer) error {
	environs := map[string][]string{} // by the environment of the embedded AWS that sealed the document, "" for a real account
	var problems problem.Problems
	for _, d := range layer.Documents {
		in := ""
		if d.Embedded() {
			in = d.Header.Environment
		}
		environ, ok := environs[in]
		if !ok {
			found, done, err := OpeningEnviron(ctx, con, c, data, d)
			if err != nil {
				return err
			}
			defer done()
			environ, environs[in] = found, found
		}
		_, err := openDocument(ctx, environ, d, nil)
		var opening *openingError
		switch {
		case errors.As(err, &opening) && opening.denied():
			err = addRevocation(ctx, con, c, environ, d, opening)
		case opening != nil:
			err = OpenProblem(d, opening.cause)
		}
		var failure *console.Failure
		switch {
		case errors.As(err, &failure):
			problems = append(problems, failure.Problems...)
		case err != nil:
			return err
		}
	}
	return console.Failed(problems)
}
