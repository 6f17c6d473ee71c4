package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"github.com/whispering/bundle/internal/printable"
)

// Attended reports whether standard input is a terminal.
func (c *Console) Attended() bool {
	f, ok := c.Stdin.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A Person is somebody at a terminal who can answer questions.
type Person struct {
	console  *Console
	terminal *os.File
	opened   bool
}

// Person returns who can answer questions: at the terminal of standard input or, if that
// is not one but standard error is, at the terminal of the process. In a CI, and without a
// terminal, it is nobody, and ok is false. Call Leave at the end.
func (c *Console) Person() (p *Person, ok bool) {
	if c.CI() {
		return nil, false
	}
	if c.Attended() {
		return &Person{console: c, terminal: c.Stdin.(*os.File)}, true
	}
	if Terminal(c.Stderr) == 0 {
		return nil, false
	}
	name := "/dev/tty"
	if runtime.GOOS == "windows" {
		name = "CONIN$"
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, false
	}
	return &Person{console: c, terminal: f, opened: true}, true
}

// Leave ends the conversation.
func (p *Person) Leave() {
	if p.opened {
		_ = p.terminal.Close()
	}
}

// Agrees asks a question, and reports whether the answer is yes. Every other answer, and
// none, is no.
func (p *Person) Agrees(ctx context.Context, question string) (bool, error) {
	_, _ = io.WriteString(p.console.Stderr.Text(), printable.Line(question)+" [y/N] ")
	given := make(chan string, 1)
	go func() {
		line, _ := readLine(p.terminal)
		given <- string(line)
	}()
	select {
	case answer := <-given:
		answer = strings.ToLower(strings.TrimSpace(answer))
		return answer == "y" || answer == "yes", nil
	case <-ctx.Done():
		_, _ = fmt.Fprintln(p.console.Stderr.Text())
		return false, ctx.Err()
	}
}

// Ask asks for a value at the terminal of standard input, which does not show it. It returns
// io.EOF if the person ends the input instead. If the run is interrupted, it gives the
// terminal back as it was.
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
		value, err := readHidden(f)
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

// readLine reads up to a line break or, if there is none, the end of the input. It returns
// io.EOF if that comes first. It reads a byte at a time: what follows may be for another
// question.
func readLine(r io.Reader) ([]byte, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		switch {
		case n == 0 && err == io.EOF && len(line) > 0:
			return line, nil
		case n == 0 && err != nil:
			return nil, err
		case n == 1 && b[0] == '\n':
			return line, nil
		case n == 1:
			line = append(line, b[0])
		}
	}
}
