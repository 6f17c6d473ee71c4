package faulttest

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// failures are system calls that can be made to fail.
func failures() map[string]struct {
	number uint32
	with   syscall.Errno
} {
	return map[string]struct {
		number uint32
		with   syscall.Errno
	}{
		"fsync":  {unix.SYS_FSYNC, unix.EIO},
		"rename": {unix.SYS_RENAMEAT, unix.EIO},
		"flock":  {unix.SYS_FLOCK, unix.ENOLCK},
		"chmod":  {unix.SYS_FCHMOD, unix.EPERM},
	}
}

// failing has a system call fail in the command, which this test program then becomes.
func failing(call string) func(*stage) {
	return func(s *stage) {
		s.wrap = []string{os.Args[0]}
		s.env = append(s.env, failVariable+"="+call)
	}
}

// becomeFailing makes a system call fail in this process, by a filter that exec keeps, and runs a program in it.
// https://docs.kernel.org/userspace-api/seccomp_filter.html
func becomeFailing(call string, args []string) error {
	runtime.LockOSThread() // the filter is that of a thread
	f := failures()[call]
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: f.number},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(f.with)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return err
	}
	return syscall.Exec(args[0], args, os.Environ())
}
