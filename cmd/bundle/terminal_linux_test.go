package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// onTerminal runs bundle with standard output on a terminal of so many columns, and
// returns what the terminal gets.
func onTerminal(t *testing.T, columns uint16, environ []string, args ...string) string {
	t.Helper()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	defer terminal.Close()
	fd := int(terminal.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	got := make(chan []byte)
	go func() {
		var b bytes.Buffer
		_, _ = b.ReadFrom(terminal) // which ends with an error, when nobody has the terminal open any more
		got <- b.Bytes()
	}()
	var diagnostics bytes.Buffer
	a := newApp(&console.Console{Args: append([]string{"bundle"}, args...), Environ: environ, Stdin: strings.NewReader(""), Stdout: printable.New(stdout), Stderr: printable.New(&diagnostics)}, nil)
	code := a.run(t.Context())
	_ = stdout.Close()
	select {
	case b := <-got:
		if code != console.ExitDone {
			t.Fatalf("%q: exit code %d\n%s", args, code, &diagnostics)
		}
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	case <-time.After(10 * time.Second):
		t.Fatal("the terminal got no end")
	}
	return ""
}

func TestAPlanHasColorsOnATerminal(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"secrets.hcl": "bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"sample.json\" }\nfunction \"hello\" {\n  kms_key = \"alias/hello\"\n  secret \"DB\" { parameter = \"/shop/db\" }\n}\n",
		"sample.json": `{"keys": [{"alias": "alias/hello"}], "parameters": [{"name": "/shop/db", "type": "SecureString", "value": "not-a-real-password"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for environ, colored := range map[string]bool{"TERM=xterm": true, "NO_COLOR=": true, "NO_COLOR=1": false, "TERM=dumb": false} {
		got := onTerminal(t, 80, []string{environ}, "plan", "--manifest", filepath.Join(dir, "secrets.hcl"), "--env", "local")
		if !strings.Contains(got, "hello: 1 secret") || strings.Contains(got, "\x1b[32m+\x1b[0m hello") != colored || strings.Contains(got, "\x1b") != colored {
			t.Errorf("with %s: %q", environ, got)
		}
	}
}

func TestHelpFitsTheTerminal(t *testing.T) {
	for _, columns := range []uint16{50, 132} {
		if got := onTerminal(t, columns, nil, "plan", "--help"); got != helpOf(t, int(columns), "bundle", "plan") {
			t.Errorf("in %d columns:\n%s", columns, got)
		}
	}
}
