// Package helpertest checks that the helpers for Node and Python behave the same,
// with the same vectors and the same faults, through one driver program each
// (runtime/node/testdata, runtime/python/testdata).
package helpertest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/runtime/node"
)

// A language is an interpreter and the driver program for it.
type language struct {
	kind    string // node or python
	name    string // node20, python3.11: the kind and the version
	program string // path of the interpreter; "" where there is none
	from    string // where to get one
	driver  string
}

// languages finds the interpreters: node and python3, and those that the
// environment variables BUNDLE_TEST_NODE and BUNDLE_TEST_PYTHON list, as PATH
// lists folders.
func languages(t testing.TB) []language {
	t.Helper()
	var all []language
	for _, l := range []struct{ kind, program, from, variable, driver, version string }{
		{"node", "node", "Node.js 20 or later, nodejs.org", "BUNDLE_TEST_NODE", "../../runtime/node/testdata/driver.cjs",
			`process.stdout.write(process.versions.node.split(".")[0])`},
		{"python", "python3", "Python 3.11 or later, python.org", "BUNDLE_TEST_PYTHON", "../../runtime/python/testdata/driver.py",
			`import sys; print("%d.%d" % sys.version_info[:2], end="")`},
	} {
		programs := needs.Programs(l.program, l.variable)
		if len(programs) == 0 {
			all = append(all, language{kind: l.kind, name: l.kind, from: l.from})
		}
		for _, program := range programs {
			version, err := exec.Command(program, map[string]string{"node": "-e", "python": "-c"}[l.kind], l.version).Output()
			if err != nil {
				t.Fatalf("%s: %v", program, err)
			}
			name := l.kind + string(version)
			if !slices.ContainsFunc(all, func(other language) bool { return other.name == name }) {
				all = append(all, language{l.kind, name, program, l.from, l.driver})
			}
		}
	}
	return all
}

// each runs a test once per language and version.
func each(t *testing.T, test func(t *testing.T, l language)) {
	for _, l := range languages(t) {
		t.Run(l.name, func(t *testing.T) {
			if l.program == "" {
				needs.Missing(t, "%s is not installed (%s)", l.kind, l.from)
			}
			t.Parallel()
			test(t, l)
		})
	}
}

// A driver is a running interpreter.
type driver struct {
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *strings.Builder
}

// start runs the driver of a language. At the end of the test it must have
// written nothing to standard error.
func (l language) start(t *testing.T, args ...string) *driver {
	t.Helper()
	return l.startWith(t, nil, args...)
}

// startIn is start in a process that has variables from its beginning. Node warns of some of them on standard error.
func (l language) startIn(t *testing.T, vars map[string]string) *driver {
	t.Helper()
	var args []string
	if l.kind == "node" {
		args = append(args, "--no-warnings")
	}
	return l.startWith(t, listed(vars), args...)
}

// listed returns variables as NAME=value.
func listed(vars map[string]string) []string {
	var all []string
	for name, value := range vars {
		all = append(all, name+"="+value)
	}
	return all
}

func (l language) startWith(t *testing.T, environ []string, args ...string) *driver {
	t.Helper()
	d := &driver{stderr: &strings.Builder{}}
	cmd := exec.Command(l.program, append(args, l.driver)...)
	cmd.Env = slices.Concat(environ, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1", "NODE_PATH=" + nodePath(t)})
	cmd.Stderr = d.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.in, d.out = in, bufio.NewReader(out)
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil || d.stderr.Len() > 0 {
			t.Errorf("the driver ended with %v and wrote %q", err, d.stderr)
		}
	})
	return d
}

// nodePath puts the helper for Node into a folder as it is in a layer, and
// returns the folder to name in NODE_PATH.
func nodePath(t testing.TB) string {
	t.Helper()
	opt := t.TempDir()
	files, err := node.Files()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(opt, node.Folder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(opt, f.Path), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Dir(folder)
}

// A request is one line to a driver.
type request struct {
	Env      map[string]string `json:"env"`
	Calls    [][]any           `json:"calls"`
	Keep     bool              `json:"keep"`
	Parallel bool              `json:"parallel"`
}

// A result is what one call gave: values in base64, or an error.
type result struct {
	Values  map[string]string `json:"values"`
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Shown   string            `json:"shown"`   // as the language prints an error with all it holds
	Type    string            `json:"type"`    // the error's name
	Changed bool              `json:"changed"` // whether the environment changed in spite of the error
}

// value gives a decoded value.
func (r result) value(t *testing.T, name string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(r.Values[name])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// call sends one request and returns the results of its calls.
func (d *driver) call(t *testing.T, r request) []result {
	t.Helper()
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("the driver is gone: %v; it wrote %q", err, d.stderr)
	}
	answer, err := d.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the driver is gone: %v", err)
	}
	var results []result
	if err := json.Unmarshal(answer, &results); err != nil || len(results) != len(r.Calls) {
		t.Fatalf("the driver answers %d results for %d calls (%v)", len(results), len(r.Calls), err)
	}
	for _, one := range results {
		checkSilence(t, one)
	}
	return results
}

// checkSilence looks for sample values and credentials in what an error shows.
func checkSilence(t *testing.T, r result) {
	t.Helper()
	for _, secret := range []string{"sample-", "secret-access-key", "session-token"} {
		if strings.Contains(r.Message+r.Shown, secret) {
			t.Errorf("an error (%s) shows a secret that begins with %q", r.Code, secret)
		}
	}
	if r.Changed {
		t.Error("the environment changed in spite of an error")
	}
}
