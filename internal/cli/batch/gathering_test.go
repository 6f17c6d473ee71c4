package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/secret"
)

var errStopped = errors.New("the whole read is stopped")

// A store keeps what was read of it. It has every parameter, and takes a second for each
// ten.
type store struct {
	mu    sync.Mutex
	reads []storeRead
	lists []string
	stop  int // number of the read that stops, from 1; 0 for none
}

type storeRead struct {
	kind kind
	refs []secret.Ref
}

func (s *store) read(ctx context.Context, kind kind, refs []secret.Ref, got func(pipeline.Found)) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	s.reads = append(s.reads, storeRead{kind, slices.Clone(refs)})
	stop := len(s.reads) == s.stop
	s.mu.Unlock()
	for some := range slices.Chunk(refs, 10) {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
		if stop {
			return errStopped
		}
		for _, ref := range some {
			got(pipeline.Found{Ref: ref})
		}
	}
	return nil
}

func (s *store) Versions(context.Context, []secret.Ref, func(pipeline.Found)) error {
	panic("versions are read by the client that cannot decrypt")
}

func (s *store) Read(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return s.read(ctx, values, refs, got)
}

func (s *store) Dates(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return s.read(ctx, dates, refs, got)
}

func (s *store) List(_ context.Context, path string, _ bool) ([]param.Parameter, error) {
	s.mu.Lock()
	s.lists = append(s.lists, path)
	s.mu.Unlock()
	time.Sleep(time.Second)
	return []param.Parameter{{Ref: secret.Ref{Name: path + "/x"}}}, nil
}

type blindStore struct{ *store }

func (s blindStore) Versions(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return s.read(ctx, versions, refs, got)
}

func (s blindStore) Ciphertexts(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return s.read(ctx, ciphertexts, refs, got)
}

func (s *store) gathering(ctx context.Context, targets int) *gathering {
	return newGathering(ctx, &awsenv.Clients{Parameters: s, Looking: s, Blind: pipeline.Blind{Parameters: blindStore{s}}}, targets)
}

// distinct returns every reference that was read in a way.
func (s *store) distinct(kind kind) (all []secret.Ref) {
	for _, r := range s.reads {
		if r.kind == kind {
			all = append(all, r.refs...)
		}
	}
	return all
}

// A script is what a target of the test does.
type script struct {
	Steps  []scriptStep
	Panics bool          // after the last step
	Cancel time.Duration // it is canceled then; 0 for never
}

type scriptStep struct {
	After time.Duration
	Kind  kind // or -1 for a list
	Refs  []int
	Twice bool // the same once more, at the same time
}

func scripts() *rapid.Generator[script] {
	short := rapid.Map(rapid.IntRange(0, 4000), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
	steps := rapid.Custom(func(t *rapid.T) scriptStep {
		return scriptStep{
			After: short.Draw(t, "after"), Kind: kind(rapid.IntRange(-1, int(values)).Draw(t, "kind")),
			Refs: rapid.SliceOfN(rapid.IntRange(0, 30), 0, 25).Draw(t, "refs"), Twice: rapid.IntRange(0, 5).Draw(t, "twice") == 0,
		}
	})
	return rapid.Custom(func(t *rapid.T) script {
		s := script{Steps: rapid.SliceOfN(steps, 0, 4).Draw(t, "steps"), Panics: rapid.IntRange(0, 4).Draw(t, "panics") == 0}
		if rapid.IntRange(0, 3).Draw(t, "canceled") == 0 {
			s.Cancel = short.Draw(t, "cancel")
		}
		return s
	})
}

// follow does what a script says, as the target of a member.
func (s script) follow(ctx context.Context, m *member) error {
	if s.Cancel > 0 {
		canceled, stop := context.WithCancel(ctx)
		defer stop()
		defer time.AfterFunc(s.Cancel, stop).Stop()
		ctx = canceled
	}
	for _, step := range s.Steps {
		time.Sleep(step.After)
		errs := make(chan error, 2)
		n := 1
		if step.Twice {
			n = 2
		}
		for range n {
			go func() { errs <- step.do(ctx, m) }()
		}
		var all error
		for range n {
			all = errors.Join(all, <-errs)
		}
		if all != nil {
			return all
		}
	}
	if s.Panics {
		panic("in a target")
	}
	return nil
}

func (s scriptStep) do(ctx context.Context, m *member) error {
	if s.Kind < 0 {
		_, err := gathered{m}.List(ctx, fmt.Sprint("/", len(s.Refs)), true)
		return err
	}
	var refs []secret.Ref
	for _, n := range s.Refs {
		refs = append(refs, secret.Ref{Name: fmt.Sprint("/", n)})
	}
	var busy sync.Mutex
	seen := make(map[secret.Ref]int)
	read := map[kind]func(context.Context, []secret.Ref, func(pipeline.Found)) error{
		versions: m.Versions, ciphertexts: gatheredBlind{m}.Ciphertexts, dates: gathered{m}.Dates, values: gathered{m}.Read,
	}[s.Kind]
	err := read(ctx, refs, func(r pipeline.Found) {
		if !busy.TryLock() {
			panic("got is called twice at a time")
		}
		defer busy.Unlock()
		runtime.Gosched()
		seen[r.Ref]++
	})
	for ref, n := range seen {
		if n != 1 || !slices.Contains(refs, ref) {
			return fmt.Errorf("WRONG: %q is received %d times", ref, n)
		}
	}
	for _, ref := range refs {
		if err == nil && seen[ref] == 0 {
			return fmt.Errorf("WRONG: %q is not received", ref)
		}
	}
	return err
}

// TestTargetsNeverWaitForever: whatever targets do, each of their reads ends, with
// every result once or an error. A bubble of synctest fails if its goroutines wait for
// each other, or if one is left over.
func TestTargetsNeverWaitForever(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := rapid.SliceOfN(scripts(), 1, working+4).Draw(rt, "targets")
		s := &store{stop: rapid.IntRange(0, 8).Draw(rt, "stop")}
		timeout := time.Duration(rapid.IntRange(1, 60).Draw(rt, "timeout")) * time.Second
		failed := make([]error, len(all))
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			g := s.gathering(ctx, len(all))
			membersOf(g, len(all), func(i int, m *member) {
				defer func() {
					if r := recover(); r != nil && r != "in a target" {
						panic(r)
					}
				}()
				defer g.leave()
				failed[i] = all[i].follow(ctx, m)
			})
			if len(g.queue) > 0 || g.waiting != 0 || g.left != 0 {
				t.Errorf("%d in queue, %d wait, %d are left", len(g.queue), g.waiting, g.left)
			}
		})
		for i, err := range failed {
			if err != nil && !errors.Is(err, errStopped) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
				rt.Errorf("target %d: %v", i, err)
			}
			if errors.Is(err, errStopped) && s.stop == 0 {
				rt.Errorf("target %d: nothing was stopped", i)
			}
		}
		for _, r := range s.reads {
			if len(slices.Compact(r.names())) != len(r.refs) {
				rt.Errorf("a reference is read twice in %v", r.refs)
			}
		}
		slices.Sort(s.lists)
		if len(slices.Compact(slices.Clone(s.lists))) != len(s.lists) {
			rt.Errorf("a path is listed twice: %v", s.lists)
		}
	})
}

func (r storeRead) names() (all []string) {
	for _, ref := range r.refs {
		all = append(all, ref.String())
	}
	slices.Sort(all)
	return all
}

// several runs targets that each do something with their member, and returns their
// errors.
func several(ctx context.Context, s *store, do ...func(context.Context, *member) error) []error {
	g := s.gathering(ctx, len(do))
	errs := make([]error, len(do))
	membersOf(g, len(do), func(i int, m *member) {
		defer g.leave()
		errs[i] = do[i](ctx, m)
	})
	return errs
}

// membersOf does something for each of n targets, as a team.
func membersOf(g *gathering, n int, do func(int, *member)) {
	var t team
	for i := range n {
		t = append(t, &Outcome{order: i, Calls: new(awsclient.Calls), done: make(chan struct{})})
	}
	t.each(func(o *Outcome) { do(o.order, &member{gathering: g, order: o.order, calls: o.Calls, turn: o.turn}) })
}

func named(names ...string) (refs []secret.Ref) {
	for _, name := range names {
		refs = append(refs, secret.Ref{Name: name})
	}
	return refs
}

func ignore(pipeline.Found) {}

// TestTargetsThatAreBehindAreWaitedFor: what targets want is read together although
// one begins late, one lists a path first, and one reads versions before.
func TestTargetsThatAreBehindAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(store)
		errs := several(t.Context(), s,
			func(ctx context.Context, m *member) error {
				return gathered{m}.Read(ctx, named("/a", "/b", "/a"), ignore)
			},
			func(ctx context.Context, m *member) error {
				time.Sleep(time.Minute)
				return gathered{m}.Read(ctx, named("/b", "/c"), ignore)
			},
			func(ctx context.Context, m *member) error {
				if _, err := (gathered{m}).List(ctx, "/path", true); err != nil {
					return err
				}
				return gathered{m}.Read(ctx, named("/d"), ignore)
			},
			func(ctx context.Context, m *member) error {
				if err := m.Versions(ctx, named("/e"), ignore); err != nil {
					return err
				}
				return gathered{m}.Read(ctx, named("/e"), ignore)
			},
			func(ctx context.Context, m *member) error { return m.Versions(ctx, named("/e", "/f"), ignore) },
			func(context.Context, *member) error { return errors.New("it has a bad key") },
		)
		if err := errors.Join(errs[:5]...); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(s.distinct(versions), s.distinct(values)), "[/e /f] [/a /b /c /d /e]"; got != want || len(s.reads) != 2 {
			t.Errorf("read:\n%s\nwant:\n%s", got, want)
		}
	})
}

// TestAStoppedReadReachesAll: an error that stops a read is that of every target that
// waits for it, and the next read is made.
func TestAStoppedReadReachesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{stop: 1}
		var late error
		errs := several(t.Context(), s,
			func(ctx context.Context, m *member) error { return m.Versions(ctx, named("/a"), ignore) },
			func(ctx context.Context, m *member) error { return m.Versions(ctx, named("/b"), ignore) },
			func(ctx context.Context, m *member) error {
				late = gathered{m}.Read(ctx, named("/c"), ignore)
				return m.Versions(ctx, named("/c"), ignore)
			},
		)
		if !errors.Is(errs[0], errStopped) || !errors.Is(errs[1], errStopped) || late != nil || errs[2] != nil {
			t.Errorf("%v, %v", errs, late)
		}
	})
}

// TestACanceledTargetStopsNobody: it stops waiting at once, and the others go on.
func TestACanceledTargetStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(store)
		began := time.Now()
		errs := several(t.Context(), s,
			func(ctx context.Context, m *member) error {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				err := gathered{m}.Read(ctx, named("/a"), ignore)
				if waited := time.Since(began); waited != time.Second {
					t.Errorf("it waited for %v", waited)
				}
				return err
			},
			func(ctx context.Context, m *member) error {
				time.Sleep(time.Minute)
				return gathered{m}.Read(ctx, named("/b"), ignore)
			},
		)
		if !errors.Is(errs[0], context.DeadlineExceeded) || errs[1] != nil {
			t.Errorf("%v", errs)
		}
		if got := s.distinct(values); len(got) != 1 || got[0].Name != "/b" {
			t.Errorf("read: %v", got)
		}
	})
}

// TestOnlyAFewWork: of many targets, a few work at a time, and the others wait, be it for
// a read or for room. All read together.
func TestOnlyAFewWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 5 * working
		s := new(store)
		g := s.gathering(t.Context(), many)
		var mu sync.Mutex
		busy, most := 0, 0
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			busy += n
			most = max(most, busy)
		}
		work := func() {
			count(1)
			time.Sleep(time.Second)
			count(-1)
		}
		membersOf(g, many, func(i int, m *member) {
			defer g.leave()
			work()
			err := gathered{m}.Read(t.Context(), named(fmt.Sprint("/", i)), ignore)
			work()
			if err != nil {
				t.Error(err)
			}
		})
		if most != working || len(s.reads) != 1 || len(s.reads[0].refs) != many {
			t.Errorf("%d have worked at a time, %d reads", most, len(s.reads))
		}
	})
}
