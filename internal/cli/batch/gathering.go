package batch

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/secret"
)

// A gathering reads Parameter Store and Secrets Manager for the targets of one session. A read waits
// until every target of the session waits for one or is done. Then what they all want
// is read together, each distinct reference once. So only targets that have passed
// their own checks cause reads, and the number of calls does not depend on the number
// of targets. It keeps no result.
//
// docs/adr/0011-shared-reads.md gives the reasons.
type gathering struct {
	ctx        context.Context // of the run: it ends for all targets at once
	parameters pipeline.Parameters
	looking    pipeline.Versions
	blind      pipeline.BlindParameters

	mu      sync.Mutex
	left    int // targets that are not done
	waiting int // targets with a call in queue
	queue   []*call
	lists   map[place]*listing
}

// A kind is a way to read references. A target begins with the first.
type kind int

const (
	versions kind = iota
	ciphertexts
	dates
	values
)

// A call is a read of one target.
type call struct {
	by   *member
	kind kind
	refs []secret.Ref
	got  func(pipeline.Found)
	done chan struct{} // closed after the last result
	err  error         // valid once it is done
}

// A place is a path as a target lists it.
type place struct {
	path      string
	recursive bool
	blind     bool // SecureStrings only
}

// A listing is what is below a place.
type listing struct {
	done  chan struct{} // closed when the rest is valid
	found []param.Parameter
	err   error
}

// newGathering returns a gathering for the given number of targets of a session.
func newGathering(ctx context.Context, s *awsenv.Clients, targets int) *gathering {
	return &gathering{
		ctx: ctx, parameters: s.Parameters, looking: s.Looking, blind: s.Blind.Parameters, left: targets,
		lists: make(map[place]*listing),
	}
}

// leave records that a target is done.
func (g *gathering) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left--
	g.proceed()
}

// add puts a call in the queue.
func (g *gathering) add(c *call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = append(g.queue, c)
	if c.by.queued++; c.by.queued == 1 {
		g.waiting++
	}
	g.proceed()
}

// remove takes a call out of the queue. It returns false if the call is already being
// made.
func (g *gathering) remove(c *call) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.queue, c)
	if i < 0 {
		return false
	}
	g.queue = slices.Delete(g.queue, i, i+1)
	g.taken(c)
	return true
}

// taken records that a call is not in the queue anymore.
func (g *gathering) taken(c *call) {
	if c.by.queued--; c.by.queued == 0 {
		g.waiting--
	}
}

// proceed begins a read if all targets wait for one. Calls of a later kind stay in the
// queue: targets that are not as far could still want the same.
func (g *gathering) proceed() {
	if len(g.queue) == 0 || g.waiting < g.left {
		return
	}
	first := slices.MinFunc(g.queue, func(a, b *call) int { return cmp.Compare(a.kind, b.kind) }).kind
	var now []*call
	g.queue = slices.DeleteFunc(g.queue, func(c *call) bool {
		if c.kind == first {
			now = append(now, c)
			g.taken(c)
		}
		return c.kind == first
	})
	slices.SortStableFunc(now, func(a, b *call) int { return cmp.Compare(a.by.order, b.by.order) })
	go g.read(first, now)
}

// read reads what several calls want. It counts for the first of their targets.
func (g *gathering) read(kind kind, calls []*call) {
	users := make(map[secret.Ref][]*call)
	var refs []secret.Ref
	for _, c := range calls {
		for _, ref := range c.refs {
			switch those := users[ref]; {
			case len(those) == 0:
				refs = append(refs, ref)
			case those[len(those)-1] == c:
				continue
			}
			users[ref] = append(users[ref], c)
		}
	}
	err := g.reading(kind)(calls[0].by.counted(g.ctx), refs, func(r pipeline.Found) {
		for _, c := range users[r.Ref] {
			c.got(r)
		}
	})
	for _, c := range calls {
		c.err = err
		close(c.done)
	}
}

// reading returns how to make calls of a kind. Versions are always read by the client
// that cannot decrypt, so that those of blind and other functions are read together.
func (g *gathering) reading(k kind) func(context.Context, []secret.Ref, func(pipeline.Found)) error {
	switch k {
	case versions:
		return g.blind.Versions
	case ciphertexts:
		return g.blind.Ciphertexts
	case dates:
		return g.looking.Dates
	}
	return g.parameters.Read
}

// list lists a path once for all targets. It counts for the first that wants it.
func (g *gathering) list(by *member, p place) ([]param.Parameter, error) {
	g.mu.Lock()
	l, known := g.lists[p]
	if !known {
		l = &listing{done: make(chan struct{})}
		g.lists[p] = l
	}
	g.mu.Unlock()
	if known {
		<-l.done // its context is that of the run
		return l.found, l.err
	}
	defer close(l.done)
	list := g.parameters.List
	if p.blind {
		list = g.blind.List
	}
	l.found, l.err = list(by.counted(g.ctx), p.path, p.recursive)
	return l.found, l.err
}

// A member is a target of a gathering.
type member struct {
	*gathering
	order  int              // among the targets of the run
	calls  *awsclient.Calls // made for the target
	turn   *turn            // given to others while the target waits for them
	queued int              // calls in the queue; guarded by the gathering
}

// counted returns a context for calls that count for the target.
func (m *member) counted(ctx context.Context) context.Context {
	return awsclient.WithCalls(ctx, m.calls)
}

// read makes one read. A target that is canceled does not wait for the others.
func (m *member) read(ctx context.Context, kind kind, refs []secret.Ref, got func(pipeline.Found)) error {
	m.turn.pause()
	defer m.turn.resume()
	if len(refs) == 0 || ctx.Err() != nil {
		return m.reading(kind)(ctx, refs, got)
	}
	c := &call{by: m, kind: kind, refs: refs, got: got, done: make(chan struct{})}
	m.add(c)
	select {
	case <-c.done:
	case <-ctx.Done():
		if m.remove(c) {
			return m.reading(kind)(ctx, refs, got) // makes no call, and says how the context has ended
		}
		<-c.done
	}
	return c.err
}

// list lists a path.
func (m *member) list(p place) ([]param.Parameter, error) {
	m.turn.pause()
	defer m.turn.resume()
	return m.gathering.list(m, p)
}

// Versions implements pipeline.Parameters and pipeline.BlindParameters.
func (m *member) Versions(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return m.read(ctx, versions, refs, got)
}

// Dates implements pipeline.Parameters and pipeline.BlindParameters.
func (m *member) Dates(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return m.read(ctx, dates, refs, got)
}

// gathered implements pipeline.Parameters.
type gathered struct{ *member }

// Read implements pipeline.Parameters.
func (m gathered) Read(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return m.read(ctx, values, refs, got)
}

// List implements pipeline.Parameters.
func (m gathered) List(_ context.Context, path string, recursive bool) ([]param.Parameter, error) {
	return m.list(place{path: path, recursive: recursive})
}

// gatheredBlind implements pipeline.BlindParameters.
type gatheredBlind struct{ *member }

// Ciphertexts implements pipeline.BlindParameters.
func (m gatheredBlind) Ciphertexts(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return m.read(ctx, ciphertexts, refs, got)
}

// List implements pipeline.BlindParameters.
func (m gatheredBlind) List(_ context.Context, path string, recursive bool) ([]param.Parameter, error) {
	return m.list(place{path, recursive, true})
}
