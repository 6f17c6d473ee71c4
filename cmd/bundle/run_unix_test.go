//go:build unix

package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
)

// TestRunLeavesNoFolder ends bundle run by signals while its command runs. The folder
// of the helpers goes with it. Only SIGKILL leaves it behind, with ciphertext.
func TestRunLeavesNoFolder(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		name, trap string
		send       syscall.Signal
		code       int
		left       int
	}{
		{"interrupted", "", syscall.SIGINT, 130, 0},
		{"terminated", "", syscall.SIGTERM, 143, 0},
		{"hung up", "", syscall.SIGHUP, 129, 0},
		{"a command that ends as it likes", "trap 'exit 3' TERM;", syscall.SIGTERM, 3, 0},
		{"a command that is done", "trap 'exit 0' INT;", syscall.SIGINT, 0, 0},
		{"killed", "trap 'exit 3' TERM;", syscall.SIGKILL, -1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("bundle", "run", "--env", "local", "--function", "hello", "--",
				"sh", "-c", c.trap+`echo "$$"; while :; do sleep 0.01; done`)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) == "" {
				t.Fatalf("%q, %v", line, err)
			}
			folders := func() []string {
				found, err := filepath.Glob(filepath.Join(s.tmp, "bundle-run-*"))
				if err != nil {
					t.Fatal(err)
				}
				return found
			}
			during := folders()
			if len(during) != 1 {
				t.Fatalf("%q", during)
			}
			if info, err := os.Stat(during[0]); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			if err := cmd.Process.Signal(c.send); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its exit code is checked
			if got := cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			if left := folders(); len(left) != c.left {
				t.Errorf("left %q", left)
			}
			for _, h := range s.search.searchFolder(s, s.tmp, nil) {
				t.Errorf("leaked %s", h)
			}
		})
	}
}

// TestReportOfARunThatIsEnded ends bundle plan by signals while AWS does not answer.
func TestReportOfARunThatIsEnded(t *testing.T) {
	reportFolder(t)
	filetest.Write(t, "aws.hcl", reportManifest+"environment \"prod\" {\n  account_id = \"222222222222\"\n  regions = [\"us-west-2\"]\n}\n")
	for signal, code := range map[syscall.Signal]int{syscall.SIGHUP: 129, syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		silent, err := net.Listen("tcp", "127.0.0.1:0") // another one each time: a run may have connected more than once
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		report := signal.String() + ".json"
		cmd := exec.Command("bundle", "plan", "--manifest", "aws.hcl", "--env", "prod", "--endpoint-url", "http://"+silent.Addr().String(), "--report", report)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "CI=", "AWS_PROFILE=", "AWS_ENDPOINT_URL=", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=not-a-real-key")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		asked, err := silent.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its exit code is checked
		_ = asked.Close()
		written, err := os.ReadFile(report)
		if got := cmd.ProcessState.ExitCode(); got != code || err != nil || !strings.Contains(string(written), `"kind": "interrupted"`) {
			t.Errorf("%s: exit code %d, want %d: %v\n%s\n%s", signal, got, code, err, written, &said)
		}
	}
}
