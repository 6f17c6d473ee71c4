package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// An outputFault is a path that cannot be written to, or must not be.
type outputFault struct {
	out  string
	code int
	says string
	make func(dir string) error // what is there before
}

func outputFaults() []outputFault {
	long := strings.Repeat("a", 300)
	file := func(name string, mode fs.FileMode) func(string) error {
		return func(dir string) error {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return err
			}
			return os.WriteFile(path, []byte("precious"), mode)
		}
	}
	folder := func(name string) func(string) error {
		return func(dir string) error { return os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o700) }
	}
	all := []outputFault{
		{out: "nowhere/layer.zip", code: 8, says: "mkdir -p nowhere\n"},
		{out: "./nowhere/layer.zip", code: 8, says: "mkdir -p nowhere\n"},
		{out: "a/b/c/layer.zip", code: 8, says: "mkdir -p a/b/c\n"},
		{out: "no where/layer.zip", code: 8, says: "mkdir -p 'no where'\n"},
		{out: "it's/layer.zip", code: 8, says: `mkdir -p 'it'\''s'`},
		{out: "$(x)/layer.zip", code: 8, says: "mkdir -p '$(x)'\n"},
		{out: "{environment}/layer.zip", code: 8, says: "mkdir -p local\n"},
		{out: "{region}/{environment}.zip", code: 8, says: "mkdir -p us-east-1\n"},
		{out: "{function}/layer.zip", code: 8, says: "mkdir -p hello\n"},
		{out: "folder", code: 8, says: "is a folder", make: folder("folder")},
		{out: "folder/", code: 8, says: "folder/layer.zip", make: folder("folder")},
		{out: "folder/.", code: 8, says: "is a folder", make: folder("folder")},
		{out: "nowhere/", code: 8, says: "nowhere/layer.zip"},
		{out: "file/", code: 8, says: "Remove the slash", make: file("file", 0o600)},
		{out: ".", code: 8, says: "is a folder"},
		{out: "..", code: 8, says: "is a folder"},
		{out: "/", code: 8, says: "is a folder"},
		{out: "file/layer.zip", code: 8, says: "file is not a folder", make: file("file", 0o600)},
		{out: "file/x/layer.zip", code: 8, says: "is not a folder", make: file("file", 0o600)},
		{out: "read-only", code: 8, says: "chmod u+w", make: file("read-only", 0o444)},
		{out: long, code: 8, says: "too long"},
		{out: long + "/layer.zip", code: 8, says: "too long"},
		{out: strings.Repeat("a/", 3000) + "x", code: 8, says: ""},
		{out: "x\x00y", code: 8, says: ""},
		{out: "-", code: 2, says: "cannot be written to standard output"},
		{out: "--json", code: 2, says: "--out=--json"},
		{out: "-x.zip", code: 2, says: "./-x.zip"},
		{out: "", code: 2, says: "--out has an empty value"},
		{out: " ", code: 2, says: "looks like a mistake"},
		{out: "secrets.hcl", code: 2, says: "which this run reads"},
		{out: "./secrets.hcl", code: 2, says: "which this run reads"},
		{out: "folder/../secrets.hcl", code: 2, says: "which this run reads", make: folder("folder")},
		{out: "sample.json", code: 2, says: "which this run reads"},
		{out: ".bundle-local", code: 2, says: "belongs to the embedded AWS"},
		{out: ".bundle-local/layer.zip", code: 2, says: "belongs to the embedded AWS"},
		{out: ".bundle-local/state.json", code: 2, says: "belongs to the embedded AWS"},
		{out: "x/.bundle-local/y/layer.zip", code: 2, says: "belongs to the embedded AWS"},
		{out: ".BUNDLE-LOCAL/layer.zip", code: 2, says: "belongs to the embedded AWS"},
		{out: "x{y}.zip", code: 2, says: "unknown placeholder {y}"},
		{out: "not-a-layer", code: 7, says: "--previous none", make: file("not-a-layer", 0o600)},
	}
	if runtime.GOOS != "windows" {
		all = append(all, linkFaults()...)
	}
	return all
}

func linkFaults() []outputFault {
	link := func(to, name string) func(string) error {
		return func(dir string) error { return os.Symlink(to, filepath.Join(dir, name)) }
	}
	faults := []outputFault{
		{out: "link", code: 8, says: "is a symbolic link", make: link("nothing", "link")},
		{out: "link", code: 8, says: "is a symbolic link", make: link("secrets.hcl", "link")},
		{out: "link", code: 8, says: "is a symbolic link", make: link(".", "link")},
		{out: "link/layer.zip", code: 8, says: "symbolic link to a path that does not exist", make: link("nothing", "link")},
		{out: "link/secrets.hcl", code: 2, says: "which this run reads", make: link(".", "link")},
		{out: "link/layer.zip", code: 2, says: "belongs to the embedded AWS", make: link(".bundle-local", "link")},
		{out: "hard", code: 2, says: "which this run reads", make: func(dir string) error {
			return os.Link(filepath.Join(dir, "secrets.hcl"), filepath.Join(dir, "hard"))
		}},
		{out: "/dev/null", code: 8, says: "is a device"},
		{out: "/dev/null/layer.zip", code: 8, says: "/dev/null is not a folder"},
	}
	if runtime.GOOS == "linux" {
		faults = append(faults,
			outputFault{out: "/dev/full", code: 8, says: "is a device"},
			outputFault{out: "/dev/stdout", code: 8, says: "is a symbolic link"},
			outputFault{out: "/proc/self/fd/1", code: 8, says: "is a symbolic link"},
			outputFault{out: "/proc/layer.zip", code: 8, says: "cannot write to"},
			outputFault{out: "/sys/layer.zip", code: 8, says: "Use a path in a writable folder"},
		)
	}
	return faults
}

// TestOutputFaults checks that a build ends with the right exit code and remedy for
// each, and leaves everything unchanged.
func TestOutputFaults(t *testing.T) {
	for _, fault := range outputFaults() {
		dir := t.TempDir()
		t.Chdir(dir)
		for name, text := range map[string]string{
			"secrets.hcl": "bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"sample.json\" }\nfunction \"hello\" {\n  kms_key = \"alias/hello\"\n  secret \"A_B\" { parameter = \"/shop/db\" }\n}\n",
			"sample.json": `{"keys": [{"alias": "alias/hello"}], "parameters": [{"name": "/shop/db", "type": "SecureString", "value": "not-a-real-value"}]}`,
		} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(".bundle-local", 0o700); err != nil {
			t.Fatal(err)
		}
		if fault.make != nil {
			if err := fault.make(dir); err != nil {
				t.Fatal(err)
			}
		}
		before := everything(t, dir)
		code, text := inProcess(t, "--env", "local", "--out", fault.out)
		if code != fault.code || !strings.Contains(strings.Join(strings.Fields(text), " ")+"\n", strings.Join(strings.Fields(fault.says), " ")) {
			t.Errorf("%.60q: exit code %d, not %d with %q:\n%.600s", fault.out, code, fault.code, fault.says, text)
		}
		if after := everything(t, dir); after != before {
			t.Errorf("%.60q: the folder had\n%sand has\n%s", fault.out, before, after)
		}
	}
}

// inProcess runs a command, and returns what it says.
func inProcess(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	a := newApp(&console.Console{
		Args: append([]string{"bundle"}, args...), Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics),
	}, nil)
	code = a.run(context.Background())
	return code, diagnostics.String()
}

// everything lists the files of a folder with their modes and contents, but for
// the state of the embedded AWS.
func everything(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() == ".bundle-local" {
			return err
		}
		content := []byte{}
		if d.Type().IsRegular() {
			if content, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		if strings.Contains(path, ".bundle-local") {
			if strings.HasSuffix(path, ".zip") {
				t.Errorf("%s was written", path)
			}
			return nil
		}
		all.WriteString(d.Name() + " " + d.Type().String() + " " + string(content) + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
