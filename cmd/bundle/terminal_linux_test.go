package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// onTerminal runs bundle with standard output on a terminal of so many columns, and
// returns what the terminal gets.
func onTerminal(t *testing.T, columns uint16, environ []string, args ...string) string {
	t.Helper()
	return terminalOf(t, columns, func(terminal *os.File) {
		var diagnostics bytes.Buffer
		a := newApp(&console.Console{
			Args: append([]string{"bundle"}, args...), Environ: environ, Stdin: strings.NewReader(""), Stdout: printable.New(terminal), Stderr: printable.New(&diagnostics),
		}, nil)
		if code := a.run(t.Context()); code != console.ExitDone {
			t.Errorf("%q: exit code %d\n%s", args, code, &diagnostics)
		}
	})
}

// terminalOf returns what a terminal of so many columns gets from run.
func terminalOf(t *testing.T, columns uint16, run func(*os.File)) string {
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
	end, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	got := make(chan []byte)
	go func() {
		var b bytes.Buffer
		_, _ = b.ReadFrom(terminal) // which ends with an error, when nobody has the terminal open any more
		got <- b.Bytes()
	}()
	run(end)
	_ = end.Close()
	select {
	case b := <-got:
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	case <-time.After(10 * time.Second):
		t.Fatal("the terminal got no end")
	}
	return ""
}

// sampleManifest writes a manifest with an embedded environment, and returns its path.
func sampleManifest(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"secrets.hcl": "bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"sample.json\" }\n" +
			"function \"hello\" {\n  kms_key = \"alias/hello\"\n  secret \"DB\" { parameter = \"/shop/db\" }\n}\n",
		"sample.json": `{"keys": [{"alias": "alias/hello"}], "parameters": [{"name": "/shop/db", "type": "SecureString", "value": "not-a-real-password"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "secrets.hcl")
}

func TestTheProgressBarFitsTheTerminal(t *testing.T) {
	for _, columns := range []uint16{20, 40, 80} {
		manifest := sampleManifest(t)
		got := terminalOf(t, columns, func(terminal *os.File) {
			args := []string{"bundle", "--manifest", manifest, "--env", "local", "--out", filepath.Join(filepath.Dir(manifest), "layer.zip")}
			var out bytes.Buffer
			a := newApp(&console.Console{Args: args, Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(terminal)}, nil)
			if code := a.run(t.Context()); code != console.ExitDone {
				t.Errorf("exit code %d", code)
			}
		})
		drawn, last := 0, 0
		for _, line := range strings.Split(got, "\r") {
			before, after, ok := strings.Cut(line, "%")
			if !ok {
				continue
			}
			drawn++
			percent, err := strconv.Atoi(before[strings.LastIndex(before, " ")+1:])
			bar := strings.Count(after, "█") + strings.Count(after, " ")
			if width := utf8.RuneCountInString(line); err != nil || percent < last || percent > 99 || width >= int(columns) || bar < 8 {
				t.Errorf("in %d columns, %q has %d after %d%%", columns, line, width, last)
			}
			last = percent
		}
		if drawn < 4 || last < 50 {
			t.Errorf("in %d columns, %d bars are drawn, the last with %d%%:\n%q", columns, drawn, last, got)
		}
	}
}

func TestAPlanHasColorsOnATerminal(t *testing.T) {
	manifest := sampleManifest(t)
	for environ, colored := range map[string]bool{"TERM=xterm": true, "NO_COLOR=": true, "NO_COLOR=1": false, "TERM=dumb": false} {
		got := onTerminal(t, 80, []string{environ}, "plan", "--manifest", manifest, "--env", "local")
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
