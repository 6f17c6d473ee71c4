//go:build unix

package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
)

// TestMain makes the test binary also a process that runs a shell script and ends as
// it does.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "@run" {
		err := Run(context.Background(), "/bin/sh", []string{"sh", "-c", os.Args[2]}, os.Environ())
		var exit *console.ChildExit
		switch {
		case errors.As(err, &exit):
			os.Exit(exit.Code)
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			os.Exit(99)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestSignalsReachTheCommand sends signals to a process in Run, and wants the exit
// code of the command, whatever it makes of them.
func TestSignalsReachTheCommand(t *testing.T) {
	wait := "; echo ready; while :; do sleep 0.01; done"
	for _, c := range []struct {
		name, script string
		send         []syscall.Signal
		code         int
	}{
		{"the exit code", "echo ready; exit 7", nil, 7},
		{"killed", "echo ready; kill -KILL $$", nil, 128 + 9},
		{"terminated", "true" + wait, []syscall.Signal{syscall.SIGTERM}, 128 + 15},
		{"interrupted", "true" + wait, []syscall.Signal{syscall.SIGINT}, 128 + 2},
		{"hung up", "true" + wait, []syscall.Signal{syscall.SIGHUP}, 128 + 1},
		{"SIGTERM handled", "trap 'exit 3' TERM" + wait, []syscall.Signal{syscall.SIGTERM}, 3},
		{"SIGTERM handled well", "trap 'exit 0' TERM" + wait, []syscall.Signal{syscall.SIGTERM}, 0},
		{"SIGINT ignored", "trap '' INT; trap 'exit 4' TERM" + wait, []syscall.Signal{syscall.SIGINT, syscall.SIGINT, syscall.SIGTERM}, 4},
		{"SIGUSR1 and SIGUSR2", "trap 'one=5' USR1; trap 'exit $one' USR2" + wait, []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2}, 5},
		{"SIGHUP handled", "trap 'exit 6' HUP" + wait, []syscall.Signal{syscall.SIGHUP}, 6},
		{"SIGQUIT handled", "trap 'exit 8' QUIT" + wait, []syscall.Signal{syscall.SIGQUIT}, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "@run", c.script)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
				t.Fatalf("%q, %v", line, err)
			}
			for i, s := range c.send {
				if i > 0 && s != c.send[i-1] {
					pause(t) // signals have no order
				}
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait() // its exit code is checked
			if got := cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
		})
	}
}

// TestIgnoredSignalsStayIgnored runs a command as nohup does.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	script := "trap '' HUP; exec " + os.Args[0] + ` @run 'kill -HUP $$; echo alive'`
	out, err := exec.Command("/bin/sh", "-c", script).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "alive" {
		t.Errorf("%q, %v", out, err)
	}
}

func pause(t *testing.T) {
	t.Helper()
	if err := exec.Command("sleep", "0.2").Run(); err != nil {
		t.Fatal(err)
	}
}
