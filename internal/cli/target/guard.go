package target

import (
	"cmp"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// GuardFlag returns --guard, for commands that check the manifest against a guard
// file. The manifest cannot name the file: its authors must not choose the guard.
func GuardFlag() cli.Flag {
	return console.TextFlag("guard", "FILE", "allow only what this guard file allows; keep it out of the manifest authors' control", "")
}

// GuardFile returns the file of --guard, if the command has that flag and it was set.
// The --guard of bundle init is a switch, and names no file.
func GuardFile(c *cli.Context) []string {
	if !console.HasText(c, "guard") || !console.Given(c, "guard") {
		return nil
	}
	return []string{console.Text(c, "guard")}
}

// LoadGuard reads the guard file; nil if none is named. It refuses a file for an
// earlier version, with the lines that are missing for the manifest.
func LoadGuard(con *console.Console, c *cli.Context, module *manifest.Module) (*manifest.Guard, error) {
	path := GuardFile(c)
	if path == nil {
		return nil, nil
	}
	g, diags := manifest.LoadGuard(path[0])
	con.Files = func() map[string]*hcl.File {
		all := maps.Clone(module.Files())
		maps.Copy(all, g.Files())
		return all
	}
	problems := problem.FromDiagnostics(diags)
	if len(problems) == 0 && g.Old() {
		problems = pipeline.CheckGuardVersion(g, everywhere(module))
	}
	return g, console.Failed(problems)
}

// everywhere returns the manifest in each of its environments. Other checks report
// problems there.
func everywhere(module *manifest.Module) []*manifest.Manifest {
	var all []*manifest.Manifest
	for _, env := range module.Environments() {
		m, _ := module.Evaluate(env)
		all = append(all, m)
	}
	return all
}

// CheckGuard checks a manifest against the guard, if there is one. It makes no calls.
func CheckGuard(r *pipeline.Reading, g *manifest.Guard) problem.Problems {
	if g == nil {
		return nil
	}
	return r.CheckGuard(g, cmp.Or(r.Manifest.Environment.AccountID.Value, sealed.EmbeddedAccount))
}
