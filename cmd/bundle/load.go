package main

import (
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
)

// load reads the manifest that --manifest names, and remembers its files for
// excerpts in what is printed later. What could be read can be evaluated even
// if there are problems, so that all are reported in one run.
func (a *app) load(c *cli.Context) (*manifest.Module, pipeline.Problems, error) {
	return a.loadFrom(c, "manifest")
}

// loadFrom is load for a manifest that another flag names.
func (a *app) loadFrom(c *cli.Context, flag string) (*manifest.Module, pipeline.Problems, error) {
	path := text(c, flag)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !given(c, flag) {
		return nil, nil, usagef("there is no %s here. Name the manifest with --%s, or have bundle init write one.", path, flag)
	}
	module, diags := manifest.Load(path, manifest.Options{Vars: c.StringSlice("var"), Environ: a.environ})
	a.files = module.Files()
	if err := a.apart(append(slices.Sorted(maps.Keys(a.files)), guardFile(c)...)...); err != nil {
		return nil, nil, err
	}
	a.renderWarnings(diags)
	return module, pipeline.FromDiagnostics(diags), nil
}

// sparing has the garbage collector keep the process small, until end is called:
// while a manifest is read and evaluated, most of what there is in memory is
// garbage. Who has set a limit of his own keeps it.
func sparing() (end func()) {
	const enough = 96 << 20
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	percent := debug.SetGCPercent(100)
	debug.SetMemoryLimit(enough)
	return func() {
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(percent)
	}
}

// open loads the manifest, evaluates it for the one environment and region that
// the command line chooses, and holds it to the guard file, if the command has
// one. It is for commands that are about one, and calls nothing.
func (a *app) open(c *cli.Context) (*manifest.Module, *manifest.Manifest, error) {
	targets, err := a.targets(c, request{manifest: "manifest", offline: true})
	switch {
	case err != nil:
		return nil, nil, err
	case len(targets) != 1:
		return nil, nil, usagef("%s is about one environment in one region, and this is about %d: %s. Choose with --env and --region.",
			c.Command.HelpName, len(targets), listed(targets))
	}
	t := targets[0]
	return t.module, t.manifest, failed(t.problems)
}

// environments returns the names of the environments to work on.
func (a *app) environments(c *cli.Context, module *manifest.Module) ([]string, error) {
	all, names := module.Environments(), list(c, "env")
	if c.Bool("all") {
		if len(names) > 0 {
			return nil, usagef("--all is every environment in a real account, and --env names some: write one of the two")
		}
		return realEnvironments(module)
	}
	if name := a.getenv("BUNDLE_ENV"); len(names) == 0 && name != "" {
		names = []string{name}
	}
	explicit := len(names) > 0
	if name := module.Default(); !explicit && name != "" {
		names = []string{name}
	}
	if len(names) == 0 {
		return nil, usagef("name the environment with --env: %s", printable.Names(all))
	}
	for _, name := range names {
		switch {
		case !slices.Contains(all, name):
			return nil, usagef("the manifest has no environment %q. It has %s.", name, printable.Names(all))
		case !explicit && a.ci() && module.Embedded(name):
			// So that nobody ships sample secrets by accident.
			return nil, usagef("CI is set, and the manifest's default environment %q is an embedded one. "+
				"Name the environment to build with --env (or BUNDLE_ENV); --env %s if that is meant.", name, name)
		}
	}
	return names, nil
}

// realEnvironments are those in a real account.
func realEnvironments(module *manifest.Module) ([]string, error) {
	all := module.Environments()
	found := slices.DeleteFunc(slices.Clone(all), module.Embedded)
	if len(found) == 0 {
		return nil, usagef("--all is every environment in a real account, and the manifest has none. Name an embedded one with --env: %s", printable.Names(all))
	}
	return found, nil
}

// evaluate reads the manifest as it is for one environment, with every
// problem that can be found without calling AWS.
func (a *app) evaluate(module *manifest.Module, env string) (*pipeline.Reading, pipeline.Problems) {
	m, diags := module.Evaluate(env)
	a.renderWarnings(diags)
	r := pipeline.Read(m)
	var all pipeline.Gathered
	all.Add(append(pipeline.FromDiagnostics(diags), r.Check()...)...)
	return r, all.Sorted()
}

// openTrusted is open for what calls AWS.
func (a *app) openTrusted(c *cli.Context) (*manifest.Module, *manifest.Manifest, error) {
	module, m, err := a.open(c)
	if err != nil {
		return nil, nil, err
	}
	return module, m, a.refuseUntrusted(c, m)
}

// written returns a place in a manifest, or nil where there is no manifest.
func written(at *hcl.Range) *hcl.Range {
	if at.Filename == "" {
		return nil
	}
	return at
}

// inputs lists the files that a run reads, none of which may be its output.
func inputs(targets []*target) []string {
	var all []string
	for name := range targets[0].module.Files() {
		all = append(all, name)
	}
	for _, t := range targets {
		if seed := t.manifest.Environment.Embedded.Value; seed != "" {
			all = append(all, filepath.Join(t.module.Dir(), seed))
		}
	}
	return all
}
