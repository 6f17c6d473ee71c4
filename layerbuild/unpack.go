package layerbuild

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Unpacked is the time that Unpack gives to files and folders, so that an archive
// of them has the same bytes each time. It is later than the one in the zip (L-4),
// which in the Americas is before 1980, the first year that a zip can name.
func Unpacked() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// Unpack writes files below a folder, which has none of them, in this order. Nothing
// is written outside of it, and nothing is replaced. The modes are 0644 and 0755,
// whatever the umask is; the times are Unpacked. If private is set, only this user
// can read them, and the times are those of any new file. The errors are those of
// package os.
func Unpack(dir *os.Root, files []File, private bool) error {
	folder, file, executable := fs.FileMode(0o755), fs.FileMode(0o644), fs.FileMode(0o755)
	if private {
		folder, file, executable = 0o700, 0o600, 0o700
	}
	var made []string // folders, each after the one that it is in
	for _, f := range files {
		for _, above := range parents(f.Path) {
			if slices.Contains(made, above) {
				continue
			}
			if err := dir.Mkdir(above, folder); err != nil {
				return err
			}
			made = append(made, above)
		}
		mode := file
		if f.Executable {
			mode = executable
		}
		if err := writeNew(dir, f, mode); err != nil {
			return err
		}
	}
	if private {
		return nil
	}
	for _, name := range made {
		if err := dir.Chmod(name, folder); err != nil {
			return err
		}
	}
	for _, name := range slices.Concat(pathsOf(files), made) {
		if err := dir.Chtimes(name, Unpacked(), Unpacked()); err != nil {
			return err
		}
	}
	return nil
}

func writeNew(dir *os.Root, f File, mode fs.FileMode) error {
	w, err := dir.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = w.Write(f.Data)
	return errors.Join(err, w.Chmod(mode), w.Close())
}

// parents returns the folders that a path is in, the outermost first.
func parents(p string) (all []string) {
	for i, c := range p {
		if c == '/' {
			all = append(all, p[:i])
		}
	}
	return all
}

func pathsOf(files []File) (all []string) {
	for _, f := range files {
		all = append(all, f.Path)
	}
	return all
}
