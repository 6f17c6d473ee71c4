package rollout

import (
	"context"
	"errors"
	"time"

	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/pipeline/publish"
)

// The SDK's waiters wait up to five minutes between two looks, and end when a call is throttled for long. This one does neither.
const (
	firstPause   = time.Second
	longestPause = 5 * time.Second
	patience     = 10 * time.Minute // for one update or version
	maxSilence   = 5                // looks in a row that get no answer
)

// await reads a version of the function, "" for $LATEST, until it is not being changed. Being throttled means going on. States that
// nobody here knows do, too, and are reported when patience ends.
func (f *function) await(ctx context.Context, qualifier string) (publish.Configuration, error) {
	silent, pause := 0, firstPause
	for waited := time.Duration(0); ; {
		c, err := f.job.Functions.Configuration(ctx, f.Function, qualifier)
		switch {
		case err == nil && !pending(c):
			return c, nil
		case ctx.Err() != nil && err == nil:
			return c, ctx.Err()
		case err == nil && waited >= patience:
			return c, &unsettled{c}
		case err == nil:
			silent = 0
		case errors.Is(err, publish.ErrUnavailable) && ctx.Err() == nil && silent < maxSilence:
			silent++
		default:
			return c, err
		}
		f.job.pause(ctx, pause)
		waited += pause
		pause = min(pause*3/2, longestPause)
	}
}

// pending reports whether a version is being changed, or is in a state that is not known to be an end.
func pending(c publish.Configuration) bool {
	switch c.Update {
	case "", "Successful", "Failed":
	default:
		return true
	}
	switch c.State {
	case "", "Active", "Inactive", "Failed": // an inactive function is idle: it can be changed
		return false
	}
	return true
}

// pause waits, or until the context ends.
func (r *Rollout) pause(ctx context.Context, d time.Duration) {
	if r.Pause != nil {
		r.Pause(ctx, d)
		return
	}
	_ = pacing.Rest(ctx, d) // whoever waits asks the context
}
