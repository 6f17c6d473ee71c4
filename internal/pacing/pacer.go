package pacing

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
)

const (
	leastRate = 1.0

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

	// DefaultPatience is how long a run goes on while every call is throttled: other
	// builds in the account can use all of the quota for a while.
	DefaultPatience = 2 * time.Minute
)

// A Pacer is a pace that follows throttling: it repeats throttled calls, and can adapt
// to a quota that others use, too. Every attempt of a call waits, including retries. It
// is safe for concurrent use.
type Pacer struct {
	// Patience is how long calls are repeated while every one is throttled. It is
	// DefaultPatience, and can be changed before the first call.
	Patience time.Duration

	limiter  *rate.Limiter // nil: no limit
	adaptive bool
	turn     chan struct{} // held by the one call that waits for the limiter

	mu        sync.Mutex
	spell     int // how often the rate was lowered
	calls     int
	throttled int
	refused   time.Time // since when every call is throttled; zero if the last one was not
}

// Adaptive returns a Pacer that begins with a rate in calls per second, and so many at
// once before it applies. It becomes faster while nothing is throttled, and slower as
// soon as something is.
func Adaptive(start float64, atOnce int) *Pacer {
	return &Pacer{
		Patience: DefaultPatience, turn: make(chan struct{}, 1), adaptive: true,
		limiter: rate.NewLimiter(rate.Limit(start), atOnce),
	}
}

// Fixed returns a Pacer whose rate in calls per second stays; 0 means no limit.
func Fixed(tps float64) *Pacer {
	p := &Pacer{Patience: DefaultPatience, turn: make(chan struct{}, 1)}
	if tps > 0 {
		// A burst of a twentieth of a second makes up for timers that fire late.
		p.limiter = rate.NewLimiter(rate.Limit(tps), max(1, int(tps/20)))
	}
	return p
}

// Options returns the options of a client that has this pace, in addition to some
// others: after "Retry", so that retries are paced too, and before signing, so that no
// signature ages while it waits.
func (p *Pacer) Options(others []func(*middleware.Stack) error) []func(*middleware.Stack) error {
	return append(others[:len(others):len(others)], func(s *middleware.Stack) error {
		return s.Finalize.Insert(p, "Retry", middleware.After)
	})
}

// ID implements middleware.FinalizeMiddleware.
func (*Pacer) ID() string { return "Pacer" }

// HandleFinalize waits for its turn, makes the attempt and learns from it. It repeats
// the attempt while it is throttled, so that the number of the SDK's retries does not
// limit how many builds can share a quota.
func (p *Pacer) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	request := in.Request.(*smithyhttp.Request)
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		spell, err := p.wait(ctx)
		if err != nil {
			awsfault.Waited(ctx, "its turn"+p.Rate())
			return middleware.FinalizeOutput{}, middleware.Metadata{}, err
		}
		in.Request = request.Clone()
		out, metadata, err := next.HandleFinalize(ctx, in)
		if again := p.learn(spell, err); !again || request.RewindStream() != nil || Rest(ctx, rand.N(pause)) != nil {
			return out, metadata, err
		}
	}
}

// wait returns when the call may be made. Only one call at a time waits for the
// limiter: if others had already reserved their turns, a lower rate would not apply
// to them.
func (p *Pacer) wait(ctx context.Context) (spell int, err error) {
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
func (p *Pacer) sleep(ctx context.Context) error {
	place := p.limiter.Reserve()
	err := Rest(ctx, place.Delay())
	if err != nil {
		place.Cancel()
	}
	return err
}

// learn adapts the rate to the outcome of a call, and reports whether to repeat it.
// Calls that began before the rate was last lowered do not lower it again.
func (p *Pacer) learn(spell int, err error) (again bool) {
	throttled := awsfault.Classify(err) == awsfault.Throttled
	p.mu.Lock()
	defer p.mu.Unlock()
	if !throttled {
		p.refused = time.Time{}
	} else if p.throttled++; p.refused.IsZero() {
		p.refused = time.Now()
	}
	again = throttled && time.Since(p.refused) < p.Patience
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

// Note returns how many calls were throttled, for an error message, or "".
func (p *Pacer) Note() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.throttled == 0 {
		return ""
	}
	return fmt.Sprintf("; %d of %d calls were throttled", p.throttled, p.calls)
}

// Rate returns the limit on calls per second, for an error message.
func (p *Pacer) Rate() string {
	if p.limiter == nil {
		return " without a limit on calls per second"
	}
	return fmt.Sprintf(" at %.3g calls per second", float64(p.limiter.Limit()))
}
