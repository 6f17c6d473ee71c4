//go:build !linux && !darwin

package console

import (
	"os"

	"golang.org/x/term"
)

// readHidden reads a line from a terminal, which does not show it.
func readHidden(f *os.File) ([]byte, error) { return term.ReadPassword(int(f.Fd())) }
