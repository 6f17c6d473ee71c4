package awsenv

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/runtime/secrets"
)

// addRevocation adds to the problem of a document that KMS denied to open whether the policy
// of its key revokes it. environ has the endpoint and, for the embedded AWS, the credentials
// that it was opened with.
func addRevocation(ctx context.Context, con *console.Console, c *cli.Context, environ []string, doc *sealed.Document, opening *openingError) error {
	text := revocation(ctx, con, c, environ, doc)
	var failure *console.Failure
	if err := OpenProblem(doc, opening.cause); !errors.As(err, &failure) {
		return err
	}
	p := failure.Problems[0]
	p.Detail += " " + text
	return console.Failed(problem.Problems{p})
}

// revocation says whether the policy of a document's key revokes it.
func revocation(ctx context.Context, con *console.Console, c *cli.Context, environ []string, doc *sealed.Document) string {
	unknown := "bundle cannot tell whether the document is revoked: %s."
	options := awsclient.Options{
		Region: doc.Region(), EndpointURL: console.Text(c, "endpoint-url"), Version: con.Version, Environ: con.Environ, Terminal: attended(con),
	}
	if doc.Embedded() {
		options.Local, options.EndpointURL = true, valueOf(environ, "AWS_ENDPOINT_URL_KMS")
		options.Static = &awsclient.Static{ID: valueOf(environ, "AWS_ACCESS_KEY_ID"), Key: valueOf(environ, "AWS_SECRET_ACCESS_KEY")}
	}
	cfg, err := awsclient.New(ctx, options)
	if err != nil {
		return fmt.Sprintf(unknown, "the policy of its key cannot be read")
	}
	switch is, why := doctor.New(cfg).Revocation(ctx, doc.Key, doc.HeaderSHA256()); is {
	case doctor.Revoked:
		return fmt.Sprintf("The document is revoked: the policy of the key does not list bundle:document %s. Only roles that this Deny exempts can open it. Use a newer layer.", doc.HeaderSHA256())
	case doctor.NotRevoked:
		return "The document is not revoked: the policy of the key does not deny it by bundle:document."
	default:
		return fmt.Sprintf(unknown, why)
	}
}

// valueOf returns the last value of a variable, "" for none.
func valueOf(environ []string, name string) (value string) {
	for _, entry := range environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}

// An openingError is why KMS or a helper does not open a document.
type openingError struct{ cause error }

func (e *openingError) Error() string { return e.cause.Error() }
func (e *openingError) Unwrap() error { return e.cause }

// denied reports whether KMS denied to open the document.
func (e *openingError) denied() bool { return secrets.CodeOf(e.cause) == secrets.ErrAccessDenied }
