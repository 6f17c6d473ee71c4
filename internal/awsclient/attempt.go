package awsclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/awsreply"
)

// Calls counts the attempts of calls to AWS. The zero value is ready to use, and
// safe for concurrent use.
type Calls struct {
	mu sync.Mutex
	n  map[string]int
}

// Snapshot returns the number of attempts so far by service and operation, such
// as "ssm:GetParameters".
func (c *Calls) Snapshot() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		return map[string]int{}
	}
	return maps.Clone(c.n)
}

// WithCalls returns a context whose calls are also counted in c, for work that
// shares a configuration with other work.
func WithCalls(ctx context.Context, c *Calls) context.Context {
	return context.WithValue(ctx, callsKey{}, c)
}

type callsKey struct{}

func (c *Calls) add(call string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = make(map[string]int)
	}
	c.n[call]++
}

// recorder sees every attempt, from the signed request to the decoded reply.
type recorder struct {
	calls *Calls
	mu    sync.Mutex
	debug io.Writer
}

func (r *recorder) options() []func(*middleware.Stack) error {
	return []func(*middleware.Stack) error{asked, turns(), awsreply.Check, func(stack *middleware.Stack) error {
		attempt := r.attempt
		if stack.ID() == containerOperation {
			attempt = r.container
		}
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Recorder", attempt), middleware.Before)
	}}
}

const containerOperation = "GetCredentials"

// container is attempt for the SDK's client of a container's credentials
// endpoint. That client has no name; the context has the name of the service that
// needs the credentials.
func (r *recorder) container(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	ctx = awsmiddleware.SetOperationName(awsmiddleware.SetServiceID(ctx, "container"), containerOperation)
	return r.attempt(ctx, in, next)
}

// attempt counts and reports one attempt, and makes the SDK try again if the reply
// was cut short.
func (r *recorder) attempt(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	call := awsreply.Operation(ctx)
	r.calls.add(call)
	if c, ok := ctx.Value(callsKey{}).(*Calls); ok {
		c.add(call)
	}
	start, t := time.Now(), sent(ctx, call, in.Request)
	out, metadata, err = deserialize(ctx, in, next)
	if err == nil && givesCredentials(call) && lacksCredentials(out.Result) {
		err = errLacking
	}
	t.ended(ctx, err)
	if r.debug != nil {
		r.report(call, in.Request, out.RawResponse, metadata, time.Since(start), err)
	}
	if err != nil && isCut(err, out.RawResponse) && repeatable(awsmiddleware.GetOperationName(ctx)) {
		err = &cutReply{err}
	}
	if err != nil && givesCredentials(call) {
		id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
		err = &answered{call: call, status: statusOf(out.RawResponse), request: awsfault.RequestID(id), err: err}
	}
	return out, metadata, err
}

// deserialize lets the SDK read a reply. Its reader for a container's endpoint
// panics on JSON null.
func deserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	defer func() {
		if recover() != nil {
			err = &smithy.DeserializationError{Err: errors.New("the reply cannot be read")}
		}
	}()
	return next.HandleDeserialize(ctx, in)
}

// statusOf returns the HTTP status of a reply, 0 if there is none.
func statusOf(response any) int {
	if r, ok := response.(*smithyhttp.Response); ok && r != nil && r.Response != nil {
		return r.StatusCode
	}
	return 0
}

// report writes one line: the call, the attempt, its outcome, its duration, and
// AWS's request ID. The line has nothing of a body, and only the ID of the headers.
func (r *recorder) report(call string, request, response any, metadata middleware.Metadata, took time.Duration, err error) {
	attempt, result := "?", "?"
	if req, ok := request.(*smithyhttp.Request); ok {
		// "attempt=1; max=8", which the SDK puts on every request.
		attempt, _, _ = strings.Cut(strings.TrimPrefix(req.Header.Get("Amz-Sdk-Request"), "attempt="), ";")
	}
	if status := statusOf(response); status != 0 {
		result = strconv.Itoa(status)
	}
	if err != nil {
		if code := awsfault.Code(err); code != "" {
			result += " " + strconv.Quote(code)
		} else {
			result += " " + awsfault.Classify(err).String()
		}
	}
	id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintf(r.debug, "aws: %s attempt %s: %s in %s, request id %q\n",
		call, attempt, result, took.Round(time.Microsecond), awsfault.RequestID(id))
}

// cutReply is a reply that was cut short. The SDK retries if the connection was
// reset in the middle of a reply, but not if it was closed.
type cutReply struct{ err error }

func (e *cutReply) Error() string        { return e.err.Error() }
func (e *cutReply) Unwrap() error        { return e.err }
func (e *cutReply) RetryableError() bool { return true }

// isCut reports whether a reply was cut short, or is not a complete document of the
// type in its header. HTML does not count: it comes from something other than AWS,
// and would come again.
func isCut(err error, response any) bool {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return true
	}
	var unreadable *smithy.DeserializationError
	resp, ok := response.(*smithyhttp.Response)
	if !ok || resp.StatusCode != http.StatusOK || !errors.As(err, &unreadable) {
		return false
	}
	kind := resp.Header.Get("Content-Type")
	return strings.Contains(kind, "json") || strings.Contains(kind, "xml")
}

// repeatable reports whether an operation can be called twice without harm. KMS's
// Encrypt can: it changes nothing, and the first ciphertext is discarded.
func repeatable(operation string) bool {
	for _, prefix := range []string{"Get", "List", "Describe", "AssumeRole", "Simulate"} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return operation == "Encrypt" || operation == "Decrypt" || operation == "ReEncrypt"
}
