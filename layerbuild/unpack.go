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
// can read them, and the times are those of any new file. If it fails, it removes what
// it has made and nothing else. The errors are those of package os.
func Unpack(dir *os.Root, files []File, private bool) error {
	u := unpacking{dir: dir, folder: 0o755, file: 0o644, executable: 0o755}
	if private {
		u.folder, u.file, u.executable = 0o700, 0o600, 0o700
	}
	err := u.write(files)
	if err == nil && !private {
		err = u.finish()
	}
	if err != nil {
		u.undo()
	}
	return err
}

// An unpacking knows what it has made.
type unpacking struct {
	dir                      *os.Root
	folder, file, executable fs.FileMode
	made                     []string // each after the folder that it is in
	folders                  []string // those of made that are folders
}

func (u *unpacking) write(files []File) error {
	for _, f := range files {
		for _, above := range parents(f.Path) {
			if slices.Contains(u.folders, above) {
				continue
			}
			if err := u.dir.Mkdir(above, u.folder); err != nil {
				return err
			}
			u.made, u.folders = append(u.made, above), append(u.folders, above)
		}
		if err := u.writeNew(f); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacking) writeNew(f File) error {
	mode := u.file
	if f.Executable {
		mode = u.executable
	}
	w, err := u.dir.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	u.made = append(u.made, f.Path)
	_, err = w.Write(f.Data)
	return errors.Join(err, w.Chmod(mode), w.Close())
}

// finish sets modes of folders and times, which writing would change.
func (u *unpacking) finish() error {
	for _, name := range u.folders {
		if err := u.dir.Chmod(name, u.folder); err != nil {
			return err
		}
	}
	for _, name := range slices.Backward(u.made) {
		if err := u.dir.Chtimes(name, Unpacked(), Unpacked()); err != nil {
			return err
		}
	}
	return nil
}

// undo removes what was made. A folder in which there is something else stays.
func (u *unpacking) undo() {
	for _, name := range slices.Backward(u.made) {
		_ = u.dir.Remove(name) // the error that it undoes counts
	}
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
