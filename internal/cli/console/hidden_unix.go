//go:build linux || darwin

package console

import (
	"os"

	"golang.org/x/sys/unix"
)

// readHidden reads a line from a terminal, which does not show it. [term.ReadPassword] does the
// same, but takes the end of the input, which is Control-D, for nothing that was typed yet.
func readHidden(f *os.File) ([]byte, error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getTerminal)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	hidden.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTerminal, &hidden); err != nil {
		return nil, err
	}
	defer func() { _ = unix.IoctlSetTermios(fd, setTerminal, before) }()
	return readLine(f)
}
