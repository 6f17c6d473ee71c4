package target

import (
	"cmp"
	"maps"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// GuardFlag returns the flag of commands that hold the manifest to a guard file.
// It stands on the command line alone: who writes the manifest must not choose
// the guard.
func GuardFlag() cli.Flag {
	return console.TextFlag("guard", "FILE", "allow only what this guard file allows; keep it out of the manifest authors' control", "")
}

// GuardFile is the file that --guard names, if the command has that flag and it
// was given. That of bundle init is another, and names none.
func GuardFile(c *cli.Context) []string {
	if !console.HasText(c, "guard") || !console.Given(c, "guard") {
		return nil
	}
	return []string{console.Text(c, "guard")}
}

// LoadGuard reads the guard file, nil where none is named. One of an earlier
// version is refused with what it lacks for the manifest.
func LoadGuard(con *console.Console, c *cli.Context, module *manifest.Module) (*manifest.Guard, error) {
	path := GuardFile(c)
	if path == nil {
		return nil, nil
	}
	g, diags := manifest.LoadGuard(path[0])
	maps.Copy(con.Files, g.Files())
	problems := problem.FromDiagnostics(diags)
	if len(problems) == 0 && g.Old() {
		problems = pipeline.CheckGuardVersion(g, everywhere(module))
	}
	return g, console.Failed(problems)
}

// everywhere is the manifest as it is for each of its environments; what is wrong
// with it there is told elsewhere.
func everywhere(module *manifest.Module) []*manifest.Manifest {
	var all []*manifest.Manifest
	for _, env := range module.Environments() {
		m, _ := module.Evaluate(env)
		all = append(all, m)
	}
	return all
}

// CheckGuard holds a manifest to the guard, if there is one. It calls nothing.
func CheckGuard(r *pipeline.Reading, g *manifest.Guard) problem.Problems {
	if g == nil {
		return nil
	}
	return r.CheckGuard(g, cmp.Or(r.Manifest.Environment.AccountID.Value, sealed.EmbeddedAccount))
}
