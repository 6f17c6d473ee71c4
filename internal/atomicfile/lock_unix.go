//go:build unix && !solaris && !illumos && !aix

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// lock locks a file until it is closed. locked is false if another process has locked it.
func lock(f *os.File) (locked bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, nil
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.EINVAL):
		return false, errors.ErrUnsupported // on this file system
	}
	return err == nil, err
}

// rename moves f to path and closes it, in this order: before the rename, no other
// run may think that it belongs to a killed run.
func rename(f *os.File, path string) error {
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, f.Close())
	}
	_ = f.Close() // its content is on disk
	return nil
}
