package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/runtime/execbin"
	"github.com/whispering/bundle/runtime/helpers"
	"github.com/whispering/bundle/runtime/released"
)

func helpersOfFlag() cli.Flag {
	return console.TextFlag("helpers-of", "VERSION", "publish helper files of that release, such as v1.2.3, as well as this one's", "")
}

// A helperCheck compares helper files of layers with those of releases.
type helperCheck struct {
	app      *app
	listed   []layerbuild.Release
	own      *layerbuild.Release
	compiled bool // own has bundle-exec, or says why not
}

func (a *app) newHelperCheck() (*helperCheck, error) {
	h := &helperCheck{app: a}
	if a.releases == nil {
		return h, nil
	}
	var err error
	h.listed, err = released.Read(a.releases)
	return h, err
}

// checkHelpersOf refuses a release that there is no table of.
func (h *helperCheck) checkHelpersOf(release string) error {
	if release == "" || slices.ContainsFunc(h.listed, func(r layerbuild.Release) bool { return r.Name == release }) {
		return nil
	}
	var known []string
	for _, r := range h.listed {
		known = append(known, r.Name)
	}
	if len(known) == 0 {
		return console.Usagef("--helpers-of %q: bundle %s lists the helper files of no earlier release", release, h.app.Version)
	}
	return console.Usagef("--helpers-of %q is no release whose helper files bundle %s lists. Write one of %s.", release, h.app.Version, strings.Join(known, ", "))
}

// of prepares the check of a layer: of one target, as the manifest has it, or
// alone. It compiles the exec wrapper if the layer has one and may is set.
func (h *helperCheck) of(ctx context.Context, layer *layerbuild.Layer, t *target.Target, may bool) (*pipeline.HelperCheck, error) {
	compile := may && slices.ContainsFunc(layer.Helpers, func(f layerbuild.File) bool { return slices.Contains(execbin.Paths(), f.Path) })
	if h.own == nil || compile && !h.compiled {
		h.app.hintCompiling(compile)
		own, err := helpers.Own(ctx, h.app.Version, compile)
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
