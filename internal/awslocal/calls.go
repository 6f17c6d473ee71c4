package awslocal

import (
	"maps"
	"sync"
)

// counter counts calls by "service:Operation".
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	for _, name := range names {
		c.n[name]++
	}
}

// Calls returns the number of calls by "service:Operation" since the start or the last ResetCalls. Every attempt counts, also one
// that failed. SSM reads with WithDecryption=true also count as "ssm:GetParameters(decrypt)".
func (s *Server) Calls() map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	counts := map[string]int{}
	maps.Copy(counts, s.calls.n)
	return counts
}

// ResetCalls sets all counts to zero.
func (s *Server) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.n = nil
}
