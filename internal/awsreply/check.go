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

// Operation returns the name of the operation in an SDK context, such as
// "ssm:GetParameters".
func Operation(ctx context.Context) string {
	return strings.ToLower(strings.ReplaceAll(awsmiddleware.GetServiceID(ctx), " ", "")) + ":" + awsmiddleware.GetOperationName(ctx)
}

// Check adds the check to the stack of an operation, next to the network, so that
// the SDK never sees a reply that fails the check. Errors about a reply are
// *[Error].
func Check(stack *middleware.Stack) error {
	if err := stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("JudgeReply", judge), middleware.Before); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("CheckReply", check), middleware.After)
}

// wholeKey is the context key of a *bool: whether the reply of the attempt passed
// the check.
type wholeKey struct{}

// judge wraps the SDK's reader. If the SDK cannot read a complete reply, trying again
// would not help.
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
		return out, metadata, fmt.Errorf("%s is not sent: awsreply has no table entry for its reply", operation)
	}
	if out, metadata, err = next.HandleDeserialize(ctx, in); err != nil {
		return out, metadata, err
	}
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok || response.Body == nil {
		return out, metadata, nil
	}
	body, err := readAll(response.Body, response.ContentLength, limit(operation))
	if err == nil {
		response.Body = io.NopCloser(bytes.NewReader(body))
	} else {
		response.Body = io.NopCloser(bytes.NewReader(nil)) // the SDK would read all of it
	}
	switch {
	case errors.Is(err, errTooLong):
		return out, metadata, &Error{operation, fmt.Sprintf("has more than %d bytes", limit(operation))}
	case err != nil:
		return out, metadata, &smithy.DeserializationError{Err: err}
	case !known || response.StatusCode < 200 || response.StatusCode > 299:
		return out, metadata, nil // an error reply, which the SDK reads
	case len(members) == 0 && len(body) == 0: // as AWS answers an operation without output
		if response.Header.Get("X-Amzn-Requestid") == "" {
			return out, metadata, &smithy.DeserializationError{Err: errors.New("the reply is empty, and not from AWS")}
		}
		return out, metadata, nil
	}
	fault, unreadable := "", false
	if strings.HasPrefix(operation, "sts:") {
		fault, unreadable = checkXML(body, operation, members)
	} else {
		fault, unreadable = checkJSON(body, shapes()[operation])
	}
	switch {
	case unreadable: // not from AWS, or cut short
		return out, metadata, &smithy.DeserializationError{Err: errors.New("the reply is not a complete document")}
	case fault != "":
		return out, metadata, &Error{operation, fault}
	}
	if whole, ok := ctx.Value(wholeKey{}).(*bool); ok {
		*whole = true
	}
	return out, metadata, nil
}

// strict reports whether every operation of the service must be in the table. The
// SDK itself calls other services to get credentials.
func strict(operation string) bool {
	service, _, _ := strings.Cut(operation, ":")
	switch service {
	case "ssm", "kms", "lambda", "sts", "secretsmanager", "cloudtrail":
		return true
	}
	return false
}

var errTooLong = errors.New("too long")

// readAll reads and closes a body that should have this length, which is -1 if it is
// not known. It stops reading at the limit.
func readAll(body io.ReadCloser, length int64, limit int) ([]byte, error) {
	var content bytes.Buffer
	content.Grow(int(min(max(length, 0), int64(limit))) + bytes.MinRead)
	_, err := content.ReadFrom(io.LimitReader(body, int64(limit)+1))
	_ = body.Close()
	if err == nil && content.Len() > limit {
		return nil, errTooLong
	}
	return content.Bytes(), err
}
