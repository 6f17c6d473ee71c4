package batch

import (
	"context"
	"errors"
	"flag"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/printable"
)

var errFull = errors.New("no space left on device")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestNothingGoesOnWherePrintingFails: the other targets are stopped and waited for;
// those that have not begun do not begin.
func TestNothingGoesOnWherePrintingFails(t *testing.T) {
	con := &console.Console{Stdout: printable.New(full{}), Stderr: printable.New(io.Discard)}
	app := cli.NewApp()
	con.Answering(app, console.Words{})
	c := cli.NewContext(app, flag.NewFlagSet("verify", flag.ContinueOnError), nil)
	c.Context = t.Context()

	targets := []*target.Target{{Environment: "first"}}
	for range 3 * atOnce {
		targets = append(targets, &target.Target{Environment: "other"})
	}
	var begun, ended atomic.Int32
	under := make(chan struct{}, len(targets))
	err := Each(con, c, targets, Job{Prepare: func(con *console.Console, about *target.Target) (Step, error) {
		return func(ctx context.Context, con *console.Console, _ *Work) (view.Result, error) {
			if about.Environment == "first" {
				<-under // another is under way
				return &view.Verify{}, nil
			}
			begun.Add(1)
			under <- struct{}{}
			<-ctx.Done()
			time.Sleep(20 * time.Millisecond) // which a build needs to clear up
			ended.Add(1)
			return nil, ctx.Err()
		}, nil
	}})
	if !errors.Is(err, errFull) {
		t.Errorf("%v is returned", err)
	}
	if n := begun.Load(); n == 0 || n > atOnce || n != ended.Load() {
		t.Errorf("%d of %d have begun, %d have ended", n, len(targets)-1, ended.Load())
	}
}
