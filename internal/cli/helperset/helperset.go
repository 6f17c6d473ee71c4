// Package helperset makes the helper files for a layer, and compares those of a layer
// with the helper files of this bundle and of earlier releases.
package helperset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/runtime/execbin"
	"github.com/whispering/bundle/runtime/helpers"
	"github.com/whispering/bundle/runtime/released"
)

// Flag returns --helpers-of, which makes publish accept the helper files of a release.
func Flag() cli.Flag {
	return console.TextFlag("helpers-of", "VERSION", "also accept the helper files of this release, such as v1.2.3", "")
}

// A Checker compares helper files of layers with those of releases.
type Checker struct {
	console  *console.Console
	listed   []layerbuild.Release
	own      *layerbuild.Release
	compiled bool // own has bundle-exec, or the reason why not
}

// NewChecker returns a checker that knows the releases in tables; nil for none.
func NewChecker(con *console.Console, releases fs.FS) (*Checker, error) {
	h := &Checker{console: con}
	if releases == nil {
		return h, nil
	}
	var err error
	h.listed, err = released.Read(releases)
	return h, err
}

// KnowsRelease refuses a release without a table.
func (h *Checker) KnowsRelease(release string) error {
	if release == "" || slices.ContainsFunc(h.listed, func(r layerbuild.Release) bool { return r.Name == release }) {
		return nil
	}
	var known []string
	for _, r := range h.listed {
		known = append(known, r.Name)
	}
	if len(known) == 0 {
		return console.Usagef("--helpers-of %q: bundle %s does not know the helper files of any earlier release", release, h.console.Version)
	}
	return console.Usagef("--helpers-of %q is not a release whose helper files bundle %s knows. Write one of %s.", release, h.console.Version, strings.Join(known, ", "))
}

// Of prepares the check of a layer's helper files, against the manifest of t unless t
// is nil. It compiles the exec wrapper if the layer has one and may is set.
func (h *Checker) Of(ctx context.Context, layer *layerbuild.Layer, t *target.Target, may bool) (*pipeline.HelperCheck, error) {
	compile := may && slices.ContainsFunc(layer.Helpers, func(f layerbuild.File) bool { return slices.Contains(execbin.Paths(), f.Path) })
	if h.own == nil || compile && !h.compiled {
		hintCompiling(h.console, compile)
		own, err := helpers.Own(ctx, h.console.Version, compile)
		if err != nil {
			return nil, err
		}
		h.own, h.compiled = &own, compile
	}
	c := &pipeline.HelperCheck{Releases: append([]layerbuild.Release{*h.own}, h.listed...)}
	if t != nil {
		c.Manifest, c.Alone = t.Manifest, t.Function != ""
	}
	return c, nil
}

// FilesOf returns the files of the helpers in the bundle block. made caches them
// between calls.
func FilesOf(ctx context.Context, con *console.Console, b manifest.Bundle, made map[string][]layerbuild.File) ([]layerbuild.File, error) {
	var names []string
	for _, name := range b.Helpers {
		names = append(names, name.Value)
	}
	list := strings.Join(names, ",")
	if files, ok := made[list]; ok {
		return files, nil
	}
	files, err := Files(ctx, con, names)
	if err != nil {
		at := b.Helpers[max(0, slices.Index(names, "exec"))].Range
		return nil, console.Failed(problem.Problems{Problem(err, &at)})
	}
	made[list] = files
	return files, nil
}

// Files returns the files of the named helpers in a layer.
func Files(ctx context.Context, con *console.Console, names []string) ([]layerbuild.File, error) {
	var all []layerbuild.File
	for _, name := range names {
		hintCompiling(con, name == "exec")
		files, err := helpers.Files(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	return all, nil
}

// hintCompiling prints that compiling takes a while.
func hintCompiling(con *console.Console, exec bool) {
	if exec && !execbin.Released {
		con.Hint("compiling the exec wrapper, which releases of bundle include")
	}
}

// Problem returns why there is no exec wrapper. The other helpers are always
// available.
func Problem(err error, at *hcl.Range) problem.Problem {
	kind := problem.Fault
	if errors.Is(err, execbin.ErrUnavailable) {
		kind = problem.Manifest
	}
	return problem.New(kind, at, "Exec wrapper not available", fmt.Sprintf("The helper \"exec\" is not available: %v. Use a release of bundle, which contains it; "+
		"or run bundle from a checkout with Go on PATH (go run ./cmd/bundle); or remove \"exec\" from the helpers.", err))
}
