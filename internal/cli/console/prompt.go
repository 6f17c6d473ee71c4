package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/whispering/bundle/internal/printable"
)

// Attended reports whether standard input is a terminal.
func (c *Console) Attended() bool {
	f, ok := c.Stdin.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Ask asks for a value at the terminal of standard input, which does not show it. If the
// run is interrupted, it gives the terminal back as it was.
func (c *Console) Ask(ctx context.Context, prompt string) ([]byte, error) {
	f, ok := c.Stdin.(*os.File)
	if !ok {
		return nil, errors.New("standard input is not a terminal")
	}
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	_, _ = io.WriteString(c.Stderr.Text(), printable.Line(prompt))
	type answer struct {
		value []byte
		err   error
	}
	given := make(chan answer, 1)
	go func() {
		value, err := term.ReadPassword(fd)
		given <- answer{value, err}
	}()
	defer func() { _, _ = fmt.Fprintln(c.Stderr.Text()) }() // the newline that was typed is not shown either
	select {
	case a := <-given:
		return a.value, a.err
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		return nil, ctx.Err()
	}
}
