// Package pacing makes calls of the AWS SDK wait for their turns.
package pacing

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"

	"github.com/whispering/bundle/internal/awsfault"
)

// A Pace is the pace of calls that a process makes in one account and region, retries included. It is safe for concurrent use.
type Pace struct {
	limiter   *rate.Limiter
	operation string // the only one that waits; "" for all
}

// New returns a Pace in calls per second. So many calls as atOnce can begin at once.
func New(tps float64, atOnce int) *Pace {
	return &Pace{limiter: rate.NewLimiter(rate.Limit(tps), atOnce)}
}

// Of returns the Pace for one operation. Calls of others do not wait.
func (p *Pace) Of(operation string) *Pace { return &Pace{p.limiter, operation} }

// Options returns the options of a client whose calls wait for their turn before each attempt, in addition to some others.
func (p *Pace) Options(others []func(*middleware.Stack) error) []func(*middleware.Stack) error {
	return append(others[:len(others):len(others)], func(s *middleware.Stack) error {
		return s.Finalize.Insert(p, "Retry", middleware.After)
	})
}

// ID implements middleware.FinalizeMiddleware.
func (*Pace) ID() string { return "Pace" }

// HandleFinalize implements middleware.FinalizeMiddleware.
func (p *Pace) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	if p.operation == "" || p.operation == middleware.GetOperationName(ctx) {
		turn := p.limiter.Reserve() // the limiter's own Wait fails early if it would exceed the deadline
		if err := Rest(ctx, turn.Delay()); err != nil {
			turn.Cancel()
			awsfault.Waited(ctx, fmt.Sprintf("its turn at %.3g calls per second", float64(p.limiter.Limit())))
			return out, metadata, err
		}
	}
	return next.HandleFinalize(ctx, in)
}

// Rest waits for a time, or until the context ends, whose error it then returns.
func Rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}
