package pipeline

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// An Outfile is the file that a build replaces: whole, or not at all.
type Outfile struct {
	Path    string
	Content []byte // as it was when opened; nil if there was no file
}

// OpenOutput looks at where a layer is to be written, before anything else is
// done. The path must name nothing or a regular file, in a folder that can be
// written to, and none of the inputs: a release engineer who mistypes --out
// must not lose a file, and as root a rename would replace even a device.
func OpenOutput(path string, inputs []string) (*Outfile, Problems) {
	refuse := func(kind Kind, summary, format string, args ...any) (*Outfile, Problems) {
		return nil, Problems{problem(kind, nil, summary, fmt.Sprintf(format, args...))}
	}
	info, err := os.Lstat(path)
	switch {
	case path == "":
		return refuse(Manifest, "No output", "Name the layer to write with --out, for example --out layer.zip.")
	case errors.Is(err, fs.ErrNotExist):
		info = nil
	case err != nil:
		return refuse(Output, "Unusable output", "--out %s: %v.", path, err)
	case !info.Mode().IsRegular():
		return refuse(Output, "Unusable output", "--out %s is a %s, not a regular file. Name another path.", path, kindOf(info.Mode()))
	}
	for _, input := range inputs {
		if other, err := os.Stat(input); err == nil && info != nil && os.SameFile(info, other) {
			return refuse(Manifest, "Output is an input", "--out %s is %s, which this run reads. Name another path.", path, input)
		}
	}
	out := &Outfile{Path: path}
	if err := out.probe(); err != nil {
		return refuse(Output, "Unusable output", "--out %s: its folder cannot be written to: %v.", path, err)
	}
	if info == nil {
		return out, nil
	}
	if out.Content, err = ReadLimited(path); err != nil {
		return refuse(Output, "Unusable output", "--out %s: %v.", path, err)
	}
	return out, nil
}

// PeekOutput reads what is at the output, for a run that writes nothing there.
// No path, or no file at it, is no content.
func PeekOutput(path string) (*Outfile, Problems) {
	out := &Outfile{Path: path}
	if path == "" {
		return out, nil
	}
	var err error
	if out.Content, err = ReadLimited(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, Problems{problem(Output, nil, "Unusable output", fmt.Sprintf("--out %s: %v.", path, err))}
	}
	return out, nil
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// probe finds out whether the folder can be written to by writing to it, and
// sweeps what runs killed long ago have left there.
func (o *Outfile) probe() error {
	f, err := o.temporary()
	if err != nil {
		return err
	}
	f.Close()
	o.sweep()
	return os.Remove(f.Name())
}

// sweep removes temporaries of this output that are old. They are known by
// their whole names: no other file is touched.
func (o *Outfile) sweep() {
	dir := filepath.Dir(o.Path)
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		random, ours := strings.CutPrefix(entry.Name(), o.prefix())
		random, whole := strings.CutSuffix(random, temporarySuffix)
		if !ours || !whole || len(random) != len(rand.Text()) || strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			continue
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(dir, entry.Name()))
		}
	}
}

const (
	temporarySuffix = ".tmp"
	staleAfter      = time.Hour
)

func (o *Outfile) prefix() string { return "." + filepath.Base(o.Path) + "." }

// temporary makes a new file beside the output, so that a rename stays within
// one file system. Its mode is that of any new file: it holds ciphertext only.
func (o *Outfile) temporary() (*os.File, error) {
	name := filepath.Join(filepath.Dir(o.Path), o.prefix()+rand.Text()+temporarySuffix)
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// Replace puts b in place of the output. A reader, and a run that is killed at
// any moment, finds the old file whole or the new one. Equal content leaves
// the file untouched.
func (o *Outfile) Replace(b []byte) (problems Problems) {
	if o.Content != nil && bytes.Equal(o.Content, b) {
		if _, err := os.Lstat(o.Path); err == nil {
			return nil
		}
	}
	if err := o.Write(b); err != nil {
		return Problems{problem(Output, nil, "Layer not written", fmt.Sprintf("--out %s: %v. What was there is untouched.", o.Path, err))}
	}
	return nil
}

// Write is Replace for a file that is no layer: what is at the path was looked at
// by the caller, and the error is for the caller to explain.
func (o *Outfile) Write(b []byte) error {
	f, err := o.temporary()
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if info, statErr := os.Lstat(o.Path); statErr == nil {
		err = errors.Join(err, f.Chmod(info.Mode().Perm())) // a layer that was replaced stays as private as it was
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), o.Path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return nil
}
