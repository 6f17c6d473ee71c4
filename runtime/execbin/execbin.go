// Package execbin has the binaries of cmd/bundle-exec that go into a layer.
//
// A release is built with -tags release and holds them. Any other build makes
// them when they are asked for, with the Go toolchain, from the sources that it
// was itself built from: a checkout, or the module cache. Nothing is downloaded
// either way, and the same sources and toolchain give the same bytes.
package execbin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrUnavailable says that the binaries can neither be found nor be made here.
var ErrUnavailable = errors.New("this build of bundle does not hold bundle-exec")

// A Binary is bundle-exec for one architecture: static, for Linux.
type Binary struct {
	Path string // in a layer: "bundle/bin/arm64/bundle-exec"
	Data []byte
}

// architectures are those of Lambda, and what Go calls them
// (https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html).
func architectures() [][2]string {
	return [][2]string{{"x86_64", "amd64"}, {"arm64", "arm64"}}
}

func layerPath(architecture string) string { return "bundle/bin/" + architecture + "/bundle-exec" }

// Paths are those of the binaries in a layer.
func Paths() []string {
	var all []string
	for _, a := range architectures() {
		all = append(all, layerPath(a[0]))
	}
	return all
}

// Build makes the binaries from the module at dir, with the program go and what
// is in its module cache. It takes less than a second once Go has compiled the
// packages for both architectures, and some 30 s of one core before.
func Build(ctx context.Context, dir string) ([]Binary, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, fmt.Errorf("%w, and the Go toolchain, which would compile it, is not on PATH", ErrUnavailable)
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

// compile leaves nothing to the machine: no path, no version control, no
// setting of the user is in what it writes.
func compile(ctx context.Context, dir, goarch, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", out, "./cmd/bundle-exec")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")
	output, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}
