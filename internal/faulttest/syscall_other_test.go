//go:build unix && !linux

package faulttest

import (
	"errors"

	"github.com/whispering/bundle/internal/needs"
)

// failing skips the row: only Linux has a filter of system calls.
func failing(string) func(*stage) {
	return func(s *stage) { needs.Absent(s.T, "this system cannot make a system call fail") }
}

func becomeFailing(string, []string) error { return errors.ErrUnsupported }
