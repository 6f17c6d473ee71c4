package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
)

// load reads the manifest that --manifest names, and remembers its files for
// excerpts in what is printed later. What could be read can be evaluated even
// if there are problems, so that all are reported in one run.
func (a *app) load(c *cli.Context) (*manifest.Module, pipeline.Problems, error) {
	path := text(c, "manifest")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !given(c, "manifest") {
		return nil, nil, usagef("there is no %s here. Name the manifest with --manifest.", path)
	}
	module, diags := manifest.Load(path, manifest.Options{Vars: c.StringSlice("var"), Environ: a.environ})
	a.files = module.Files()
	a.renderWarnings(diags)
	return module, pipeline.FromDiagnostics(diags), nil
}

// open loads the manifest, evaluates it for the environment that the command
// line chooses, and holds it to the guard file, if the command has one.
func (a *app) open(c *cli.Context) (*manifest.Module, *manifest.Manifest, error) {
	module, problems, err := a.load(c)
	if err != nil {
		return nil, nil, err
	}
	env, err := a.choose(c, module)
	if err != nil && len(problems) > 0 {
		return nil, nil, failed(problems)
	}
	if err != nil {
		return nil, nil, err
	}
	m, found := a.evaluate(module, env)
	if problems = append(problems, found...); len(problems) > 0 {
		return module, m, failed(problems.Sort())
	}
	guard, err := a.loadGuard(c)
	if err != nil {
		return nil, nil, err
	}
	return module, m, failed(checkGuard(m, guard))
}

// choose returns the name of the environment to work on.
func (a *app) choose(c *cli.Context, module *manifest.Module) (string, error) {
	all := module.Environments()
	name := text(c, "env")
	if name == "" {
		name = a.getenv("BUNDLE_ENV")
	}
	explicit := name != ""
	if !explicit {
		name = module.Default()
	}
	switch {
	case name == "":
		return "", usagef("name the environment with --env: %s", strings.Join(all, ", "))
	case !slices.Contains(all, name):
		return "", usagef("the manifest has no environment %q. It has %s.", name, strings.Join(all, ", "))
	case !explicit && a.ci():
		// So that nobody ships sample secrets by accident.
		if m, _ := module.Evaluate(name); m.Environment.Embedded.Value != "" {
			return "", usagef("CI is set, and the manifest's default environment %q is an embedded one. "+
				"Name the environment to build with --env (or BUNDLE_ENV); --env %s if that is meant.", name, name)
		}
	}
	return name, nil
}

// evaluate returns the manifest as it is for one environment, with every
// problem that can be found without calling AWS.
func (a *app) evaluate(module *manifest.Module, env string) (*manifest.Manifest, pipeline.Problems) {
	m, diags := module.Evaluate(env)
	a.renderWarnings(diags)
	problems := pipeline.FromDiagnostics(diags)
	return m, append(problems, pipeline.Check(m)...).Sort()
}

// openTrusted is open for what calls AWS.
func (a *app) openTrusted(c *cli.Context) (*manifest.Module, *manifest.Manifest, error) {
	module, m, err := a.open(c)
	if err != nil {
		return nil, nil, err
	}
	return module, m, a.refuseUntrusted(m)
}

// refuseUntrusted refuses to touch a real account where a stranger may have
// written the manifest.
func (a *app) refuseUntrusted(m *manifest.Manifest) error {
	if m.Environment.Embedded.Value != "" {
		return nil
	}
	reason, err := actions.Untrusted(a.getenv)
	if err != nil {
		reason = fmt.Sprintf("the event of this workflow run cannot be read (%v)", err)
	}
	if reason == "" {
		return nil
	}
	what := fmt.Sprintf("Environment %q is in a real account, and %s, so the manifest may be a stranger's.", m.Environment.Name.Value, reason)
	if m.Environment.Name.Value == "" {
		what = fmt.Sprintf("The layer is of a real account, and %s, so it may be a stranger's.", reason)
	}
	return failed(pipeline.Problems{{Kind: pipeline.Access, Diagnostic: hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Untrusted run",
		Detail:   what + " Here, bundle validate, bundle plan --offline and embedded environments are allowed.",
		Subject:  written(&m.Environment.Range),
	}}})
}

// written returns a place in a manifest, or nil where there is no manifest.
func written(at *hcl.Range) *hcl.Range {
	if at.Filename == "" {
		return nil
	}
	return at
}

// inputs lists the files that a run reads, none of which may be its output.
func inputs(module *manifest.Module, m *manifest.Manifest) []string {
	var all []string
	for name := range module.Files() {
		all = append(all, name)
	}
	if seed := m.Environment.Embedded.Value; seed != "" {
		all = append(all, filepath.Join(module.Dir(), seed))
	}
	return all
}
