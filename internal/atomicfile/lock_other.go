//go:build !unix || solaris || illumos || aix

package atomicfile

import (
	"errors"
	"os"
)

// lock fails: locks are not available on this system.
func lock(*os.File) (locked bool, err error) { return false, errors.ErrUnsupported }

// rename closes f and moves it to path: Windows cannot move an open file.
func rename(f *os.File, path string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
