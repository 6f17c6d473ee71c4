//go:build !linux

package main

// harden does nothing on systems without PR_SET_DUMPABLE.
func harden() {}
