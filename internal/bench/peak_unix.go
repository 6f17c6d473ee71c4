//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peak is the peak memory of a process, in MB. What wait(2) reports about a child includes the memory of its parent at the
// start, so the embedded AWS runs in its own process.
func peak(s *os.ProcessState) float64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return float64(usage.Maxrss) / 1e6
	}
	return float64(usage.Maxrss) * 1024 / 1e6
}
