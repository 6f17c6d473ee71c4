package layerbuild

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestUnpack looks at modes and times, and tries to make it write elsewhere.
func TestUnpack(t *testing.T) {
	files := []File{{Path: "bundle/bin/x", Executable: true, Data: []byte("program")}, {Path: "bundle/functions/hello.sealed", Data: []byte("document")}}
	open := func(t *testing.T) (string, *os.Root) {
		dir := t.TempDir()
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = root.Close() })
		return dir, root
	}
	for _, c := range []struct {
		name                     string
		private                  bool
		folder, file, executable fs.FileMode
	}{{"for everyone", false, 0o755, 0o644, 0o755}, {"private", true, 0o700, 0o600, 0o700}} {
		t.Run(c.name, func(t *testing.T) {
			dir, root := open(t)
			if err := Unpack(root, files, c.private); err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]fs.FileMode{
				"bundle": c.folder, "bundle/bin": c.folder, "bundle/functions": c.folder, "bundle/bin/x": c.executable, "bundle/functions/hello.sealed": c.file,
			} {
				info, err := os.Lstat(filepath.Join(dir, path))
				if err != nil {
					t.Fatal(err)
				}
				if info.Mode().Perm() != want || info.ModTime().Equal(Unpacked()) == c.private {
					t.Errorf("%s: %v, %v", path, info.Mode(), info.ModTime())
				}
			}
		})
	}
	elsewhere := t.TempDir()
	for _, c := range []struct {
		name  string
		plant func(dir string) error
	}{
		{"a file that exists", func(dir string) error {
			return errors.Join(os.MkdirAll(filepath.Join(dir, "bundle/bin"), 0o755), os.WriteFile(filepath.Join(dir, "bundle/bin/x"), []byte("mine"), 0o600))
		}},
		{"a link for a folder", func(dir string) error { return os.Symlink(elsewhere, filepath.Join(dir, "bundle")) }},
		{"a dangling link for a folder", func(dir string) error { return os.Symlink("nowhere", filepath.Join(dir, "bundle")) }},
		{"a file for a folder", func(dir string) error { return os.WriteFile(filepath.Join(dir, "bundle"), nil, 0o600) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, root := open(t)
			if err := c.plant(dir); err != nil {
				t.Fatal(err)
			}
			if err := Unpack(root, files, false); !errors.Is(err, fs.ErrExist) {
				t.Errorf("got %v, want that it exists", err)
			}
			if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
				t.Errorf("%d files were written elsewhere (%v)", len(left), err)
			}
		})
	}
	t.Run("a path out of the folder", func(t *testing.T) {
		for _, path := range []string{"../x", "bundle/../../x", "/tmp/bundle-unpack-test/x"} {
			_, root := open(t)
			if err := Unpack(root, []File{{Path: path}}, false); err == nil {
				t.Errorf("%s was written", path)
			}
		}
	})
	t.Run("removes what it made and nothing else", func(t *testing.T) {
		dir, root := open(t)
		if err := errors.Join(os.Mkdir(filepath.Join(dir, "nodejs"), 0o755), os.WriteFile(filepath.Join(dir, "nodejs/mine.js"), []byte("mine"), 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := Unpack(root, append(slices.Clone(files), File{Path: "nodejs/other.js"}), false); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("got %v, want that it exists", err)
		}
		var left []string
		err := fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
			left = append(left, path)
			return err
		})
		if want := []string{".", "nodejs", "nodejs/mine.js"}; err != nil || !slices.Equal(left, want) {
			t.Errorf("left %q (%v), want %q", left, err, want)
		}
	})
}
