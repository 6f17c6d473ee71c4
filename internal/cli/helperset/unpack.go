package helperset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Folder is one that a command writes files into. It must be empty or not exist.
type Folder struct {
	Path    string
	Named   string // how messages name it, such as --unpack
	Example string // how to write one, such as --unpack helpers
}

// Unpack writes the files in their order, with the modes and times of
// layerbuild.Unpack. If it fails, it removes what it has written, and nothing that
// something else has written there since Check.
func (f Folder) Unpack(files []layerbuild.File) error {
	if err := f.Check(); err != nil {
		return err
	}
	_, err := os.Stat(f.Path)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(f.Path, 0o755); err != nil {
		return f.notWritten(err)
	}
	root, err := os.OpenRoot(f.Path)
	if err != nil {
		return f.notWritten(err)
	}
	defer root.Close()
	err = layerbuild.Unpack(root, files, false)
	if err == nil && isNew {
		err = errors.Join(root.Chmod(".", 0o755), root.Chtimes(".", layerbuild.Unpacked(), layerbuild.Unpacked()))
	}
	if err == nil {
		return nil
	}
	if isNew {
		_ = os.Remove(f.Path) // stays if something else is in it
	}
	return f.notWritten(err)
}

// Check refuses a folder that cannot be one to write to, before anything else is
// done.
func (f Folder) Check() error {
	if strings.HasPrefix(f.Path, "-") || strings.TrimSpace(f.Path) == "" {
		return console.Usagef("%s %q looks like a mistake. Use the name of a folder, for example %s. For a folder with exactly this name, write %q.",
			f.Named, f.Path, f.Example, "./"+f.Path)
	}
	if pipeline.InStateFolder(f.Path) {
		return console.Usagef("%s %s is in %s, which belongs to the embedded AWS. Use a path outside of it.", f.Named, f.Path, pipeline.StateFolder)
	}
	info, err := os.Stat(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.IsDir() {
		return console.Usagef("%s %s exists and is not a folder. Use another path.", f.Named, f.Path)
	}
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return f.notWritten(err)
	}
	if len(entries) > 0 {
		return console.Usagef("%s %s is not empty, so nothing is written. Use another path, or remove the folder.", f.Named, f.Path)
	}
	return nil
}

func (f Folder) notWritten(err error) error {
	return console.Failed(problem.Problems{problem.New(problem.Output, nil, "Unusable output",
		fmt.Sprintf("%s %s: the folder cannot be written: %v. Use a path in a writable folder.", f.Named, f.Path, pipeline.Cause(err)))})
}
