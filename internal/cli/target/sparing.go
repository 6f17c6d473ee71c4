package target

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	enough  = 48 << 20 // bytes of memory while a manifest of 10,000 secrets is read
	calling = 64 << 20 // bytes of memory for most runs afterwards
	crowded = 36 << 20 // bytes in use, from where on that is not enough
	most    = 92 << 20 // bytes while a manifest is read: enough for the largest
	eager   = 800      // percent that the heap can grow while there is a limit
	growth  = 60       // percent afterwards
)

// Sparing makes the garbage collector keep the process small. It collects when the memory is enough for most runs, and
// not before. If more is in use, the heap grows by a part of it; until end is called, while a manifest is read and
// evaluated, no further than the largest manifest needs. Sparing changes nothing if the user sets GOGC or GOMEMLIMIT.
func Sparing() (end func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	var m memory
	m.set()
	afterCollection(m.collected)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.ended = true
		m.set()
	}
}

// memory is what Sparing goes by.
type memory struct {
	mu             sync.Mutex
	crowded, ended bool
}

// collected looks at what is in use after a collection, and reports whether to look again after the next.
func (m *memory) collected() (again bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.crowded = inUse() > crowded; m.crowded {
		m.set()
	}
	return !m.crowded
}

// set sets the garbage collector's goals.
func (m *memory) set() {
	percent, limit := eager, int64(enough)
	switch {
	case m.crowded && m.ended:
		percent, limit = growth, math.MaxInt64
	case m.crowded:
		limit = most
	case m.ended:
		limit = calling
	}
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(limit)
}

// inUse is how much memory the last collection found in use, in bytes.
func inUse() int {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return int(live[0].Value.Uint64())
}

// afterCollection calls do after the next collection, and again after each for as long as it says so.
func afterCollection(do func() (again bool)) {
	mark := new([]byte) // it has a pointer, so nothing else is allocated together with it
	runtime.AddCleanup(mark, func(struct{}) {
		if do() {
			afterCollection(do)
		}
	}, struct{}{})
}
