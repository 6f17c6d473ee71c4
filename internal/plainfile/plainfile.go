// Package plainfile reads regular files, up to a limit, that the command line, a
// variable or a manifest names. Opening a pipe would wait for its other end, and a
// device can be endless.
package plainfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrTooLarge means that a file is larger than the limit.
var ErrTooLarge = errors.New("it is too large")

// Read reads a regular file of at most most bytes. With ErrTooLarge, it returns what it
// has read, which is more than most bytes.
func Read(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path) // before it is opened
	if err == nil {
		err = Check(info.Mode())
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return All(f, info.Size(), most)
}

// All reads an open file of at most most bytes, which probably has size bytes. With
// ErrTooLarge, it returns what it has read, which is more than most bytes.
func All(f io.Reader, size, most int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(size, most)) + bytes.MinRead)
	_, err := b.ReadFrom(io.LimitReader(f, most+1))
	if err == nil && int64(b.Len()) > most {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, most)
	}
	return b.Bytes(), err
}

// Check returns an error unless mode is that of a regular file.
func Check(mode fs.FileMode) error {
	if mode.IsRegular() {
		return nil
	}
	return fmt.Errorf("it is a %s, not a regular file", Kind(mode))
}

// Kind returns a name for the type of a file that is not regular, such as "pipe".
func Kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}
