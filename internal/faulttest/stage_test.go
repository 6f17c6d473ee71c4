//go:build unix

// Package faulttest runs bundle while something goes wrong, and holds each run to the promises that must survive it. Make
// faults writes what it found into docs/threat-model.md; make kill ends runs at random moments, and in every phase.
package faulttest

import (
	"bytes"
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/peakmem"
	"github.com/whispering/bundle/layerbuild"
)

const layerFile = "layer.zip"

// A stage is where the command of one row runs: a folder with a manifest and an old layer, and an AWS.
type stage struct {
	*testing.T
	*template
	dir    string
	server *awslocal.Server
	url    string // where calls of the command go
	admin  string // where calls always reach the embedded AWS
	env    []string
	wrap   []string      // a program that runs the command, with its arguments
	limit  time.Duration // --timeout
}

// newStage sets up the world of a row.
func newStage(t *testing.T, p *template, r *row) *stage {
	t.Helper()
	s := &stage{T: t, template: p, dir: t.TempDir(), limit: r.limit}
	if s.limit == 0 {
		s.limit = 10 * time.Second
	}
	state := filepath.Join(t.TempDir(), "state")
	from := p.state
	if r.account != nil {
		from = filepath.Join(t.TempDir(), "account")
		if err := os.CopyFS(from, os.DirFS(p.state)); err != nil {
			t.Fatal(err)
		}
		p.administer(t, from, r.account)
	}
	// A copy, because a process that another row is about to start may still have the lock of the original.
	err := os.CopyFS(state, os.DirFS(from))
	if err != nil {
		t.Fatal(err)
	}
	if s.server, err = awslocal.New(append(r.options, awslocal.WithDir(state), awslocal.WithFaults(r.faults...))...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.server.Close() })
	if s.admin, err = s.server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	serve := r.serve
	if serve == nil {
		serve = plainly
	}
	s.url = serve(s)
	s.write("secrets.hcl", cmp.Or(r.manifest, standard()))
	if p.layer != nil {
		s.write(layerFile, string(p.layer))
	}
	s.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir, "AWS_ACCESS_KEY_ID=" + p.id, "AWS_SECRET_ACCESS_KEY=" + p.secret,
	}
	if r.before != nil {
		r.before(s)
	}
	s.env = append(s.env, r.env...)
	return s
}

// plainly serves the embedded AWS over http.
func plainly(s *stage) string { return s.serve(s.server, startPlainly) }

func startPlainly(server *httptest.Server) { server.Start() }

// serve serves h until the end of the test.
func (s *stage) serve(h http.Handler, start func(*httptest.Server)) string {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	start(server)
	s.Cleanup(func() {
		_ = s.server.Close() // ends calls that hang
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func (s *stage) write(name, content string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.Fatal(err)
	}
}

// read returns a file, or nil if there is none.
func (s *stage) read(name string) []byte {
	s.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.Fatal(err)
	}
	return b
}

// build is a command that seals everything again.
func (s *stage) build(more ...string) []string {
	return s.calling(append([]string{"build", "--env", "prod", "--out", layerFile, "--reseal"}, more...)...)
}

// calling is a command that makes calls.
func (s *stage) calling(args ...string) []string {
	if s.url != "" {
		args = append(args, "--endpoint-url", s.url)
	}
	return append(args, "--timeout", s.limit.String())
}

// A result is how a command ended.
type result struct {
	code           int // that of a shell for a signal that ended it
	stdout, stderr []byte
	took           time.Duration
	peak           float64 // the most memory that it had, in MB
	signaled       bool    // whether the system ended it, for a signal that it did not catch
}

// command is the command, which writes to the buffers.
func (s *stage) command(args []string, stdout, stderr *bytes.Buffer) *exec.Cmd {
	line := slices.Concat(s.wrap, []string{s.program}, args)
	cmd := exec.CommandContext(s.Context(), line[0], line[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env, stdout, stderr
	return cmd
}

// run runs a command to its end.
func (s *stage) run(args ...string) result {
	s.Helper()
	return s.interrupted(nil, args...)
}

// interrupted runs a command, and does something to its process meanwhile.
func (s *stage) interrupted(meanwhile func(*os.Process), args ...string) result {
	s.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(args, &stdout, &stderr)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	if meanwhile != nil {
		meanwhile(cmd.Process)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		s.Fatal(err)
	}
	r := result{code: cmd.ProcessState.ExitCode(), stdout: stdout.Bytes(), stderr: stderr.Bytes(), took: time.Since(began), peak: float64(peakmem.Of(cmd.ProcessState)) / (1 << 20)}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		r.code, r.signaled = 128+int(status.Signal()), true
	}
	return r
}

// temporaries are the files that a run left beside its output.
func (s *stage) temporaries() []string {
	s.Helper()
	all, err := filepath.Glob(filepath.Join(s.dir, ".*.tmp"))
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// isLayer reports whether b is a complete layer.
func isLayer(b []byte) bool {
	_, err := layerbuild.Read(b)
	return err == nil
}

// flat is a text without the ends of lines that wrapping made.
func flat(b []byte) string { return strings.Join(strings.Fields(string(b)), " ") }
