//go:build !unix

package execwrap

import (
	"os"
	"os/exec"
)

// Exec runs another program as a child process with the same streams, and waits
// until it ends, because this system has no execve. The error is an
// *exec.ExitError if the program ran and failed.
func Exec(path string, argv, environ []string) error {
	child := exec.Command(path)
	child.Args, child.Env = argv, environ
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	return child.Run()
}
