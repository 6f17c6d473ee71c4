// Package helpers has the files that each helper puts into a layer.
package helpers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/runtime/execbin"
	"github.com/whispering/bundle/runtime/execwrap"
	"github.com/whispering/bundle/runtime/node"
	"github.com/whispering/bundle/runtime/python"
)

// Files returns the files that a helper, one of layerbuild.Helpers, puts into a
// layer. For "exec", the error can be execbin.ErrUnavailable or that of the Go
// compiler.
func Files(ctx context.Context, name string) ([]layerbuild.File, error) {
	switch name {
	case "node":
		return node.Files()
	case "python":
		return layerbuild.HelperFiles(python.Files)
	case "exec":
		files, err := script()
		if err != nil {
			return nil, err
		}
		binaries, err := execbin.All(ctx)
		for _, b := range binaries {
			files = append(files, layerbuild.File{Path: b.Path, Executable: true, Data: b.Data})
		}
		return files, err
	}
	return nil, fmt.Errorf("there is no helper %q", name)
}

// script returns the files of the helper "exec" that need no compiler.
func script() ([]layerbuild.File, error) {
	top, err := fs.Sub(execwrap.Files, "files")
	if err != nil {
		return nil, err
	}
	files, err := layerbuild.HelperFiles(top)
	for i := range files {
		files[i].Executable = true // go:embed keeps no modes
	}
	return files, err
}

// errNotAsked is why bundle-exec is missing if Own was told not to compile it.
var errNotAsked = errors.New("this build of bundle would have to compile it")

// Own returns the files of all helpers of this build of bundle, under the given
// name. A build that is not a release contains no bundle-exec: Own compiles it
// if compile is set. Without it, the binaries are listed without a hash, and
// Missing says why. The error is for everything else, such as an interrupted run.
func Own(ctx context.Context, name string, compile bool) (layerbuild.Release, error) {
	own := layerbuild.Release{Name: name, Files: make(map[string]layerbuild.Sum)}
	for _, helper := range layerbuild.Helpers() {
		var files []layerbuild.File
		err := errNotAsked
		if helper != "exec" || compile || execbin.Released {
			files, err = Files(ctx, helper)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return own, context.Cause(ctx)
		case helper != "exec":
			return own, err
		default:
			own.Missing = err
			for _, path := range execbin.Paths() {
				own.Files[path] = layerbuild.Sum{}
			}
			if files, err = script(); err != nil {
				return own, err
			}
		}
		for _, f := range files {
			own.Files[f.Path] = f.Sum()
		}
	}
	return own, nil
}
