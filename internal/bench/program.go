package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/whispering/bundle/internal/peakmem"
)

// The programs that are compared.
const (
	ours   = "this tree"
	before = "recorded"
	peers  = "chamber"
)

// buildAll builds the programs as releases are built, and returns their paths.
func buildAll(ctx context.Context, dir, old, peer string) (map[string]string, error) {
	all := map[string]string{ours: filepath.Join(dir, "bundle-new"), before: filepath.Join(dir, "bundle-old")}
	if err := command(ctx, ".", "sh", "-c", `make -s release VERSION=v9.9.9 >/dev/null && mv dist/bundle "$1"`, "sh", all[ours]); err != nil {
		return nil, err
	}
	// A clone is a repository, from which the build takes its commit; a linked work tree would stay registered.
	tree := filepath.Join(dir, "old")
	if err := command(ctx, ".", "sh", "-c", `git clone -q --shared --no-checkout . "$1" && git -C "$1" checkout -q "$2"`, "sh", tree, old); err != nil {
		return nil, err
	}
	if err := command(ctx, tree, "sh", "-c", `make -s release VERSION=v9.9.9 >/dev/null && mv dist/bundle "$1"`, "sh", all[before]); err != nil {
		return nil, err
	}
	if peer != "" {
		all[peers] = filepath.Join(dir, "chamber")
		if err := command(ctx, peer, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", all[peers], "."); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// A figure is what one run of a process took.
type figure struct {
	wall, cpu float64 // seconds
	peak      float64 // MB of memory
	stdout    []byte
}

// timed runs a process to its end.
func timed(ctx context.Context, w *running, program string, args ...string) (figure, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = w.dir
	cmd.Env = append(append(os.Environ(), "CI=true"), w.env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		return figure{}, fmt.Errorf("%s %v: %w\n%s", filepath.Base(program), args, err, stderr.Bytes())
	}
	return figure{
		wall: took.Seconds(), cpu: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(),
		peak: float64(peakmem.Of(cmd.ProcessState)) / 1e6, stdout: stdout.Bytes(),
	}, nil
}
