package awsclient

import (
	"context"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsfault"
)

// turns returns a middleware that makes calls wait while too many calls of all
// clients of a configuration are in progress, with their retries. The use cases have
// limits of their own, but several of them can share a configuration.
//
// There are 32 for each service, as docs/adr/0009-concurrency.md says, and 64 for Secrets
// Manager, as docs/adr/0020-secrets-at-once.md says, but only 4 for
// Lambda, which allows 15 calls per second for an account's functions and layers
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and one for
// IAM, which documents no rate. STS is not
// limited: its calls get the credentials that the others wait for.
func turns() func(*middleware.Stack) error {
	slots := map[string]chan struct{}{
		"KMS": make(chan struct{}, 32), "SSM": make(chan struct{}, 32), "Secrets Manager": make(chan struct{}, 64),
		"Lambda": make(chan struct{}, 4), "IAM": make(chan struct{}, 1),
	}
	wait := middleware.InitializeMiddlewareFunc("Turns", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if slot := slots[awsmiddleware.GetServiceID(ctx)]; slot != nil {
			select {
			case slot <- struct{}{}:
				defer func() { <-slot }()
			case <-ctx.Done():
				awsfault.Waited(ctx, "its turn")
				return middleware.InitializeOutput{}, middleware.Metadata{}, ctx.Err()
			}
		}
		return next.HandleInitialize(ctx, in)
	})
	// After: the SDK names the service in the context at the beginning of this step.
	return func(stack *middleware.Stack) error { return stack.Initialize.Add(wait, middleware.After) }
}
