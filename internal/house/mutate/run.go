package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

type options struct {
	every int
	skip  string        // tests that are not run, as go test -skip has them
	grace time.Duration // added to ten times the duration of the tests without a fault
}

// run tries the faults of one package, and writes those that were not found to out,
// with a line of figures. It returns the percentage of faults that were found.
func run(out io.Writer, pattern string, o options) (float64, error) {
	p, err := list(pattern)
	if err != nil {
		return 0, err
	}
	scratch, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)
	f := &field{pkg: p, scratch: scratch, broken: make(map[mutant]bool)}
	rows, err := f.compile()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if !f.passes(0, o.skip, 10*time.Minute) {
		return 0, errors.New("the tests fail without a fault")
	}
	patience := 10*time.Since(began) + o.grace
	found, lived := 0, 0
	for i, r := range rows {
		if (i+1)%o.every != 0 {
			continue
		}
		if !f.passes(r.id, o.skip, patience) {
			found++
			continue
		}
		lived++
		fmt.Fprintf(out, "lived: %s: %q -> %q\n", r.At, r.Old, r.New)
	}
	percent := 100 * float64(found) / float64(max(found+lived, 1))
	fmt.Fprintf(out, "%s: %d faults found, %d lived (%.1f %% found); %d do not compile\n", p.ImportPath, found, lived, percent, len(f.broken))
	return percent, nil
}

// A listed package is a package in the output of go list.
type listed struct {
	Dir, ImportPath string
	GoFiles         []string
}

func list(pattern string) (p listed, err error) {
	text, err := exec.Command("go", "list", "-json=Dir,ImportPath,GoFiles", pattern).Output()
	if err != nil {
		return p, fmt.Errorf("go list: %w", err)
	}
	return p, json.Unmarshal(text, &p)
}

// A field is a package with faults in it.
type field struct {
	pkg     listed
	scratch string
	broken  map[mutant]bool // do not compile
}

var complaint = regexp.MustCompile(`([^/\s]+\.go):(\d+):\d+: `)

// compile builds the test binary of the package. It leaves out the faults that do
// not compile.
func (f *field) compile() ([]row, error) {
	for {
		rows, err := f.sow()
		if err != nil {
			return nil, err
		}
		build := exec.Command("go", "test", "-c", "-vet=off", "-gcflags=-e", "-ldflags=-s -w", "-overlay", f.overlay(), "-o", f.program(), f.pkg.ImportPath)
		said, err := build.CombinedOutput()
		if err == nil {
			return rows, nil
		}
		known := len(f.broken)
		for _, c := range complaint.FindAllSubmatch(said, -1) {
			line, _ := strconv.Atoi(string(c[2]))
			for _, r := range rows {
				if r.At.Filename == string(c[1]) && r.first <= line && line <= r.last {
					f.broken[r.mutant] = true
				}
			}
		}
		if len(f.broken) == known {
			return nil, fmt.Errorf("go test -c: %w\n%s", err, said)
		}
	}
}

// sow writes the files of the package with the faults in them, and the overlay that
// replaces the package's own files.
func (f *field) sow() ([]row, error) {
	instead, pkg := make(map[string]string), ""
	put := func(name, text string) error {
		instead[filepath.Join(f.pkg.Dir, name)] = filepath.Join(f.scratch, name)
		return os.WriteFile(filepath.Join(f.scratch, name), []byte(text), 0o600)
	}
	var all []row
	for _, name := range f.pkg.GoFiles {
		src, err := os.ReadFile(filepath.Join(f.pkg.Dir, name))
		if err != nil {
			return nil, err
		}
		text, rows, of, err := sow(name, src, len(all)+1, f.broken)
		if err == nil {
			err = put(name, text)
		}
		if err != nil {
			return nil, err
		}
		all, pkg = append(all, rows...), of
	}
	if err := put("mutant_chooser.go", chooser(pkg)); err != nil {
		return nil, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": instead})
	if err != nil {
		return nil, err
	}
	return all, os.WriteFile(f.overlay(), overlay, 0o600)
}

func (f *field) overlay() string { return filepath.Join(f.scratch, "overlay.json") }
func (f *field) program() string { return filepath.Join(f.scratch, "tests.exe") }

// passes runs the tests with a fault; 0 is no fault.
func (f *field) passes(id int, skip string, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tests := exec.CommandContext(ctx, f.program(), "-test.failfast", "-test.skip="+skip)
	tests.Dir = f.pkg.Dir
	tests.Env = append(os.Environ(), fmt.Sprintf("%s=%d", chosen, id))
	tests.WaitDelay = time.Second
	return tests.Run() == nil
}
