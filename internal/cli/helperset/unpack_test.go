package helperset

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/whispering/bundle/layerbuild"
)

// TestUnpackRemovesWhatItWrote fails in the middle, with a folder that exists and with one that does not.
func TestUnpackRemovesWhatItWrote(t *testing.T) {
	files := []layerbuild.File{{Path: "bundle/x", Data: []byte("1")}, {Path: "python", Data: []byte("2")}, {Path: "python/y"}}
	there, fresh := t.TempDir(), filepath.Join(t.TempDir(), "new", "folder")
	for _, dir := range []string{there, fresh} {
		if err := (Folder{Path: dir, Named: "the folder"}).Unpack(files); err == nil {
			t.Errorf("%s: no error", dir)
		}
	}
	if left, err := os.ReadDir(there); err != nil || len(left) > 0 {
		t.Errorf("%d files are left (%v)", len(left), err)
	}
	if _, err := os.Stat(fresh); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the new folder is left: %v", err)
	}
}
