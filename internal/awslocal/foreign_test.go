package awslocal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestAFolderThatIsBeingMadeIsNotForeign: the states of several environments are made at the same time.
func TestAFolderThatIsBeingMadeIsNotForeign(t *testing.T) {
	for _, tt := range []struct {
		entries []string // a folder ends in a slash
		foreign bool
	}{
		{nil, false},
		{[]string{".gitignore"}, false},
		{[]string{"dev/"}, false},
		{[]string{"dev/", "prod/"}, false},
		{[]string{"dev/lock"}, false},
		{[]string{"dev/", "prod/state.json"}, false},
		{[]string{"lock"}, false},
		{[]string{"notes.txt", "state.json"}, false},
		{[]string{"notes.txt"}, true},
		{[]string{"notes/a.txt"}, true},
		{[]string{"dev/", "notes.txt"}, true},
		{[]string{".gitignore", "notes/a/lock"}, true},
	} {
		root := t.TempDir()
		for _, name := range tt.entries {
			if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name+"x")), 0o700); err != nil {
				t.Fatal(err)
			}
			if name[len(name)-1] == '/' {
				continue
			}
			if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := refuseForeign(root); errors.Is(err, ErrForeign) != tt.foreign || err != nil && !tt.foreign {
			t.Errorf("%q: %v", tt.entries, err)
		}
	}
}
