package awsreply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Operation names the operation of a context of the SDK, such as
// "ssm:GetParameters".
func Operation(ctx context.Context) string {
	return strings.ToLower(strings.ReplaceAll(awsmiddleware.GetServiceID(ctx), " ", "")) + ":" + awsmiddleware.GetOperationName(ctx)
}

// Check puts the check into the stack of an operation: next to the network, so
// that the SDK does not see a reply that does not pass. Errors about a reply are
// an *[Error].
func Check(stack *middleware.Stack) error {
	if err := stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("JudgeReply", judge), middleware.Before); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("CheckReply", check), middleware.After)
}

// wholeKey is of a *bool in the context of an attempt: whether its reply passed
// the check.
type wholeKey struct{}

// judge stands around the SDK's reader. What that cannot read of a reply that came
// whole, it could not read the next time either.
func judge(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	whole := false
	out, metadata, err = next.HandleDeserialize(context.WithValue(ctx, wholeKey{}, &whole), in)
	var unread *smithy.DeserializationError
	if whole && errors.As(err, &unread) {
		err = &Error{Operation(ctx), "has a member with an unexpected value"}
	}
	return out, metadata, err
}

func check(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	operation := Operation(ctx)
	members, known := operations()[operation]
	if !known && strict(operation) {
		return out, metadata, fmt.Errorf("%s is not sent: it is not known what its reply must hold", operation)
	}
	if out, metadata, err = next.HandleDeserialize(ctx, in); err != nil {
		return out, metadata, err
	}
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok || response.Body == nil {
		return out, metadata, nil
	}
	body, err := readAll(response.Body, limit(operation))
	if err == nil {
		response.Body = io.NopCloser(bytes.NewReader(body))
	} else {
		response.Body = io.NopCloser(bytes.NewReader(nil)) // the SDK would read it to its end
	}
	switch {
	case errors.Is(err, errTooLong):
		return out, metadata, &Error{operation, fmt.Sprintf("has more than %d bytes", limit(operation))}
	case err != nil:
		return out, metadata, &smithy.DeserializationError{Err: err}
	case !known || response.StatusCode < 200 || response.StatusCode > 299:
		return out, metadata, nil // an error, which the SDK reads
	}
	fault, unreadable := "", false
	if strings.HasPrefix(operation, "sts:") {
		fault, unreadable = checkXML(body, operation, members)
	} else {
		fault, unreadable = checkJSON(body, members)
	}
	switch {
	case unreadable: // from something other than AWS, or cut short
		return out, metadata, &smithy.DeserializationError{Err: errors.New("the reply is not a complete document")}
	case fault != "":
		return out, metadata, &Error{operation, fault}
	}
	if whole, ok := ctx.Value(wholeKey{}).(*bool); ok {
		*whole = true
	}
	return out, metadata, nil
}

// strict reports whether every operation of a service that is called must be in
// the table. The SDK gets credentials from other services in ways of its own.
func strict(operation string) bool {
	service, _, _ := strings.Cut(operation, ":")
	switch service {
	case "ssm", "kms", "lambda", "sts", "secretsmanager":
		return true
	}
	return false
}

var errTooLong = errors.New("too long")

// readAll reads a body whole and closes it. One that is too long is not read to
// its end.
func readAll(body io.ReadCloser, limit int) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	_ = body.Close()
	if err == nil && len(content) > limit {
		return nil, errTooLong
	}
	return content, err
}
