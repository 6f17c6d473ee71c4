package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// Load reads the manifest that --manifest names, and keeps its files for excerpts in
// diagnostics. Even if there are problems, the rest can be evaluated, so that all
// problems are reported in one run.
func Load(con *console.Console, c *cli.Context) (*manifest.Module, problem.Problems, error) {
	return loadFrom(con, c, "manifest")
}

// loadFrom is Load for a manifest that another flag names.
func loadFrom(con *console.Console, c *cli.Context, flag string) (*manifest.Module, problem.Problems, error) {
	path := console.Text(c, flag)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !console.Given(c, flag) {
		return nil, nil, console.Usagef("there is no %s here. Name the manifest with --%s, or have bundle init write one.", path, flag)
	}
	module, diags := manifest.Load(path, manifest.Options{Vars: c.StringSlice("var"), Environ: con.Environ})
	con.Files = module.Files
	if err := con.Apart(append(slices.Sorted(slices.Values(module.Paths())), GuardFile(c)...)...); err != nil {
		return nil, nil, err
	}
	con.RenderWarnings(problem.WarningsOf(diags))
	return module, problem.FromDiagnostics(diags), nil
}

// openOne loads the manifest, evaluates it for the one environment and region that the
// command line chooses, and checks it against the guard file, if there is one. It is
// for commands that work on one target, and makes no calls.
func openOne(con *console.Console, c *cli.Context) (*manifest.Module, *manifest.Manifest, error) {
	targets, err := Choose(con, c, Request{Manifest: "manifest", Offline: true})
	switch {
	case err != nil:
		return nil, nil, err
	case len(targets) != 1:
		return nil, nil, console.Usagef("%s works on one environment and region, but this run has %d: %s. Choose one with --env and --region.",
			c.Command.HelpName, len(targets), Listed(targets))
	}
	t := targets[0]
	return t.Module, t.Manifest, console.Failed(t.Problems)
}

// Environments returns the names of the environments to work on.
func Environments(con *console.Console, c *cli.Context, module *manifest.Module) ([]string, error) {
	all, names := module.Environments(), console.List(c, "env")
	if c.Bool("all") {
		if len(names) > 0 {
			return nil, console.Usagef("--all and --env cannot be combined: choose one")
		}
		return realEnvironments(module)
	}
	origin := ""
	if name := con.Getenv("BUNDLE_ENV"); len(names) == 0 && name != "" {
		names, origin = []string{name}, " BUNDLE_ENV names it."
	}
	explicit := len(names) > 0
	if name := module.Default(); !explicit && name != "" {
		names = []string{name}
	}
	if len(names) == 0 {
		return nil, console.Usagef("name the environment with --env: %s", printable.Names(all))
	}
	for _, name := range names {
		switch {
		case !slices.Contains(all, name):
			return nil, console.Refuse(problem.Manifest, nil, "Unknown environment", "The manifest has no environment %q.%s It has %s.%s Choose one of them with --env.",
				name, origin, printable.Names(all), guess(name, all))
		case !explicit && con.CI() && module.Embedded(name):
			// So that nobody ships sample secrets by accident.
			return nil, console.Usagef("this is a CI, and the manifest's default environment %q is an embedded one. "+
				"Name the environment to build with --env (or BUNDLE_ENV), for example --env %s.", name, name)
		}
	}
	return names, nil
}

// guess returns a question if a name is similar to one of the names.
func guess(name string, names []string) string {
	if near := printable.Near(name, names); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return ""
}

// realEnvironments returns the environments in real accounts.
func realEnvironments(module *manifest.Module) ([]string, error) {
	all := module.Environments()
	found := slices.DeleteFunc(slices.Clone(all), module.Embedded)
	if len(found) == 0 {
		return nil, console.Usagef("--all selects environments in real accounts, and the manifest has none. Choose an embedded one with --env: %s", printable.Names(all))
	}
	return found, nil
}

// Evaluate evaluates the manifest for one environment, and returns every problem that
// can be found without calling AWS.
func Evaluate(con *console.Console, module *manifest.Module, env string) (*pipeline.Reading, problem.Problems) {
	m, diags := module.Evaluate(env)
	con.RenderWarningsOf(env, problem.WarningsOf(diags))
	r := pipeline.Read(m)
	var all problem.Gathered
	all.Add(append(problem.FromDiagnostics(diags), r.Check()...)...)
	return r, all.Sorted()
}

// OpenTrusted is openOne for commands that call AWS.
func OpenTrusted(con *console.Console, c *cli.Context) (*manifest.Module, *manifest.Manifest, error) {
	module, m, err := openOne(con, c)
	if err != nil {
		return nil, nil, err
	}
	return module, m, RefuseUntrusted(con, c, m)
}

// Inputs lists the files that a run reads. None of them may be its output.
func Inputs(targets []*Target) []string {
	all := targets[0].Module.Paths()
	for _, t := range targets {
		seed := t.Manifest.Environment.Embedded.Value
		if path := filepath.Join(t.Module.Dir(), seed); seed != "" && !slices.Contains(all, path) {
			all = append(all, path)
		}
	}
	return all
}
