package console

import "golang.org/x/sys/unix"

// The requests that read and write the settings of a terminal.
const getTerminal, setTerminal = unix.TIOCGETA, unix.TIOCSETA
