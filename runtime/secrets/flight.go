package secrets

import (
	"context"
	"sync"
)

// flights lets many callers share one piece of work. Nothing is remembered
// after it: whether it must be done at all is asked each time.
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

// do joins the work that is running under key, or starts it if it is needed. A
// caller whose context ends leaves; the work ends when all have left.
func (f *flights) do(ctx context.Context, key string, needed func() bool, work func(context.Context) error) error {
	f.mu.Lock()
	shared := f.running[key]
	if shared == nil {
		// Under the lock: work that has just ended has already been kept.
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

// start begins work that does not end with the context of the caller who
// happened to come first. The lock is held.
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

// forget takes a flight off the list, unless another has taken its place. The
// lock is held.
func (f *flights) forget(key string, ended *flight) {
	if f.running[key] == ended {
		delete(f.running, key)
	}
}

// each does n pieces of work at once and returns the first error; the others
// are canceled by then.
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
