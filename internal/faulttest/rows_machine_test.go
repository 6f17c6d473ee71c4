//go:build unix

package faulttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/needs"
)

// to builds for another path than that of the old layer.
func to(path string) func(*stage) []result {
	return func(s *stage) []result {
		return []result{s.run(s.calling("build", "--env", "prod", "--out", path)...)}
	}
}

// within runs the command in a shell, as "$@".
func within(script string) func(*stage) {
	return func(s *stage) { s.wrap = []string{"sh", "-c", script, "sh"} }
}

// requireMounts skips the test where nobody can mount a file system for one process.
func requireMounts(s *stage) {
	s.Helper()
	if err := exec.CommandContext(s.Context(), "unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", s.dir).Run(); err != nil {
		needs.Missing(s.T, "no file system can be mounted here (unshare -rm, of util-linux)")
	}
}

// onDisk runs the command on a file system of 64 kB, after a shell has changed it.
func onDisk(change string) func(*stage) {
	return func(s *stage) {
		s.Helper()
		requireMounts(s)
		s.wrap = []string{"unshare", "-rm", "sh", "-c", `mkdir disk && mount -t tmpfs -o size=64k tmpfs disk && cp layer.zip secrets.hcl disk || exit 99
` + change + `
(cd disk && "$@")
code=$?
cp disk/layer.zip . && find disk -name '.*.tmp' -exec cp {} . ';'
exit $code`, "sh"}
	}
}

// again is a build that has nothing to do.
func again(s *stage) []result {
	return []result{s.run(s.calling("build", "--env", "prod", "--out", layerFile)...)}
}

// together are eight builds at once.
func together(s *stage) []result {
	all := make([]result, 8)
	var running sync.WaitGroup
	for i := range all {
		running.Go(func() { all[i] = s.run(s.build()...) })
	}
	running.Wait()
	return all
}

func prepared(change func(dir string) error) func(*stage) {
	return func(s *stage) {
		if err := change(s.dir); err != nil {
			s.Fatal(err)
		}
	}
}

// long puts 100 parameters of 4 KiB.
func long(t *testing.T, cfg aws.Config) {
	t.Helper()
	for i := range 100 {
		put(t, cfg, fmt.Sprintf("/prod/long/p%d", i), strings.Repeat(fmt.Sprintf("not-a-real-value-%d ", i), 300)[:4096])
	}
}

// longManifest has all of them in each of 20 functions.
func longManifest() string {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("/prod/long/p%d", i))
	}
	text := head
	for f := range 20 {
		text += function(fmt.Sprintf("f%d", f), names...)
	}
	return text
}

// machine are the rows of files, streams and settings of the machine.
func machine() []*row {
	folder := func(dir string) error { return os.Mkdir(filepath.Join(dir, "folder"), 0o700) }
	link := func(dir string) error { return os.Symlink(layerFile, filepath.Join(dir, "link")) }
	fifo := func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600) }
	readOnly := func(dir string) error { return os.Chmod(filepath.Join(dir, layerFile), 0o400) }
	unusable := func(fault, path string, before func(*stage), code int, step string) *row {
		return &row{number: "24", fault: fault, note: "no call is made", before: before, act: to(path), code: code, layer: old, names: []string{path}, step: step, calls: noCalls}
	}
	return []*row{
		{number: "23", fault: "a write fails midway", before: within(`ulimit -f 1; exec "$@"`), code: 8, layer: old, names: []string{layerFile, "too large"}, step: "use a path in another folder"},
		{number: "23", fault: "the disk is full", before: onDisk("head -c 1000000 /dev/zero >disk/filler 2>/dev/null"), code: 8, layer: old, names: []string{layerFile, "no space left"}, step: "free space"},
		{number: "23", fault: "`fsync` fails", before: failing("fsync"), code: 8, layer: old, names: []string{layerFile, "input/output error"}, step: "check the disk"},
		{number: "23", fault: "`rename` fails", before: failing("rename"), code: 8, layer: old, names: []string{layerFile, "input/output error"}, step: "check the disk"},
		{number: "23", fault: "`chmod` fails", before: failing("chmod"), code: 8, layer: old, names: []string{layerFile, "not permitted"}, step: "use a path in a writable folder"},
		{number: "23", fault: "the file system has no locks", note: "a killed run leaves its file for an hour", before: failing("flock"), layer: fresh},
		{number: "23", fault: "the file system is read-only", note: "no call is made", before: onDisk("mount -o remount,ro disk"), code: 8, layer: old, names: []string{layerFile, "read-only file system"},
			step: "use a path in a writable folder", calls: noCalls},
		unusable("`--out` in a folder that does not exist", "nowhere/layer.zip", nil, 8, "mkdir -p nowhere"),
		unusable("`--out` is a folder", "folder", prepared(folder), 8, "use another path"),
		unusable("`--out` is a symbolic link", "link", prepared(link), 8, "use another path"),
		unusable("`--out` is a pipe", "fifo", prepared(fifo), 8, "use another path"),
		unusable("`--out` is `/dev/null`", "/dev/null", nil, 8, "use another path"),
		unusable("`--out` is read-only", layerFile, prepared(readOnly), 8, "chmod u+w"),
		unusable("`--out` is the manifest", "secrets.hcl", nil, 2, "use another path"),
		{number: "25", fault: "eight builds at once", note: "every one succeeds", act: together, limit: 20 * time.Second, layer: fresh},
		{number: "26", fault: "standard output is closed", before: within(`exec "$@" >&-`), layer: fresh},
		{number: "26", fault: "standard error is closed", before: within(`exec "$@" 2>&-`), layer: fresh},
		{number: "26", fault: "the reader of standard output has gone", note: "`SIGPIPE`, when the layer is written", layer: fresh, code: 141,
			before: within(`{ sleep 0.1; "$@" 2>/dev/null; echo $? >code; } | true; read -r code <code; rm code; echo Error: >&2; exit "$code"`)},
		{number: "26", fault: "a full disk behind standard output", note: "the layer is written", before: within(`exec "$@" >/dev/full`), code: 8, layer: fresh,
			names: []string{"standard output", "no space left"}, step: "check where standard output goes"},
		{number: "26", fault: "a full disk behind `GITHUB_OUTPUT`", note: "the layer is written", env: []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push", "GITHUB_OUTPUT=/dev/full"}, code: 8, layer: fresh,
			names: []string{"GITHUB_OUTPUT", "no space left"}, step: "run the step again"},
		{number: "26", fault: "`TERM=dumb` and no width", env: []string{"TERM=dumb", "COLUMNS=0", "LINES=0"}, layer: fresh},
		{number: "27", fault: "another time zone, language and umask", note: "the same bytes", env: []string{"TZ=Asia/Kathmandu", "LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8"}, before: within(`umask 077; exec "$@"`), act: again, layer: old},
		{number: "27", fault: "one processor", note: "the same bytes", env: []string{"GOMAXPROCS=1"}, act: again, layer: old},
		{number: "27", fault: "64 processors", note: "the same bytes", env: []string{"GOMAXPROCS=64"}, act: again, layer: old},
		{number: "30", fault: "2,000 secrets of 4 KiB, `GOMEMLIMIT=64MiB` and `ulimit -d 393216`", note: "384 MiB; it takes at most 200 MB", env: []string{"GOMEMLIMIT=64MiB"}, before: within(`ulimit -d 393216; exec "$@"`), account: long, manifest: longManifest(),
			act: first("--ssm-tps", "0"), limit: 30 * time.Second, slow: true, layer: fresh, after: func(_ *stage, all []result) string {
				if all[0].peak > 200 {
					return fmt.Sprintf("it took %.0f MB", all[0].peak)
				}
				return ""
			}},
	}
}

// ended are the rows of signals, in the phases that a call can hold up; make kill has the others.
func ended() []*row {
	var all []*row
	for _, phase := range []struct{ name, call string }{{"the checks", "sts:GetCallerIdentity"}, {"reading", reads}, {"reading secrets", gets}, {"sealing", seals}} {
		for _, s := range []struct {
			name   string
			signal syscall.Signal
		}{{"`SIGINT`", syscall.SIGINT}, {"`SIGTERM`", syscall.SIGTERM}, {"`SIGKILL`", syscall.SIGKILL}} {
			all = append(all, &row{number: "21", fault: s.name + " during " + phase.name, faults: always(awslocal.Fault{Operation: phase.call, Kind: awslocal.Hang}),
				act: func(on *stage) []result { return []result{on.during(phase.call, s.signal)} }, limit: 20 * time.Second, code: 128 + int(s.signal), layer: old, names: told(s.signal)})
		}
	}
	return append(all, &row{number: "21", fault: "`SIGINT` again, while nobody reads what the first one leads to", note: "it ends the run at once", limit: 20 * time.Second,
		faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Hang}), before: unread, act: interruptedTwice, code: 130, layer: old,
		after: func(_ *stage, all []result) string {
			if !all[0].signaled {
				return "the first signal ended it"
			}
			return ""
		}})
}

// unread has a pipe in place of standard error.
func unread(s *stage) {
	s.Helper()
	prepared(func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600) })(s)
	within(`exec "$@" 2<>fifo`)(s)
}

// interruptedTwice interrupts a build that waits for Encrypt. Its pipe is full then, so that it waits again, to say so, and is interrupted once more.
func interruptedTwice(s *stage) []result {
	s.Helper()
	pipe, err := syscall.Open(filepath.Join(s.dir, "fifo"), syscall.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = syscall.Close(pipe) }()
	interrupt := func(p *os.Process) {
		for _, size := range []int{4096, 1} { // what fits no more in one piece may fit in smaller ones
			for piece := make([]byte, size); ; {
				if _, err := syscall.Write(pipe, piece); err != nil {
					break
				}
			}
		}
		_ = p.Signal(syscall.SIGINT)
		time.Sleep(200 * time.Millisecond)
		patience := time.AfterFunc(5*time.Second, func() { _ = p.Kill() })
		s.Cleanup(func() { patience.Stop() })
	}
	return []result{s.during(seals, syscall.SIGINT, interrupt)}
}

// told is what a signal that can be caught leads to.
func told(signal syscall.Signal) []string {
	if signal == syscall.SIGKILL {
		return nil
	}
	return []string{"stopped by signal", "nothing was written"}
}

// during sends a signal to a build that waits for a call, after it has done something else to it, and returns its result, timed from the signal.
func (s *stage) during(call string, signal syscall.Signal, before ...func(*os.Process)) result {
	s.Helper()
	var sent time.Time
	r := s.interrupted(func(p *os.Process) {
		for range 1000 {
			if s.server.Calls()[call] > 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		for _, do := range before {
			do(p)
		}
		sent = time.Now()
		_ = p.Signal(signal)
	}, s.build()...)
	r.took = time.Since(sent)
	s.limit = 0 // it ends within a second
	return r
}
