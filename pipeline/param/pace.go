package param

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"

	"github.com/whispering/bundle/internal/awsfault"
)

// The rate at which reads begin is the default quota of an account, which
// GetParameter, GetParameters and GetParametersByPath share, with each other and
// with everything else in the account:
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
const (
	startRate  = 40.0 // calls a second
	startBurst = 40   // calls made at once before the rate counts
	leastRate  = 1.0

	// Until something is throttled, a hundred calls raise the rate by two thirds,
	// so that an account with a higher quota soon gets it. Afterwards the rate
	// creeps up, looking for what the account has left.
	growth     = 1.005
	slowGrowth = 1.001

	// backOff is what one spell of throttling leaves of the rate.
	backOff = 0.8
)

// pacer is the part of a client's middleware that every attempt of a call waits
// in, repeated attempts too.
type pacer struct {
	limiter  *rate.Limiter // nil: no limit
	adaptive bool
	turn     chan struct{} // held by the one call that waits for the limiter

	mu        sync.Mutex
	spell     int // the rate has been lowered that often
	calls     int
	throttled int
}

func newPacer(tps *float64) *pacer {
	p := &pacer{turn: make(chan struct{}, 1)}
	switch {
	case tps == nil:
		p.adaptive = true
		p.limiter = rate.NewLimiter(startRate, startBurst)
	case *tps > 0:
		// A burst of a twentieth of a second makes up for timers that fire late.
		p.limiter = rate.NewLimiter(rate.Limit(*tps), max(1, int(*tps/20)))
	}
	return p
}

// ID names the middleware.
func (p *pacer) ID() string { return "Pacer" }

// HandleFinalize waits for its turn, makes the attempt and learns from it.
func (p *pacer) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	spell, err := p.wait(ctx)
	if err != nil {
		awsfault.Waited(ctx, "its turn"+p.rate())
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	out, metadata, err := next.HandleFinalize(ctx, in)
	p.learn(spell, err)
	return out, metadata, err
}

// wait returns when the call may be made. Only one call waits for the limiter:
// had others reserved their places already, a lower rate would come too late for
// them.
func (p *pacer) wait(ctx context.Context) (spell int, err error) {
	if p.limiter != nil {
		select {
		case p.turn <- struct{}{}:
			defer func() { <-p.turn }()
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if err := p.sleep(ctx); err != nil {
			return 0, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return p.spell, nil
}

// sleep waits for the limiter. Its own Wait gives up before the time is up, with
// an error of its own, where the context's deadline is near.
func (p *pacer) sleep(ctx context.Context) error {
	place := p.limiter.Reserve()
	timer := time.NewTimer(place.Delay())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		place.Cancel()
		return ctx.Err()
	}
}

// learn adapts the rate to how a call went. All calls made before the rate was
// last lowered belong to the spell of throttling that lowered it.
func (p *pacer) learn(spell int, err error) {
	throttled := awsfault.Classify(err) == awsfault.Throttled
	p.mu.Lock()
	defer p.mu.Unlock()
	if throttled {
		p.throttled++
	}
	if !p.adaptive || spell != p.spell {
		return
	}
	now := float64(p.limiter.Limit())
	switch {
	case throttled:
		p.spell++
		p.limiter.SetLimit(rate.Limit(max(leastRate, now*backOff)))
	case err == nil && p.spell == 0:
		p.limiter.SetLimit(rate.Limit(now * growth))
	case err == nil:
		p.limiter.SetLimit(rate.Limit(now * slowGrowth))
	}
}

// note tells of throttling, for an error message, or is "".
func (p *pacer) note() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.throttled == 0 {
		return ""
	}
	return fmt.Sprintf("; %d of %d calls were throttled", p.throttled, p.calls)
}

// rate says how many calls a second are made, at most.
func (p *pacer) rate() string {
	if p.limiter == nil {
		return " without a limit on calls per second"
	}
	return fmt.Sprintf(" at %.3g calls per second", float64(p.limiter.Limit()))
}
