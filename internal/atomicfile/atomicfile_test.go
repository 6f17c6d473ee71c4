//go:build unix

package atomicfile_test

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/whispering/bundle/internal/atomicfile"
)

func TestWriteReplacesWholeAndKeepsTheMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := atomicfile.Write(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, []byte("two")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	b, readErr := os.ReadFile(path)
	if err != nil || readErr != nil || string(b) != "two" || info.Mode().Perm() != 0o640 {
		t.Errorf("%q, %v, %v, %v", b, info.Mode(), err, readErr)
	}
	only(t, path)
}

func TestNamesOfAnyLength(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{1, 200, 222, 223, 224, 250, 255} {
		path := filepath.Join(dir, strings.Repeat("x", n))
		if err := atomicfile.Probe(path); err != nil {
			t.Errorf("%d: %v", n, err)
		}
		if err := atomicfile.Write(path, nil); err != nil {
			t.Errorf("%d: %v", n, err)
		}
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
	if err := atomicfile.Write(filepath.Join(dir, strings.Repeat("x", 256)), nil); err == nil {
		t.Error("a name of 256 bytes was written")
	}
	only(t, filepath.Join(dir, "none"))
}

// TestParentsOfLinks: the system follows a link before it goes to the parent of where it leads.
func TestParentsOfLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("there/below", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("there/below", "link"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("there/.file."+rand.Text()+".tmp", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"link/../file", "file"} {
		if err := errors.Join(atomicfile.Probe(path), atomicfile.Write(path, []byte(path))); err != nil {
			t.Error(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != path {
			t.Errorf("%s has %q, %v", path, b, err)
		}
	}
	if left, err := filepath.Glob("there/.file.*"); err != nil || len(left) > 0 {
		t.Errorf("it left %q, %v", left, err)
	}
	if err := atomicfile.Probe("missing/../file"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that does not exist: %v", err)
	}
}

func TestFailureLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(folder, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(folder, []byte("x")); err == nil {
		t.Error("a folder was replaced")
	}
	only(t, folder)
}

// TestSweepRemovesWhatNobodyHas: a file of a run that is under way is locked.
func TestSweepRemovesWhatNobodyHas(t *testing.T) {
	dir := t.TempDir()
	place := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	killed, living := place(".file."+rand.Text()+".tmp"), place(".file."+rand.Text()+".tmp")
	others := []string{
		place(".other." + rand.Text() + ".tmp"), place(".file.x.tmp"), place(".file.notes"), place("file." + rand.Text() + ".tmp"),
		place(".file." + rand.Text()), place(".file." + strings.ToLower(rand.Text()) + ".tmp"), living,
	}
	if err := os.Mkdir(filepath.Join(dir, ".file."+rand.Text()+".tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(living)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(filepath.Join(dir, "file"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(killed); !os.IsNotExist(err) {
		t.Errorf("what nobody has is still there: %v", err)
	}
	for _, path := range others {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// TestManyWritersAtOnce: none sweeps what another is writing.
func TestManyWritersAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				if err := atomicfile.Write(path, []byte("content")); err != nil {
					t.Error(err)
				}
				if b, err := os.ReadFile(path); err != nil || string(b) != "content" {
					t.Errorf("%q, %v", b, err)
				}
			}
		})
	}
	all.Wait()
	only(t, path)
}

// TestManyProbesAtOnce: a probe that another run sweeps has not failed.
func TestManyProbesAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if err := atomicfile.Probe(path); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	only(t, filepath.Join(filepath.Dir(path), "none"))
}

// only fails where there is something besides one file in its folder.
func only(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			t.Errorf("%s was left", e.Name())
		}
	}
}
