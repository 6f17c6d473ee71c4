package param

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/time/rate"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/pacing"
)

// Reads begin at the default quota of an account, which GetParameter, GetParameters
// and GetParametersByPath share with each other and with everything else in the
// account:
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
const (
	startRate  = 40.0 // calls per second
	startBurst = 40   // calls made at once before the rate applies
	leastRate  = 1.0

	// Until something is throttled, a hundred calls raise the rate by two thirds, so
	// that an account with a higher quota soon uses it. Afterward, each call raises it
	// by half a call per second, so that builds take up what others leave when they end.
	growth   = 1.005
	recovery = 0.5

	// backOff is the factor that throttling lowers the rate by.
	backOff = 0.8

	// A throttled call is repeated after up to leastPause, then up to twice as long each
	// time, but never more than mostPause. The times are random, so that builds that begin
	// together do not meet again.
	leastPause = 100 * time.Millisecond
	mostPause  = time.Second

	// patience is how long a run goes on while every call is throttled: other builds in
	// the account can use all of the quota for a while.
	patience = 2 * time.Minute
)

// pacer is a middleware in which every attempt of a call waits, including retries.
type pacer struct {
	limiter  *rate.Limiter // nil: no limit
	adaptive bool
	turn     chan struct{} // held by the one call that waits for the limiter

	mu        sync.Mutex
	spell     int // how often the rate was lowered
	calls     int
	throttled int
	refused   time.Time     // since when every call is throttled; zero if the last one was not
	patience  time.Duration // see patience
}

func newPacer(tps *float64) *pacer {
	p := &pacer{turn: make(chan struct{}, 1), patience: patience}
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

// HandleFinalize waits for its turn, makes the attempt and learns from it. It repeats
// the attempt while it is throttled, so that the number of the SDK's retries does not
// limit how many builds can share a quota.
func (p *pacer) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	request := in.Request.(*smithyhttp.Request)
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		spell, err := p.wait(ctx)
		if err != nil {
			awsfault.Waited(ctx, "its turn"+p.rate())
			return middleware.FinalizeOutput{}, middleware.Metadata{}, err
		}
		in.Request = request.Clone()
		out, metadata, err := next.HandleFinalize(ctx, in)
		if again := p.learn(spell, err); !again || request.RewindStream() != nil || pacing.Rest(ctx, rand.N(pause)) != nil {
			return out, metadata, err
		}
	}
}

// wait returns when the call may be made. Only one call at a time waits for the
// limiter: if others had already reserved their turns, a lower rate would not apply
// to them.
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

// sleep waits for the limiter. The limiter's own Wait returns an error early if it
// would exceed the context's deadline.
func (p *pacer) sleep(ctx context.Context) error {
	place := p.limiter.Reserve()
	err := pacing.Rest(ctx, place.Delay())
	if err != nil {
		place.Cancel()
	}
	return err
}

// learn adapts the rate to the outcome of a call, and reports whether to repeat it.
// Calls that began before the rate was last lowered do not lower it again.
func (p *pacer) learn(spell int, err error) (again bool) {
	throttled := awsfault.Classify(err) == awsfault.Throttled
	p.mu.Lock()
	defer p.mu.Unlock()
	if !throttled {
		p.refused = time.Time{}
	} else if p.throttled++; p.refused.IsZero() {
		p.refused = time.Now()
	}
	again = throttled && time.Since(p.refused) < p.patience
	if !p.adaptive || spell != p.spell {
		return again
	}
	now := float64(p.limiter.Limit())
	switch {
	case throttled:
		p.spell++
		p.limiter.SetLimit(rate.Limit(max(leastRate, now*backOff)))
	case err == nil && p.spell == 0:
		p.limiter.SetLimit(rate.Limit(now * growth))
	case err == nil:
		p.limiter.SetLimit(rate.Limit(now + recovery))
	}
	return again
}

// note returns how many calls were throttled, for an error message, or "".
func (p *pacer) note() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.throttled == 0 {
		return ""
	}
	return fmt.Sprintf("; %d of %d calls were throttled", p.throttled, p.calls)
}

// rate returns the limit on calls per second, for an error message.
func (p *pacer) rate() string {
	if p.limiter == nil {
		return " without a limit on calls per second"
	}
	return fmt.Sprintf(" at %.3g calls per second", float64(p.limiter.Limit()))
}
