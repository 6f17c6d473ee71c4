//go:build !unix

package execwrap

import (
	"os"
	"os/exec"
)

// Exec runs another program in place of this one, as far as that goes on a
// system without execve: as a child with the same streams, until it ends. The
// error is an *exec.ExitError where the program ran and failed.
func Exec(path string, argv, environ []string) error {
	child := exec.Command(path)
	child.Args, child.Env = argv, environ
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	return child.Run()
}
