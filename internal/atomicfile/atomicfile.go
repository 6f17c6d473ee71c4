// Package atomicfile replaces files whole or not at all, and removes temporary
// files of killed runs.
package atomicfile

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Write replaces the content of the file at path with b, or creates the file. At
// any moment, also after the run is killed, the file is the whole old one or the
// whole new one. The file keeps its mode. If Write fails, the file is untouched.
func Write(path string, b []byte) (err error) {
	sweep(path)
	f, err := temporary(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if info, statErr := os.Lstat(path); statErr == nil {
		err = errors.Join(err, f.Chmod(info.Mode().Perm())) // the file stays as private as it was
	}
	err = errors.Join(err, f.Sync())
	if err == nil {
		err = rename(f, path)
	} else {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Probe checks that the folder of path can be written to, by writing to it.
func Probe(path string) error {
	sweep(path)
	f, err := temporary(path)
	if err != nil {
		return err
	}
	closed, removed := f.Close(), os.Remove(f.Name())
	if errors.Is(removed, fs.ErrNotExist) {
		removed = nil // another run swept it, because it is not locked anymore
	}
	return errors.Join(closed, removed)
}

const (
	suffix = ".tmp"

	// longest is the maximum length of a file name in bytes on common file systems.
	longest = 255

	// staleAfter is the age after which a temporary file counts as unused if locks
	// are not available.
	staleAfter = time.Hour
)

// prefix is the beginning of the names of the temporary files for path. They are in
// the same folder, so that a rename stays within one file system.
func prefix(path string) string {
	base := filepath.Base(path)
	if len(base)+len("..")+len(rand.Text())+len(suffix) > longest {
		sum := sha256.Sum256([]byte(base))
		base = "bundle-" + hex.EncodeToString(sum[:16])
	}
	return "." + base + "."
}

// temporary makes a new file and locks it. Its mode is that of any new file:
// bundle writes only ciphertext and names.
func temporary(path string) (*os.File, error) {
	dir, _ := filepath.Split(path) // not filepath.Dir: the system follows links before .., and finds that a folder before it does not exist
	for {
		f, err := os.OpenFile(dir+prefix(path)+rand.Text()+suffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return nil, err
		}
		locked, err := lock(f)
		if errors.Is(err, errors.ErrUnsupported) {
			return f, nil
		}
		// Another run may have removed it before it was locked.
		mine, statErr := f.Stat()
		there, goneErr := os.Lstat(f.Name())
		if err == nil && locked && statErr == nil && goneErr == nil && os.SameFile(mine, there) {
			return f, nil
		}
		f.Close()
		os.Remove(f.Name())
		if err != nil {
			return nil, err
		}
	}
}

// sweep removes the temporary files for path that no running process uses. Only
// files with the exact form of their names are touched.
func sweep(path string) {
	folder, _ := filepath.Split(path)
	dir, err := os.Open(cmp.Or(folder, "."))
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // a folder can have many files of ours, each of which a run sweeps for
	before, length := prefix(path), len(rand.Text())
	for _, name := range names {
		random, ours := strings.CutPrefix(name, before)
		random, whole := strings.CutSuffix(random, suffix)
		if !ours || !whole || len(random) != length || strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			continue
		}
		name = folder + name
		if info, err := os.Lstat(name); err == nil && info.Mode().IsRegular() {
			removeStale(name, info)
		}
	}
}

// removeStale removes a temporary file that nobody has locked. The lock ends with
// the process, however it ends.
func removeStale(path string, info fs.FileInfo) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	locked, err := lock(f)
	if errors.Is(err, errors.ErrUnsupported) {
		if time.Since(info.ModTime()) <= staleAfter {
			return
		}
		f.Close() // Windows cannot remove an open file
		os.Remove(path)
		return
	}
	if locked && err == nil {
		os.Remove(path)
	}
}
