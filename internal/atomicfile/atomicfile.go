// Package atomicfile replaces files whole or not at all, and removes what killed
// runs have left of that.
package atomicfile

import (
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

// Write puts b in place of the file at path, or makes it. A reader, and a run
// that is killed at any moment, finds the old file whole or the new one. A file
// that is replaced keeps its mode. What was there is untouched where it fails.
func Write(path string, b []byte) (err error) {
	sweep(path)
	f, err := temporary(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if info, statErr := os.Lstat(path); statErr == nil {
		err = errors.Join(err, f.Chmod(info.Mode().Perm())) // what was replaced stays as private as it was
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

// Probe finds out whether the folder of path can be written to, by writing to it.
func Probe(path string) error {
	sweep(path)
	f, err := temporary(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

const (
	suffix = ".tmp"

	// longest is how long a name may be on the file systems that are in use.
	longest = 255

	// staleAfter is how old a temporary file is that nobody has, where there is no
	// telling whether somebody does.
	staleAfter = time.Hour
)

// prefix begins the names of the temporary files for path. They stand beside it,
// so that a rename stays within one file system.
func prefix(path string) string {
	base := filepath.Base(path)
	if len(base)+len("..")+len(rand.Text())+len(suffix) > longest {
		sum := sha256.Sum256([]byte(base))
		base = "bundle-" + hex.EncodeToString(sum[:16])
	}
	return "." + base + "."
}

// temporary makes a new file and locks it. Its mode is that of any new file: what
// bundle writes holds ciphertext and names only.
func temporary(path string) (*os.File, error) {
	dir := filepath.Dir(path)
	for {
		f, err := os.OpenFile(filepath.Join(dir, prefix(path)+rand.Text()+suffix), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return nil, err
		}
		locked, err := lock(f)
		if errors.Is(err, errors.ErrUnsupported) {
			return f, nil
		}
		// Another run may have swept it before it was locked.
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

// sweep removes the temporary files for path that no living run has. They are
// known by their whole names: no other file is touched.
func sweep(path string) {
	dir := filepath.Dir(path)
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		random, ours := strings.CutPrefix(entry.Name(), prefix(path))
		random, whole := strings.CutSuffix(random, suffix)
		if !ours || !whole || len(random) != len(rand.Text()) || strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || !entry.Type().IsRegular() {
			continue
		}
		removeStale(filepath.Join(dir, entry.Name()), entry)
	}
}

// removeStale removes a temporary file that nobody has locked: the lock ends with
// the process, however that ends.
func removeStale(path string, entry fs.DirEntry) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	locked, err := lock(f)
	if errors.Is(err, errors.ErrUnsupported) {
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) <= staleAfter {
			return
		}
		f.Close() // what is open cannot be removed on Windows
		os.Remove(path)
		return
	}
	if locked && err == nil {
		os.Remove(path)
	}
}
