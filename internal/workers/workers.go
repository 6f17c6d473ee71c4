// Package workers calls functions at once, on goroutines that are kept. A call of the
// AWS SDK needs a deep stack, which a new goroutine grows, and copies, in steps.
package workers

import (
	"context"
	"sync"
)

// Workers are goroutines that call functions, up to a number of them.
type Workers struct {
	work    chan func()
	all     sync.WaitGroup
	mu      sync.Mutex
	missing int // goroutines that were not needed yet
}

// Start returns at most n workers, each of which starts when it is needed. Stop ends
// them.
func Start(n int) *Workers { return &Workers{work: make(chan func()), missing: n} }

// begin lets a worker call f, if one is free or can be started.
func (w *Workers) begin(f func()) bool {
	select {
	case w.work <- f:
		return true
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.missing == 0 {
		return false
	}
	w.missing--
	w.all.Go(func() {
		grow()
		f()
		for f := range w.work {
			f()
		}
	})
	return true
}

// Always waits for a worker that is free, and lets it call f.
func (w *Workers) Always(f func()) {
	if !w.begin(f) {
		w.work <- f
	}
}

// Go waits for a worker that is free, and lets it call f. It returns false, without
// calling f, if the context ends first.
func (w *Workers) Go(ctx context.Context, f func()) bool {
	if ctx.Err() != nil {
		return false
	}
	if w.begin(f) {
		return true
	}
	select {
	case w.work <- f:
		return true
	case <-ctx.Done():
		return false
	}
}

// Do lets a worker call f and returns its error, or the context's error if that ends
// before a worker is free. A worker must not call it: all might wait for each other.
func (w *Workers) Do(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	if !w.Go(ctx, func() { done <- f() }) {
		return ctx.Err()
	}
	return <-done
}

// Stop waits until every function has returned, and ends the workers. Nothing may be
// called afterwards.
func (w *Workers) Stop() {
	close(w.work)
	w.all.Wait()
}

// Each lets at most n workers call a function for each job, and passes each result to
// got, never two at a time. The order is undefined.
//
// The first error cancels the context of the other calls, and is returned; the error of
// ctx if it ends before all calls are made. Then got has not received every result.
func Each[J, R any](ctx context.Context, n int, jobs []J, call func(context.Context, J) (R, error), got func(R)) error {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu     sync.Mutex // guards failed, and serializes calls of got
		failed error
	)
	calls := Start(min(n, len(jobs)))
	for _, job := range jobs {
		if !calls.Go(run, func() {
			result, err := call(run, job)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case failed != nil:
			case err != nil:
				failed = err
				cancel()
			default:
				got(result)
			}
		}) {
			break
		}
	}
	calls.Stop()
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// grow makes the stack of a goroutine as large as a call of the SDK needs, while
// there is almost nothing on it to copy.
//
//go:noinline
func grow() (b byte) {
	var stack [24 << 10]byte
	for i := 0; i < len(stack); i += 1 << 10 {
		b += stack[i]
	}
	return b
}
