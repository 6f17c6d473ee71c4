//go:build !release

package execbin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Released reports whether this build contains the binaries.
const Released = false

// All compiles the binaries from the sources of this program, and returns them.
// If the sources or Go are not on this machine, the error is ErrUnavailable.
func All(ctx context.Context) ([]Binary, error) {
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	if _, err := os.Stat(file); err != nil || !filepath.IsAbs(file) { // -trimpath leaves no absolute path
		return nil, fmt.Errorf("%w, and the sources to compile it from are not on this machine", ErrUnavailable)
	}
	return Build(ctx, dir)
}
