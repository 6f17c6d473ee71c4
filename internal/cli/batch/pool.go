package batch

import (
	"context"
	"sync"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/seal"
)

// A pool has the sessions of several targets: one for each environment and region,
// whatever the number of its functions. Sessions in one account and region share their
// paces, because they share quotas.
type pool struct {
	ctx     context.Context // of the run
	connect func(t *target.Target, beside *awsenv.Clients) (*awsenv.Clients, error)

	mu     sync.Mutex
	shared map[string]*shared
	first  map[string]*awsenv.Clients // by account and region
}

// A shared session stays open until the last of its targets is done.
type shared struct {
	once  sync.Once
	s     *awsenv.Clients
	reads *gathering
	err   error
	left  int
}

// sessionName is equal for targets of one session.
func sessionName(t *target.Target) string { return t.Environment + " " + t.Region }

func newPool(ctx context.Context, targets []*target.Target, connect func(*target.Target, *awsenv.Clients) (*awsenv.Clients, error)) *pool {
	p := &pool{ctx: ctx, connect: connect, shared: make(map[string]*shared), first: make(map[string]*awsenv.Clients)}
	for _, t := range targets {
		if p.shared[sessionName(t)] == nil {
			p.shared[sessionName(t)] = new(shared)
		}
		p.shared[sessionName(t)].left++
	}
	return p
}

// get returns the session of a target, and what to call once it is done.
func (p *pool) get(o *Outcome) (*awsenv.Clients, func(), error) {
	e := p.shared[sessionName(o.Target)]
	e.once.Do(func() {
		if e.s, e.err = p.open(o.Target); e.err == nil {
			e.reads = newGathering(p.ctx, e.s, e.left)
		}
	})
	release := func() {
		if e.reads != nil {
			e.reads.leave()
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if e.left--; e.left == 0 && e.s != nil {
			e.s.Close()
		}
	}
	if e.err != nil {
		return nil, release, e.err
	}
	m := &member{gathering: e.reads, order: o.order, calls: o.Calls, turn: o.turn}
	s := *e.s
	s.Parameters, s.Looking, s.Blind.Parameters = gathered{m}, gathered{m}, gatheredBlind{m}
	return &s, release, nil
}

func (p *pool) open(t *target.Target) (*awsenv.Clients, error) {
	if t.Manifest.Environment.Embedded.Value != "" {
		return remembered(p.connect(t, nil)) // it may have to wait until another session is closed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	account := t.Manifest.Environment.AccountID.Value + " " + t.Region
	s, err := remembered(p.connect(t, p.first[account]))
	if err == nil && p.first[account] == nil {
		p.first[account] = s
	}
	return s, err
}

// remembered makes a session ask for the caller only once, and for each key only once.
func remembered(s *awsenv.Clients, err error) (*awsenv.Clients, error) {
	if err != nil {
		return nil, err
	}
	s.Keys = &rememberedKeys{Keys: s.Keys, found: make(map[string]func() (seal.Key, error))}
	caller := s.Caller
	var once sync.Once
	var account string
	s.Caller = func(ctx context.Context) (string, error) {
		once.Do(func() { account, err = caller(ctx) })
		return account, err
	}
	return s, nil
}

// rememberedKeys describes a key once for all builds that share it.
type rememberedKeys struct {
	pipeline.Keys
	mu    sync.Mutex
	found map[string]func() (seal.Key, error)
}

// Describe implements pipeline.Keys.
func (k *rememberedKeys) Describe(ctx context.Context, ref string) (seal.Key, error) {
	k.mu.Lock()
	find, ok := k.found[ref]
	if !ok {
		find = sync.OnceValues(func() (seal.Key, error) { return k.Keys.Describe(ctx, ref) })
		k.found[ref] = find
	}
	k.mu.Unlock()
	return find()
}
