package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/whispering/bundle/pipeline/param"
)

// slowBelow lists nothing, and never ends if it is recursive.
type slowBelow struct{}

func (slowBelow) List(ctx context.Context, _ string, recursive bool) ([]param.Parameter, error) {
	if recursive {
		<-ctx.Done()
	}
	return nil, ctx.Err()
}

// TestWhatLiesDeeperIsNotWaitedFor: a run that fails anyway does not wait for a tree of thousands of parameters.
func TestWhatLiesDeeperIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var l list
		l.read(t.Context(), importedPath{path: "/prod/shop/"}, slowBelow{}, nil)
		if took := time.Since(began); l.err != nil || l.deeper != 0 || took != mostDeeper {
			t.Errorf("%d deeper, error %v, after %v", l.deeper, l.err, took)
		}
	})
}
