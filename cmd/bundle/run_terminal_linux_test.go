package main

import (
	"bufio"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// TestCtrlCReachesTheCommandOnce presses Ctrl-C on a terminal, which sends SIGINT to
// bundle and to its command: bundle does not pass it on again.
func TestCtrlCReachesTheCommandOnce(t *testing.T) {
	newStage(t)
	terminal, end := needs.Terminal(t)
	cmd := exec.Command("bundle", "run", "--env", "local", "--function", "hello", "--",
		"sh", "-c", `n=0; trap 'n=$((n+1))' INT; echo ready; while [ $n = 0 ]; do :; done; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit $n`) // busy, so that no two signals become one
	cmd.Stdin, cmd.Stdout, cmd.Stderr = end, end, end
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(terminal); lines.Scan() && !strings.HasSuffix(lines.Text(), "ready"); {
	}
	if _, err := terminal.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code is checked
	if got := cmd.ProcessState.ExitCode(); got != 1 {
		t.Errorf("the command got SIGINT %d times", got)
	}
}
