package awsclient

import (
	"context"
	"net/url"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// pinned returns a middleware that sends the requests of a client to an endpoint.
// The SDK makes the clients that get credentials before it knows the given
// endpoint. These clients call AWS if AWS_ENDPOINT_URL exists, even if it is empty,
// or if configured endpoints are ignored.
func pinned(endpoint string) func(*middleware.Stack) error {
	base, err := url.Parse(endpoint)
	return func(stack *middleware.Stack) error {
		const after = "ResolveEndpointV2"
		_, resolves := stack.Finalize.Get(after)
		if err != nil || endpoint == "" || !resolves || stack.ID() == containerOperation {
			return err
		}
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("PinEndpoint", func(
			ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
		) (middleware.FinalizeOutput, middleware.Metadata, error) {
			r, ok := in.Request.(*smithyhttp.Request)
			if ok && r.URL.Host != base.Host && awsmiddleware.GetServiceID(ctx) != imds.ServiceID {
				r.URL.Scheme, r.URL.Host = base.Scheme, base.Host
				r.URL.Path = smithyhttp.JoinPath(base.Path, r.URL.Path)
				r.Host = ""
			}
			return next.HandleFinalize(ctx, in)
		}), after, middleware.After)
	}
}
