package needs

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal returns both ends of a terminal, which are open until the test ends.
func Terminal(t testing.TB) (person, program *os.File) {
	t.Helper()
	open := func(path string) *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			Absent(t, "there are no terminals here: %v", err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	person = open("/dev/ptmx")
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return person, open(fmt.Sprintf("/dev/pts/%d", n))
}

// Resize makes a terminal, of which end is an end, so many columns wide.
func Resize(t testing.TB, end *os.File, columns uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(end.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
}

// Shown returns what a terminal of so many columns gets while run runs, which gets the program's end of it.
func Shown(t testing.TB, columns uint16, run func(*os.File)) string {
	t.Helper()
	person, program := Terminal(t)
	Resize(t, person, columns)
	got := make(chan []byte, 1)
	go func() {
		b, _ := bufio.NewReader(person).ReadBytes(0) // what is left when the last file is closed can be lost
		got <- bytes.TrimSuffix(b, []byte{0})
	}()
	run(program)
	_, _ = program.Write([]byte{0})
	select {
	case b := <-got:
		return string(b)
	case <-time.After(10 * time.Second):
		t.Fatal("the terminal got no end")
	}
	return ""
}
