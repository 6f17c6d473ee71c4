//go:build unix

package execwrap

import "syscall"

// Exec becomes another program: this process, with its id and open streams,
// goes on as that one. It returns only when that fails.
func Exec(path string, argv, environ []string) error {
	return syscall.Exec(path, argv, environ)
}
