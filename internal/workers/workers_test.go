package workers

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAsManyAtOnceAsWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, calls atomic.Int32
		w := Start(3)
		for range 10 {
			w.Always(func() {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				calls.Add(1)
			})
		}
		w.Stop()
		if most.Load() != 3 || calls.Load() != 10 {
			t.Errorf("%d calls, %d at once", calls.Load(), most.Load())
		}
	})
}

func TestNothingStartsAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := Start(1)
		ctx, cancel := context.WithCancelCause(t.Context())
		release := make(chan struct{})
		w.Go(ctx, func() { <-release })
		time.AfterFunc(time.Second, func() { cancel(nil) })
		if w.Go(ctx, func() { t.Error("was called") }) {
			t.Error("no worker was free")
		}
		close(release)
		synctest.Wait()
		for range 100 { // a worker is free, and the context has ended: select would choose either
			if err := w.Do(ctx, func() error { t.Error("was called"); return nil }); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		w.Stop()
	})
}

func TestDoReturnsTheError(t *testing.T) {
	w := Start(2)
	defer w.Stop()
	want := errors.New("no")
	if err := w.Do(t.Context(), func() error { return want }); !errors.Is(err, want) {
		t.Error(err)
	}
}

func TestEachPassesEveryResultOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		got, busy := map[int]int{}, false
		err := Each(t.Context(), 3, []int{1, 2, 3, 4, 5, 6, 7}, func(_ context.Context, n int) (int, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return n * n, nil
		}, func(n int) {
			if busy {
				t.Error("two at a time")
			}
			busy = true
			got[n]++
			busy = false
		})
		if err != nil || len(got) != 7 || got[49] != 1 || most.Load() != 3 {
			t.Errorf("%v, %v, %d at once", got, err, most.Load())
		}
	})
}

func TestTheFirstErrorEndsEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		failed := errors.New("failed")
		err := Each(t.Context(), 2, []int{1, 2, 3, 4, 5, 6}, func(ctx context.Context, n int) (int, error) {
			calls.Add(1)
			if n == 1 {
				time.Sleep(time.Second)
				return 0, failed
			}
			<-ctx.Done()
			return 0, ctx.Err()
		}, func(int) { t.Error("a result") })
		if !errors.Is(err, failed) || calls.Load() != 2 {
			t.Errorf("%v after %d calls", err, calls.Load())
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		err = Each(ended, 2, []int{1}, func(context.Context, int) (int, error) { return 0, failed }, func(int) {})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %v", err)
		}
	})
}
