package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// manyEnvironments is a manifest of n environments in one account, each with
// one function that reads one parameter.
func manyEnvironments(s *stage, n int) {
	var text strings.Builder
	text.WriteString("bundle { name = \"shop\" }\n")
	for i := range n {
		fmt.Fprintf(&text, "environment \"e%d\" {\n  account_id = \"%s\"\n  regions    = [\"us-west-2\"]\n}\n", i, testAccount)
	}
	text.WriteString("function \"hello\" {\n  kms_key = \"alias/hello\"\n  secret \"ONE\" { parameter = \"/canary/secure\" }\n}\n")
	s.write("many.hcl", text.String())
}

// buildAll builds all environments within this process.
func (s *stage) buildAll(ctx context.Context, flags ...string) (code int, stdout, stderr string) {
	s.Setenv("AWS_ACCESS_KEY_ID", s.id) // the SDK reads the process's own
	s.Setenv("AWS_SECRET_ACCESS_KEY", s.key)
	var out, diagnostics bytes.Buffer
	a := newApp(&console.Console{
		Args: append([]string{
			"bundle", "build", "--manifest", "many.hcl", "--all", "--out", "many-{environment}.zip", "--endpoint-url", s.url, "--debug",
		}, flags...),
		Environ: os.Environ(), Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics),
	}, nil)
	code = a.run(ctx)
	return code, out.String(), diagnostics.String()
}

// A signal stops all targets at once. The targets that were done are reported, and the
// others have no problems.
func TestSignalStopsSeveral(t *testing.T) {
	s := newStage(t)
	manyEnvironments(s, 6)
	s.cloud.server.Inject(awslocal.Fault{Kind: awslocal.Hang, Operation: "kms:Encrypt", Nth: 2, Times: 1000})
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := make(chan time.Time, 1)
	go func() {
		for range 1000 {
			layers, _ := filepath.Glob(filepath.Join(s.dir, "many-*.zip"))
			if s.cloud.server.Calls()["kms:Encrypt"] >= 5 && len(layers) == 1 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		stopped <- time.Now()
		cancel(console.Interruption{Signal: syscall.SIGTERM})
	}()
	code, stdout, stderr := s.buildAll(ctx)
	if took := time.Since(<-stopped); took > time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if code != 143 || !strings.Contains(stderr, "stopped by signal (terminated); 1 of 6 are done\n") || strings.Contains(stderr, "Error:") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if strings.Contains(stdout, "ENVIRONMENT") {
		t.Errorf("there is a summary of what was stopped:\n%s", stdout)
	}
}

// Targets are worked on at once: six that each wait for an answer take about as
// long as two.
func TestTargetsAreWorkedOnAtOnce(t *testing.T) {
	s := newStage(t)
	manyEnvironments(s, 6)
	const delay = time.Second
	s.cloud.server.Inject(awslocal.Fault{Kind: awslocal.Slow, Operation: "kms:Encrypt", Delay: delay})
	began := time.Now()
	code, stdout, stderr := s.buildAll(t.Context())
	if took := time.Since(began); code != 0 || took > 5*delay {
		t.Errorf("exit code %d after %v\n%s", code, took, stderr)
	}
	_, summary, _ := strings.Cut(stdout, "ENVIRONMENT")
	for i := range 6 {
		if heading := fmt.Sprintf("e%d us-west-2\n", i); !strings.Contains(stdout, heading) {
			t.Errorf("no %q in\n%s", heading, stdout)
		}
	}
	if strings.Count(summary, " changed\n") != 6 {
		t.Errorf("summary:\n%s", summary)
	}
}
