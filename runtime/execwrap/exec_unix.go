//go:build unix

package execwrap

import "syscall"

// Exec becomes another program, with execve: the process keeps its ID and open
// streams. It returns only if that fails.
func Exec(path string, argv, environ []string) error {
	return syscall.Exec(path, argv, environ)
}
