package awsclient

import (
	"context"
	"sync"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/internal/awsfault"
)

// A tally counts the outcomes of the attempts of one call.
type tally struct {
	mu sync.Mutex
	awsfault.Asked
}

type tallyKey struct{}

// asked adds to the error of a call what was called, at which host, and how often.
func asked(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Asked", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		t := new(tally)
		ctx, wait := awsfault.WithWait(context.WithValue(ctx, tallyKey{}, t))
		out, metadata, err := next.HandleInitialize(ctx, in)
		if err == nil {
			return out, metadata, nil
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		told := t.Asked
		told.Err, told.Until = err, wait.For()
		return out, metadata, &told
	}), middleware.Before)
}

// sent records the start of an attempt.
func sent(ctx context.Context, call string, request any) *tally {
	t, ok := ctx.Value(tallyKey{}).(*tally)
	if !ok {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Operation = call
	t.Attempts++
	if r, ok := request.(*smithyhttp.Request); ok && r.URL != nil {
		t.Host = awsfault.Printable(r.URL.Host)
	}
	return t
}

// ended records the outcome of an attempt, unless the run's time was up.
func (t *tally) ended(ctx context.Context, err error) {
	if t == nil || err == nil || ctx.Err() != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	throttled := awsfault.Classify(err) == awsfault.Throttled
	if throttled {
		t.Throttled++
	} else {
		t.Failed++
	}
	if !throttled || t.Failed == 0 { // any other failure says more
		last := awsfault.Explain(err)
		t.Last, t.Lost = last.Error(), last.Lost
	}
}
