//go:build unix

// Package peakmem reads how much memory a process had at most.
package peakmem

import (
	"os"
	"runtime"
	"syscall"
)

// Of returns the peak memory of a process that has ended, in bytes; 0 if the system does not say. What wait(2) reports about
// a child includes the memory of its parent at the start.
func Of(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	most := int64(usage.Maxrss) //nolint:unconvert // it has 32 bits on some systems
	if runtime.GOOS != "darwin" {
		most *= 1024
	}
	return most
}
