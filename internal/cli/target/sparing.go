package target

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// Sparing has the garbage collector keep the process small, until end is called: while a manifest is read and evaluated,
// most of what there is in memory is garbage. Afterwards the heap may grow by a part of what is in use. Whoever sets
// GOGC or GOMEMLIMIT keeps it.
func Sparing() (end func()) {
	const (
		enough   = 48 << 20 // bytes, for 10,000 secrets
		most     = 92 << 20 // for what is as large as a manifest can be
		crowded  = 36 << 20 // in use, from where on enough is not
		small    = 32 << 20 // not worth collecting
		growth   = 60       // percent
		eager    = 400      // percent, while there is a limit
		percents = 100
	)
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	var ended atomic.Bool
	afterCollection(func() (again bool) {
		if inUse() > crowded && !ended.Load() {
			debug.SetMemoryLimit(most)
			return false
		}
		return !ended.Load()
	})
	debug.SetGCPercent(eager)
	debug.SetMemoryLimit(enough)
	return func() {
		ended.Store(true)
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(max(growth, percents*small/max(inUse(), 1)-percents))
	}
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
