package rollout_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/rollout"
)

func sleep(milliseconds int) { time.Sleep(time.Duration(milliseconds) * time.Millisecond) }

// step runs a job, and compares what is there then.
func (w *world) step(what string, change func(*rollout.Rollout), version int64, wantRow, wantState string) {
	w.t.Helper()
	job := w.job()
	if change != nil {
		change(job)
	}
	rows, problems := run(w.t.Context(), job, version, "hello")
	w.settle()
	if got := short(rows); got != wantRow || len(problems) > 0 {
		w.t.Errorf("%s: %s %q\nwant %s", what, got, problems, wantRow)
	}
	if got := w.state(); got != wantState {
		w.t.Errorf("%s: %s\nwant %s", what, got, wantState)
	}
}

func share(s float64) func(*rollout.Rollout) { return func(r *rollout.Rollout) { r.Share = s } }

func back(r *rollout.Rollout) { r.Back = true }

func older(r *rollout.Rollout) { r.Older = true }

func TestACanary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live("hello", foreign, at(1), awsLayer)
		w.step("10 %", share(0.1), 2, "hello change changed 1>2 1>2", "$LATEST 2, live 1 2:0.1 (1), versions 1 2")
		w.step("10 % again", share(0.1), 2, "hello keep unchanged 2>2 1>", "$LATEST 2, live 1 2:0.1 (1), versions 1 2")
		w.step("50 %", share(0.5), 2, "hello change changed 2>2 1>2", "$LATEST 2, live 1 2:0.5 (1), versions 1 2")
		w.step("a newer one instead", share(0.1), 3, "hello change changed 2>3 1>3", "$LATEST 3, live 1 3:0.1 (1), versions 1 2 3")
		w.step("back", back, 3, "hello change changed 3>1 1>1", "$LATEST 3, live 1 (1), versions 1 2 3")
		w.step("10 %, once more", share(0.1), 3, "hello change changed 3>3 1>3", "$LATEST 3, live 1 3:0.1 (1), versions 1 2 3")
		w.step("all", nil, 3, "hello change changed 3>3 1>3", "$LATEST 3, live 3 (3), versions 1 2 3")
		w.release("hello", "live", "3", "1", 0.4) // the other way round
		w.step("the rest of the old one", nil, 3, "hello change changed 3>3 3>3", "$LATEST 3, live 3 (3), versions 1 2 3")
	})
}

func TestTheLayerIsNewAtLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live("hello", foreign)
		w.setLayers("hello", foreign, at(1))
		w.settle()
		_, problems := run(t.Context(), w.job(), 1, "hello")
		if len(problems) != 1 || !strings.Contains(problems[0], "in that it has the layer") {
			t.Errorf("%q", problems)
		}
	})
}

func TestBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live("hello", foreign, at(1), awsLayer)
		w.step("2", nil, 2, "hello change changed 1>2 1>2", done)
		w.step("3", nil, 3, "hello change changed 2>3 2>3", "$LATEST 3, live 3 (3), versions 1 2 3")
		w.made()
		w.step("back", back, 3, "hello change changed 3>2 3>2", "$LATEST 3, live 2 (2), versions 1 2 3")
		if got, want := strings.Join(w.made(), " "), "ListVersionsByFunction ListAliases ListTags UpdateAlias"; got != want {
			t.Errorf("calls %s", got)
		}
		w.step("back again", back, 3, "hello keep unchanged 2>2 2>", "$LATEST 3, live 2 (2), versions 1 2 3")
		w.step("forward", nil, 3, "hello change changed 3>3 2>3", "$LATEST 3, live 3 (3), versions 1 2 3")
		unpublish("shop", 2)(w)
		w.step("back to a deleted layer", back, 3, "hello change changed 3>2 3>2", "$LATEST 3, live 2 (2), versions 1 2 3")
		w.step("$LATEST back", older, 1, "hello change changed 3>1 2>4", "$LATEST 1, live 4 (1), versions 1 2 3 4")
		w.step("nothing before", back, 2, "hello keep unchanged 1>1 4>", "$LATEST 1, live 4 (1), versions 1 2 3 4")
	})
}

// What has other code is not gone back to.
func TestBackKeepsTheCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live("hello", at(1))
		newCode(w)
		w.settle()
		w.setLayers("hello", at(2))
		w.settle()
		w.release("hello", "live", w.version("hello"))
		w.step("back", back, 2, "hello skip unchanged 2>2 2>", "$LATEST 2, live 2 (2), versions 1 2")
		w.setCode("hello", "one")
		w.settle()
		w.setLayers("hello", at(3))
		w.settle()
		w.release("hello", "live", w.version("hello"))
		w.step("back over a version", back, 3, "hello change changed 3>1 3>1", "$LATEST 3, live 1 (1), versions 1 2 3")
	})
}

// The alias is touched by something else while it goes back.
func TestBackIsGuarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live("hello", at(1))
		w.step("2", nil, 2, "hello change changed 1>2 1>2", done)
		onCall("UpdateAlias", 1, true, func(w *world) { w.release("hello", "live", "2") })(w)
		w.made()
		w.step("touched", back, 2, "hello change changed 2>1 2>1", "$LATEST 2, live 1 (1), versions 1 2")
		w.before = nil
		w.step("forward", nil, 2, "hello change changed 2>2 1>2", done)
		lost("UpdateAlias", 1)(w)
		w.made()
		w.step("lost", back, 2, "hello change changed 2>1 2>1", "$LATEST 2, live 1 (1), versions 1 2")
	})
}

// Functions without an alias, without the layer, and those that cannot be changed.
func TestOtherFunctions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.function("plain", at(1))
		w.function("bare", foreign)
		w.function("dev", at(1))
		w.release("dev", "live", "$LATEST")
		rows, problems := run(t.Context(), w.job(), 2, "plain", "bare", "dev", "none")
		want := "plain change changed 1>2 >\nbare skip unchanged 0>2 >\ndev change changed 1>2 $LATEST>\nnone skip unchanged 0>2 >"
		if got := short(rows); got != want || len(problems) > 0 {
			t.Errorf("%s %q", got, problems)
		}
		w.expect("plain", []string{at(2)}, "", nil)
		w.expect("bare", []string{foreign}, "", nil)
		w.expect("dev", []string{at(2)}, "$LATEST", []string{at(2)})
		w.create("managed", func(in *lambda.CreateFunctionInput) {
			in.CapacityProviderConfig = capacity
		}, at(1))
		if rows, problems = run(t.Context(), w.job(), 2, "managed"); rows[0].Action != rollout.Refuse || len(problems) != 1 || !strings.HasPrefix(problems[0], "Function runs on Managed") {
			t.Errorf("%s %q", short(rows), problems)
		}
		if _, problems = run(t.Context(), func() *rollout.Rollout { j := w.job(); j.Back = true; return j }(), 2, "plain", "none"); len(problems) > 0 {
			t.Error(problems)
		}
	})
}

// A function that could not open its document is refused, also if it is pinned meanwhile.
func TestSettingsAreChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live("hello", at(1))
		pin := strings.Repeat("a", 64)
		w.before = func(c string, i int) error {
			if c == "UpdateFunctionConfiguration" && i == 1 {
				w.set("hello", func(in *lambda.UpdateFunctionConfigurationInput) { in.Environment = pinned(pin) })
				w.release("hello", "live", func() string { w.settle(); return w.version("hello") }())
			}
			return nil
		}
		p, problems := w.job().Plan(t.Context(), []rollout.Want{{Function: "hello", Layer: layer, Version: 2, Check: func(_ int64, s publish.Settings) problem.Problems {
			if s.SHA256 != "" {
				return problem.Problems{problem.New(problem.Integrity, nil, "Pinned", s.SHA256)}
			}
			return nil
		}}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if problems = p.Apply(t.Context()); len(problems) != 1 || problems[0].Detail != pin {
			t.Error(problems)
		}
		w.expect("hello", []string{at(1)}, "2", []string{at(1)})
	})
}

// After a failure, nothing more is begun, and what is in progress stops before its next change.
func TestFailuresStopTheRest(t *testing.T) {
	for _, most := range []int{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			var names []string
			for i := range 40 {
				name := fmt.Sprintf("f%02d", i)
				w.live(name, at(1))
				names = append(names, name)
			}
			fails := "arn:aws:lambda:us-east-1:000000000000:function:f00"
			check(w, 0, w.server.FailFunctionUpdate(fails, failure))
			job := w.job()
			job.MaxFailures, job.Wave = most, 0.1
			rows, problems := run(t.Context(), job, 2, names...)
			states := map[rollout.State]int{}
			for _, r := range rows {
				states[r.State]++
			}
			if most == 1 && (states[rollout.Changed] > 3 || states[rollout.NotTried] < 36 || len(problems) != 2) || states[rollout.Failed] != 1 {
				t.Errorf("%d: %v %q", most, states, problems)
			}
			if most == 2 && (states[rollout.Changed] != 39 || len(problems) != 2) {
				t.Errorf("%d: %v %q", most, states, problems)
			}
		})
	}
}

// A run that is interrupted says how far it came.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live("hello", at(1))
		ctx, cancel := context.WithCancel(t.Context())
		onCall("UpdateFunctionConfiguration", 1, false, func(*world) { cancel() })(w)
		rows, problems := run(ctx, w.job(), 2, "hello")
		if rows[0].State != rollout.Stopped || len(problems) != 1 || !strings.HasPrefix(problems[0], "Partly rolled out") {
			t.Errorf("%s %q", short(rows), problems)
		}
		w.after = nil
		w.settle()
		w.step("again", nil, 2, "hello change changed 2>2 1>2", done)
	})
}

// 500 functions take no more calls than they need, never more than Lambda's quota of 15 per second allows, and no memory that stays.
func TestFiveHundredFunctions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 500
		w := newWorld(t)
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("f%03d", i))
		}
		for _, name := range names {
			must(w.client.CreateFunction(t.Context(), newFunction(name, foreign, at(1))))(w)
		}
		w.settle()
		for _, name := range names {
			w.release(name, "live", w.version(name))
		}
		began := time.Now()
		tokens, last, refused := 15.0, time.Now(), 0
		w.before = func(string, int) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			now := time.Now()
			tokens, last = min(15, tokens+15*now.Sub(last).Seconds()), now
			if tokens--; tokens < 0 {
				refused++
			}
			return nil
		}
		held := heap()
		rows, problems := run(t.Context(), w.job(), 2, names...)
		grown := int64(heap()) - int64(held)
		if len(problems) > 0 || slices.ContainsFunc(rows, func(r *rollout.Row) bool { return r.State != rollout.Changed }) {
			t.Errorf("%q", problems)
		}
		calls := map[string]int{}
		all := w.made()
		for _, c := range all {
			calls[c]++
		}
		// To look: $LATEST, the aliases, the version that the alias serves, tags, code signing. To change: update, one look after it, version,
		// alias. And once the other layer.
		const floor = 9*n + 1
		t.Logf("%d calls (floor %d) in %s of its time, %d KiB kept: %v", len(all), floor, time.Since(began), grown>>10, calls)
		if len(all) > floor*11/10 || refused > 0 || grown > n<<13 {
			t.Errorf("%d calls, %d refused, %d bytes kept", len(all), refused, grown)
		}
		runtime.KeepAlive(rows)
	})
}

// heap is the memory in use, in bytes.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
