// Package execbin has the binaries of cmd/bundle-exec that go into a layer.
//
// A release is built with -tags release and contains them. Any other build
// compiles them on demand, with the Go toolchain, from the sources that it was
// itself built from: a checkout, or the module cache. Nothing is downloaded. The
// same sources and toolchain give the same bytes.
package execbin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrUnavailable reports that this build does not contain the binaries, and that
// they cannot be compiled on this machine.
var ErrUnavailable = errors.New("this build of bundle does not contain bundle-exec")

// A Binary is bundle-exec for one architecture, a static program for Linux.
type Binary struct {
	Path string // in a layer: "bundle/bin/arm64/bundle-exec"
	Data []byte
}

// architectures returns the architectures of Lambda, each with its name in Go
// (https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html).
func architectures() [][2]string {
	return [][2]string{{"x86_64", "amd64"}, {"arm64", "arm64"}}
}

func layerPath(architecture string) string { return "bundle/bin/" + architecture + "/bundle-exec" }

// Paths returns the paths of the binaries in a layer.
func Paths() []string {
	var all []string
	for _, a := range architectures() {
		all = append(all, layerPath(a[0]))
	}
	return all
}

// Build compiles the binaries from the module at dir, with the program go on
// PATH and its module cache. Without go, it returns ErrUnavailable. The first
// build takes about 30 s on one core, later builds less than a second.
func Build(ctx context.Context, dir string) ([]Binary, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, fmt.Errorf("%w, and the Go toolchain to compile it is not on PATH", ErrUnavailable)
	}
	scratch, err := os.MkdirTemp("", "bundle-exec-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	var all []Binary
	for _, a := range architectures() {
		out := filepath.Join(scratch, a[0])
		if err := compile(ctx, dir, a[1], out); err != nil {
			return nil, fmt.Errorf("cannot build bundle-exec for %s: %w", a[0], err)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			return nil, err
		}
		all = append(all, Binary{layerPath(a[0]), data})
	}
	return all, nil
}

// compile compiles a binary that does not depend on the machine: on paths,
// version control or the user's settings.
func compile(ctx context.Context, dir, goarch, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", out, "./cmd/bundle-exec")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")
	err := cmd.Run() // what it prints is dropped: it can be anything, and of any length
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("go build failed (%w). To see why, run GOOS=linux GOARCH=%s CGO_ENABLED=0 GOPROXY=off GOTOOLCHAIN=local go build -o %s ./cmd/bundle-exec in %s. "+
			"If modules are missing there, run go mod download", err, goarch, os.DevNull, dir)
	}
	return nil
}
