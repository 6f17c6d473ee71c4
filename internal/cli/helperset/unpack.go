package helperset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/runtime/packages"
)

// Unpack writes the npm package and the PyPI package of the helpers into a folder,
// which must be empty or not exist. It returns the number of files. If it fails, it
// removes what it has written.
func Unpack(dir, version string) (int, error) {
	if strings.HasPrefix(dir, "-") || strings.TrimSpace(dir) == "" {
		return 0, console.Usagef("--unpack %q looks like a mistake. Use the name of a folder, for example --unpack helpers. For a folder with exactly this name, write %q.", dir, "./"+dir)
	}
	if pipeline.InStateFolder(dir) {
		return 0, console.Usagef("--unpack %s is in %s, which belongs to the embedded AWS. Use a path outside of it.", dir, pipeline.StateFolder)
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return 0, console.Usagef("--unpack %s exists and is not a folder. Use another path.", dir)
	}
	isNew := errors.Is(err, fs.ErrNotExist)
	if entries, err := os.ReadDir(dir); err != nil && !isNew {
		return 0, notUnpacked(dir, err)
	} else if len(entries) > 0 {
		return 0, console.Usagef("--unpack %s is a folder that is not empty, so nothing is written. Use another path, or remove the folder.", dir)
	}
	files, err := packages.Files(version)
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		if err := write(filepath.Join(dir, filepath.FromSlash(f.Path)), f.Data); err != nil {
			_, _ = os.RemoveAll(filepath.Join(dir, packages.NPM)), os.RemoveAll(filepath.Join(dir, packages.PyPI))
			if isNew {
				_ = os.Remove(dir)
			}
			return 0, notUnpacked(dir, err)
		}
	}
	return len(files), nil
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

func notUnpacked(dir string, err error) error {
	return console.Failed(problem.Problems{problem.New(problem.Output, nil, "Unusable output",
		fmt.Sprintf("--unpack %s: the folder cannot be written: %v. Use a path in a writable folder.", dir, pipeline.Cause(err)))})
}
