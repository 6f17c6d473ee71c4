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

// Calls counts the calls since the start or the last ResetCalls, each attempt and whatever came of it, by "service:Operation". Reads
// of SSM with WithDecryption=true count once more as "ssm:GetParameters(decrypt)".
func (s *Server) Calls() map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	counts := map[string]int{}
	maps.Copy(counts, s.calls.n)
	return counts
}

// ResetCalls begins counting anew.
func (s *Server) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.n = nil
}
