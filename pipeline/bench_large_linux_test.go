package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
)

// The first build of 10,000 secrets for 500 functions without latency. The command
// runs in a process of its own, and the benchmark serves the embedded AWS, so the
// figures contain neither time nor memory of the latter. But the two share the
// processors, which the wall time shows.
func BenchmarkLargeBuild(b *testing.B) {
	dir := b.TempDir()
	command := filepath.Join(dir, "bundle")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", command, "../cmd/bundle").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	s := even(10000, 500)
	for name, content := range map[string]string{"secrets.hcl": s.manifest.String(), "sample.json": string(s.seed(b))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	server, err := awslocal.New(awslocal.WithDir(filepath.Join(dir, ".bundle-local")), awslocal.WithSeed(s.seed(b)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Close() })
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	var wall, cpu, peak []float64
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), command, "--env", "local", "--out", "layer.zip", "--previous", "none", "--ssm-tps", "0", "--json")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CI=true")
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		most := watchMemory(cmd.Process.Pid)
		if err := cmd.Wait(); err != nil {
			b.Fatalf("%v\n%s", err, stderr.Bytes())
		}
		wall = append(wall, time.Since(began).Seconds())
		cpu = append(cpu, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
		peak = append(peak, float64(most())/1e6)
		var answer struct {
			Targets []struct {
				Result struct {
					AWSCalls map[string]int `json:"aws_calls"`
				}
			}
		}
		if err := json.Unmarshal(stdout.Bytes(), &answer); err != nil {
			b.Fatal(err)
		}
		report := answer.Targets[0].Result
		if report.AWSCalls["ssm:GetParameters"] != 1000 || report.AWSCalls["kms:Encrypt"] != 500 {
			b.Fatalf("calls: %v", report.AWSCalls)
		}
	}
	median(b, wall, "s-wall")
	median(b, cpu, "s-cpu")
	median(b, peak, "MB-peak")
}

// watchMemory returns a function that returns the peak memory of a process, in
// bytes, after it ended. (wait(2) would also count the memory that a child had
// from its parent.)
func watchMemory(pid int) (most func() int) {
	peak := make(chan int)
	pattern := regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
	go func() {
		bytes := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			m := pattern.FindSubmatch(status)
			if err != nil || m == nil { // it has ended, or is ending
				peak <- bytes
				return
			}
			if kB, err := strconv.Atoi(string(m[1])); err == nil {
				bytes = kB * 1024
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return func() int { return <-peak }
}
