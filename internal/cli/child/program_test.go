package child

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
)

// TestCommandsThatCannotBeRun compares the exit codes with those of env and the
// shells.
func TestCommandsThatCannotBeRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no executable bit")
	}
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("PATH", filepath.Join(dir, "bin")+string(filepath.ListSeparator)+"/bin"+string(filepath.ListSeparator)+"/usr/bin")
	link := func(name, to string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := write("plain", "text", 0o644)
	write("bin/unexecutable", "#!/bin/sh\n", 0o644)
	for _, c := range []struct {
		name, command string
		code          int
		says          string
	}{
		{"not on PATH", "no-such-program", 127, `no program "no-such-program" on PATH`},
		{"no name", "", 127, `no program "" on PATH`},
		{"a name with spaces", "npm test", 127, `no program "npm test" on PATH. Write each argument as a word of its own, or start a shell: sh -c "npm test"`},
		{"a link that leads nowhere", link("broken", "none"), 127, "no program"},
		{"a link that leads to itself", link("loop", "loop"), 126, "too many levels"},
		{"too long a name", "./" + strings.Repeat("x", 300), 126, "file name too long"},
		{"a name with an escape", "x\x1b[31m", 127, "on PATH"},
		{"no such path", "./no-such-program", 127, `no program "./no-such-program"`},
		{"no such folder", filepath.Join(dir, "none", "x"), 127, "no program"},
		{"below a file", filepath.Join(plain, "x"), 126, "not a directory. Correct the command after --."},
		{"a folder", dir, 126, "it is a folder. Correct the command after --."},
		{"no executable bit", plain, 126, "it is not executable"},
		{"on PATH without executable bit", "unexecutable", 126, "bin/unexecutable"},
		{"no interpreter", write("orphan", "#!/no/such/interpreter\n", 0o755), 127, "the interpreter that its first line names"},
		{"not a program", write("data", "\x00\x01\x02\x03", 0o755), 126, "exec format error"},
		{"an empty file", write("empty", "", 0o755), 126, "exec format error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, err := Find(c.command)
			if err == nil {
				err = Run(t.Context(), path, []string{c.command}, nil)
			}
			var got *console.ChildExit
			if !errors.As(err, &got) || got.Code != c.code || !strings.Contains(got.Reason, c.says) || strings.Contains(got.Reason, "\x1b") {
				t.Errorf("got %#v, want %d and %q", err, c.code, c.says)
			}
		})
	}
	if _, err := Find("sh"); err != nil {
		t.Error(err)
	}
}
