package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/internal/printable"
)

// waitForEcho waits until a terminal shows what is typed, or does not.
func waitForEcho(t *testing.T, f *os.File, want bool) {
	t.Helper()
	for range 500 {
		state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if (state.Lflag&unix.ECHO != 0) == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the terminal does not set echo to %v", want)
}

func TestAskDoesNotShowTheAnswer(t *testing.T) {
	person, program := needs.Terminal(t)
	var diagnostics bytes.Buffer
	c := &Console{Stdin: program, Stderr: printable.New(&diagnostics)}
	if !c.Attended() || (&Console{Stdin: strings.NewReader("")}).Attended() {
		t.Error("it does not know a terminal")
	}
	type answer struct {
		value []byte
		err   error
	}
	ask := func(ctx context.Context) chan answer {
		given := make(chan answer, 1)
		go func() {
			value, err := c.Ask(ctx, "Value: ")
			given <- answer{value, err}
		}()
		waitForEcho(t, program, false)
		return given
	}
	given := ask(t.Context())
	if _, err := person.WriteString("c4nary 1\n"); err != nil {
		t.Fatal(err)
	}
	if a := <-given; string(a.value) != "c4nary 1" || a.err != nil {
		t.Errorf("%q, %v", a.value, a.err)
	}
	waitForEcho(t, program, true)
	if _, err := program.WriteString("end"); err != nil {
		t.Fatal(err)
	}
	shown := make([]byte, 100)
	n, err := person.Read(shown)
	if err != nil || string(shown[:n]) != "end" || strings.Contains(diagnostics.String(), "c4nary") {
		t.Errorf("%v, the terminal shows %q and %q", err, shown[:n], &diagnostics)
	}
	// Control-D ends the input, and the terminal is as it was.
	for typed, want := range map[string]string{"\x04": "", "c4nary 2\x04\x04": "c4nary 2"} {
		given = ask(t.Context())
		if _, err := person.WriteString(typed); err != nil {
			t.Fatal(err)
		}
		if a := <-given; string(a.value) != want || (want == "") != errors.Is(a.err, io.EOF) {
			t.Errorf("%q: %q, %v", typed, a.value, a.err)
		}
		waitForEcho(t, program, true)
	}
	running := runtime.NumGoroutine()
	ctx, interrupt := context.WithCancel(t.Context())
	given = ask(ctx)
	interrupt()
	if a := <-given; !errors.Is(a.err, context.Canceled) {
		t.Errorf("interrupted: %v", a.err)
	}
	waitForEcho(t, program, true)
	// What still reads ends with the next line, and resets the terminal once more.
	if _, err := person.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if runtime.NumGoroutine() <= running {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := diagnostics.String(); got != strings.Repeat("Value: \n", 4) {
		t.Errorf("it printed %q", got)
	}
}
