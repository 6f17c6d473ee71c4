package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCtrlCReachesTheCommandOnce presses Ctrl-C on a terminal, which sends SIGINT to
// bundle and to its command: bundle does not pass it on again.
func TestCtrlCReachesTheCommandOnce(t *testing.T) {
	newStage(t)
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	defer terminal.Close()
	n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	end, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	defer end.Close()
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
