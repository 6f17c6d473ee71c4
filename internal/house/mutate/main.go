// Command mutate sows faults into packages, one at a time, and tells which of
// them the tests of the package let live. It changes no file of the checkout:
//
//	go run ./internal/house/mutate [-min PERCENT] [-every N] [-short] PACKAGE...
//
// A fault that makes the tests hang is found. One that does not compile is none.
// It exits with 1 where fewer than PERCENT of a package's faults are found.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	least := flag.Float64("min", 0, "fail where fewer percent of a package's faults are found")
	o := options{grace: 10 * time.Second}
	flag.IntVar(&o.every, "every", 1, "sow only each Nth fault")
	flag.BoolVar(&o.short, "short", false, "run the tests with -short")
	flag.Parse()
	if flag.NArg() == 0 || o.every < 1 {
		flag.Usage()
		os.Exit(2)
	}
	failed := false
	for _, pattern := range flag.Args() {
		found, err := run(os.Stdout, pattern, o)
		if err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", pattern, err)
			os.Exit(1)
		}
		if found < *least {
			fmt.Fprintf(os.Stderr, "mutate: %s: the tests find %.1f %% of the faults, and must find %g %%\n", pattern, found, *least)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

type options struct {
	every int
	short bool
	grace time.Duration // that the tests have beyond ten times what they take without a fault
}

// run sows faults into one package and writes those that lived to out, with a
// line of figures. It returns how many percent were found.
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
	s := &sower{pkg: p, scratch: scratch, short: o.short, patience: 10 * time.Minute}
	if err := s.compile(nil); err != nil {
		return 0, err
	}
	began := time.Now()
	if !s.passes() {
		return 0, errors.New("the tests fail without a fault")
	}
	s.patience = 10*time.Since(began) + o.grace

	found, lived, broken, n := 0, 0, 0, 0
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		src, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		all, err := mutants(name, src)
		if err != nil {
			return 0, err
		}
		for _, m := range all {
			if n++; n%o.every != 0 {
				continue
			}
			faulty := filepath.Join(scratch, "faulty.go")
			if err := os.WriteFile(faulty, m.in(src), 0o600); err != nil {
				return 0, err
			}
			switch {
			case s.compile(map[string]string{path: faulty}) != nil:
				broken++
			case s.passes():
				lived++
				fmt.Fprintf(out, "lived: %s: %q -> %q\n", m.At, m.Old, m.New)
			default:
				found++
			}
		}
	}
	percent := 100 * float64(found) / float64(max(found+lived, 1))
	fmt.Fprintf(out, "%s: %d faults found, %d lived (%.1f %% found); %d did not compile\n", p.ImportPath, found, lived, percent, broken)
	return percent, nil
}

// A listed package is one as go list tells of it.
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

// A sower compiles and runs the tests of a package with faults in it.
type sower struct {
	pkg      listed
	scratch  string
	short    bool
	patience time.Duration // how long the tests may take
}

// compile makes the program of the tests, with files in place of others.
func (s *sower) compile(instead map[string]string) error {
	overlay, err := json.Marshal(map[string]any{"Replace": instead})
	if err != nil {
		return err
	}
	path := filepath.Join(s.scratch, "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		return err
	}
	var said bytes.Buffer
	build := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", path, "-o", s.program(), s.pkg.ImportPath)
	build.Stderr = &said
	if err := build.Run(); err != nil {
		return fmt.Errorf("go test -c: %w\n%s", err, said.Bytes())
	}
	return nil
}

func (s *sower) program() string { return filepath.Join(s.scratch, "tests.exe") }

func (s *sower) passes() bool {
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	tests := exec.CommandContext(ctx, s.program(), "-test.failfast", fmt.Sprintf("-test.short=%t", s.short))
	tests.Dir = s.pkg.Dir
	tests.WaitDelay = time.Second
	return tests.Run() == nil
}
