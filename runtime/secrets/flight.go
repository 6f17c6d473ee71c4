package secrets

import (
	"context"
	"sync"
)

// flights lets many callers share one piece of work. It keeps nothing after the
// work ends: each caller says again whether the work is needed.
type flights struct {
	mu      sync.Mutex
	running map[string]*flight
}

type flight struct {
	done    chan struct{} // closed when err is final
	err     error
	waiting int
	cancel  context.CancelFunc
}

// do waits for the work that is running under key, or starts it if it is needed.
// A caller stops waiting when its own context ends. When no caller is waiting,
// the work is canceled.
func (f *flights) do(ctx context.Context, key string, needed func() bool, work func(context.Context) error) error {
	f.mu.Lock()
	shared := f.running[key]
	if shared == nil {
		// We hold the lock, so work that has just ended has stored its result.
		if !needed() {
			f.mu.Unlock()
			return nil
		}
		shared = f.start(ctx, key, work)
	}
	shared.waiting++
	f.mu.Unlock()

	select {
	case <-shared.done:
		return shared.err
	case <-ctx.Done():
		f.mu.Lock()
		defer f.mu.Unlock()
		if shared.waiting--; shared.waiting == 0 {
			shared.cancel()
			f.forget(key, shared)
		}
		return left(ctx)
	}
}

// start starts work that does not end with the context of its first caller. The
// caller holds the lock.
func (f *flights) start(ctx context.Context, key string, work func(context.Context) error) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	started := &flight{done: make(chan struct{}), cancel: cancel}
	if f.running == nil {
		f.running = map[string]*flight{}
	}
	f.running[key] = started
	go func() {
		defer cancel()
		started.err = work(ctx)
		f.mu.Lock()
		f.forget(key, started)
		f.mu.Unlock()
		close(started.done)
	}()
	return started
}

// forget removes a flight, unless another one has replaced it. The caller holds
// the lock.
func (f *flights) forget(key string, ended *flight) {
	if f.running[key] == ended {
		delete(f.running, key)
	}
}

// each does n pieces of work at the same time, and returns the first error. On
// an error, it cancels the others and waits for them.
func each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	var once sync.Once
	var first error
	for i := range n {
		all.Go(func() {
			if err := work(ctx, i); err != nil {
				once.Do(func() { first = err })
				cancel(err)
			}
		})
	}
	all.Wait()
	return first
}
