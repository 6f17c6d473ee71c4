package main

import "golang.org/x/sys/unix"

// harden prevents other processes of the same user from reading this one's memory,
// and the kernel from writing it to a core file
// (https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html). Root
// can still do both.
func harden() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
