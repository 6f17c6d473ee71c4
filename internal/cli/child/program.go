// Package child runs a command with a function's secrets: as variables, and with
// what the helpers need to open them.
package child

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// Find returns the path of the program that a command names, as a shell finds it. The
// error says why it cannot be run, and has the exit code of that: see notRun.
func Find(command string) (path string, err error) {
	if path, err = exec.LookPath(command); err != nil {
		return "", notRun(command, err)
	}
	return path, nil
}

// notRun returns the error for a program that was not run. The exit code is 127 if
// there is no such program, and 126 if there is one that cannot be run, as in POSIX
// (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02).
func notRun(command string, err error) error {
	const missing, unusable = 127, 126
	refuse := func(code int, format string, args ...any) error {
		return &console.ChildExit{Code: code, Reason: printable.Sprintf(format, args...)}
	}
	switch {
	case errors.Is(err, exec.ErrDot):
		return refuse(unusable, "%q is in the current folder, which PATH includes. To run it, write %q.", command, "."+string(filepath.Separator)+command)
	case errors.Is(err, exec.ErrNotFound):
		if file := onPath(command); file != "" {
			return refuse(unusable, "%q cannot be run: it is not executable", file)
		}
		if strings.ContainsRune(command, ' ') {
			return refuse(missing, "there is no program %q on PATH. Write each argument as a word of its own, or start a shell: sh -c %q.", command, command)
		}
		return refuse(missing, "there is no program %q on PATH. Install it, or correct the command after --.", command)
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(command); err == nil {
			return refuse(missing, "%q cannot be run: the interpreter that its first line names does not exist", command)
		}
		return refuse(missing, "there is no program %q. Correct the command after --.", command)
	case errors.Is(err, syscall.EISDIR):
		return refuse(unusable, "%q cannot be run: it is a folder. Correct the command after --.", command)
	case errors.Is(err, syscall.ENOTDIR):
		return refuse(unusable, "%q cannot be run: a part of its path is not a directory. Correct the command after --.", command)
	case errors.Is(err, fs.ErrPermission):
		return refuse(unusable, "%q cannot be run: it is not executable. Name its interpreter, or make it executable with chmod +x.", command)
	}
	var path *fs.PathError
	var find *exec.Error
	switch { // without the path, which the message has already
	case errors.As(err, &find):
		err = find.Err
	case errors.As(err, &path):
		err = path.Err
	}
	return refuse(unusable, "%q cannot be run: %v", command, err)
}

// onPath returns the first file with that name on PATH, "" if there is none.
func onPath(name string) string {
	if name == "" || strings.ContainsRune(name, filepath.Separator) {
		return ""
	}
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		file := filepath.Join(folder, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file
		}
	}
	return ""
}
