// Package execwrap runs a program with a function's secrets in its environment,
// for Lambda's AWS_LAMBDA_EXEC_WRAPPER: it opens the document, adds the secrets
// to the environment, and becomes the program. No shell, file or argument ever
// contains a value.
//
// docs/runtime.md specifies what the wrapper refuses, what it reports, and its
// exit statuses.
package execwrap

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/whispering/bundle/runtime/secrets"
)

const (
	nextWrapper    = "BUNDLE_SECRETS_NEXT_WRAPPER"
	allowSnapStart = "BUNDLE_SECRETS_ALLOW_SNAPSTART"
)

// A Wrapper is one run of the exec wrapper.
type Wrapper struct {
	Args    []string  // the command, unchanged from Lambda
	Environ []string  // NAME=value
	Stderr  io.Writer // for errors and hints, which contain no value

	// All opens the function's secrets. The default is a secrets.Client that
	// reads Environ.
	All func(context.Context) (map[string]string, error)
	// Exec becomes the program. The default is syscall.Exec: the process keeps its
	// ID and open streams.
	Exec func(path string, argv, environ []string) error
}

// Run becomes the command, so it returns only if that fails. It then writes one
// line to Stderr, reports the error to Lambda's runtime API if there is one, and
// returns the exit status (docs/runtime.md, section 3).
func (w Wrapper) Run(ctx context.Context) (status int) {
	err := w.run(ctx)
	if err == nil {
		return 0 // only if Exec does not replace the process
	}
	fmt.Fprintf(w.Stderr, "bundle-exec: %v\n", err)
	if api := w.lookup("AWS_LAMBDA_RUNTIME_API"); api != "" {
		if reportErr := report(ctx, api, err); reportErr != nil {
			fmt.Fprintln(w.Stderr, "bundle-exec: the error could not be reported to the runtime API")
		}
	}
	return exitStatus(err)
}

func (w Wrapper) run(ctx context.Context) error {
	if w.lookup("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start" && !w.has(allowSnapStart) {
		return failf(ErrSnapStart, "SnapStart would store the secrets in its snapshot: set %s=1 to allow that", allowSnapStart)
	}
	argv := w.Args
	if next := w.lookup(nextWrapper); next != "" {
		argv = append([]string{next}, argv...)
	}
	if len(w.Args) == 0 {
		return failf(ErrExec, "there is no command to run; usage: bundle-exec COMMAND [ARGUMENT...]")
	}
	path, err := resolve(argv[0], w.lookup("PATH"))
	if err != nil {
		return err
	}
	all := w.All
	if all == nil {
		all = secrets.New(secrets.Options{Environ: func() []string { return w.Environ }}).All
	}
	values, err := all(ctx)
	if err != nil {
		return err
	}
	environ, kept, err := Environment(w.without(nextWrapper), values, false)
	if err != nil {
		return err
	}
	if len(kept) > 0 {
		fmt.Fprintf(w.Stderr, "bundle-exec: these variables were already set and were not replaced by secrets: %s\n", strings.Join(kept, ", "))
	}
	become := w.Exec
	if become == nil {
		become = syscall.Exec
	}
	return failedExec(argv[0], become(path, argv, environ))
}

// Environment returns base with the secrets added, in the order of their names.
// A variable that base already has is kept, and named in kept, unless override
// is set. If [secrets.CheckVariable] returns an error for a secret, Environment
// returns that error and nothing else.
func Environment(base []string, values map[string]string, override bool) (environ, kept []string, err error) {
	names := slices.Sorted(maps.Keys(values))
	for _, name := range names {
		if err := secrets.CheckVariable(name, values[name]); err != nil {
			return nil, nil, err
		}
	}
	exists := map[string]bool{}
	for _, variable := range base {
		name, _, _ := strings.Cut(variable, "=")
		if _, ours := values[name]; ours && override {
			continue
		}
		exists[name] = true
		environ = append(environ, variable)
	}
	for _, name := range names {
		if exists[name] {
			kept = append(kept, name)
			continue
		}
		environ = append(environ, name+"="+values[name])
	}
	return environ, kept, nil
}

// resolve returns the path of the program that a command names, as a shell
// would, and makes the checks that Lambda makes for a wrapper.
func resolve(command, path string) (string, error) {
	if strings.ContainsRune(command, filepath.Separator) {
		return command, runnable(command)
	}
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, command); filepath.IsAbs(file) && runnable(file) == nil {
			return file, nil
		}
	}
	return "", &Error{ErrExec, fmt.Sprintf("program %q was not found in PATH", command), fs.ErrNotExist}
}

func runnable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return &Error{ErrExec, fmt.Sprintf("program %q cannot be found", file), err}
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return &Error{ErrExec, fmt.Sprintf("program %q is not executable", file), fs.ErrPermission}
	}
	return nil
}

// lookup returns the value of a variable, or "" if it is not set.
func (w Wrapper) lookup(name string) string {
	for _, variable := range w.Environ {
		if key, value, _ := strings.Cut(variable, "="); key == name {
			return value
		}
	}
	return ""
}

func (w Wrapper) has(name string) bool {
	return slices.ContainsFunc(w.Environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
}

// without returns the environment without one variable.
func (w Wrapper) without(name string) []string {
	return slices.DeleteFunc(slices.Clone(w.Environ), func(v string) bool { return strings.HasPrefix(v, name+"=") })
}
