package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Verbatim marks a diagnostic whose detail has lines to copy, each indented by
// two spaces. Every line end in it was written by this program, none by its input.
type Verbatim struct{}

// An allowance is what one function needs in one environment, as the attributes
// of a guard file's block.
type allowance struct {
	env, account, function string
	keys                   []string
	blind                  bool
	lists                  []guardList
}

// A guardList is an attribute of a guard file's block. allowanceOf has their order.
type guardList struct {
	name   string
	values []string
}

// allowances lists what the functions of the manifests need.
func allowances(all []*manifest.Manifest) []allowance {
	var found []allowance
	for _, m := range all {
		var regions []*manifest.Manifest
		for _, r := range m.Environment.Regions {
			regions = append(regions, m.In(r.Value))
		}
		functions, _ := functionRuns(m)
		for i, run := range functions {
			var keys []string
			for _, in := range regions {
				keys = append(keys, in.Functions[i].Key.Value)
			}
			found = append(found, allowanceOf(m, run, keys))
		}
	}
	return found
}

// allowanceOf returns what a function needs, with its keys in the environment's regions.
func allowanceOf(m *manifest.Manifest, run *functionRun, keys []string) allowance {
	a := allowance{
		env: m.Environment.Name.Value, account: cmp.Or(m.Environment.AccountID.Value, sealed.EmbeddedAccount),
		function: run.fn.Name.Value, blind: run.blind(), keys: keys,
	}
	var regions, parameters, secrets, deployedAs, helpers, reserved, session, constraints []string
	for _, text := range m.Environment.Session.Plain() {
		session = append(session, text.Value)
	}
	for _, r := range m.Environment.Regions {
		regions = append(regions, r.Value)
	}
	for i, bind := range run.bindings {
		if bind.ref.Store == secret.SecretsManager {
			secrets = append(secrets, bind.ref.Name)
		} else {
			parameters = append(parameters, bind.ref.Name)
		}
		if run.fn.Secrets[i].AllowReserved {
			reserved = append(reserved, bind.name)
		}
		if plain := bind.checks.Plain(); plain != "" {
			constraints = append(constraints, plain)
		}
	}
	for _, im := range run.fn.Imports {
		parameters = append(parameters, im.Path.Value)
	}
	if name := run.fn.DeployedAs.Value; name != "" {
		deployedAs = append(deployedAs, name)
	}
	for _, h := range m.Bundle.Helpers {
		helpers = append(helpers, h.Value)
	}
	var layers, layerParameters []string
	if name := run.fn.LayerParameter.Value; name != "" {
		layerParameters = append(layerParameters, name)
	}
	if layer := cmp.Or(run.fn.Layer.Value, m.Bundle.Layer.Value); layer != "" {
		layers = append(layers, layer)
	}
	for _, l := range []guardList{
		{"environments", []string{a.env}},
		{"accounts", []string{a.account}},
		{"regions", regions},
		{"bundles", []string{m.Bundle.Name.Value}},
		{"functions", []string{a.function}},
		{"keys", a.keys},
		{"parameters", parameters},
		{"secrets", secrets},
		{"layers", layers},
		{"layer_parameters", layerParameters},
		{"deployed_as", deployedAs},
		{"helpers", helpers},
		{"allow_reserved", reserved},
		{"session", session},
		{"constraints", constraints},
	} {
		if l.values = distinct(l.values); len(l.values) > 0 {
			a.lists = append(a.lists, l)
		}
	}
	return a
}

// distinct returns the distinct strings in ascending order.
func distinct(all []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

// GuardFile writes a guard file that allows what the manifests say and nothing
// more, with a block for each function of each environment.
func GuardFile(all []*manifest.Manifest) ([]byte, error) {
	var b strings.Builder
	b.WriteString("# What manifests are allowed to do: see\n# https://github.com/whispering/bundle/blob/main/docs/guard.md. Keep this file out of the manifest authors' control.\n")
	for _, a := range allowances(all) {
		b.WriteString("\nallow {\n")
		for _, l := range a.lists {
			b.WriteString(l.lines() + "\n")
		}
		if a.blind {
			b.WriteString("blind = true\n")
		}
		b.WriteString("}\n")
	}
	return manifest.Canonical([]byte(b.String()))
}

func (l guardList) hcl() string {
	quoted := make([]string, len(l.values))
	for i, v := range l.values {
		quoted[i] = manifest.Quote(v)
	}
	return fmt.Sprintf("%s = [%s]", l.name, strings.Join(quoted, ", "))
}

// lines is hcl, with one value per line if it would be too long.
func (l guardList) lines() string {
	const most = 100
	text := l.hcl()
	if len(text) <= most {
		return text
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s = [\n", l.name)
	for _, v := range l.values {
		b.WriteString(manifest.Quote(v) + ",\n")
	}
	return b.String() + "]"
}

func (l guardList) json() string {
	return `"` + l.name + `": [` + strings.TrimPrefix(strings.TrimSuffix(l.hcl(), "]"), l.name+" = [") + "],"
}

// CheckGuardVersion reports the blocks of a guard file from an earlier version of
// bundle, with the lines to add for what the manifest needs in all its environments.
func CheckGuardVersion(g *manifest.Guard, all []*manifest.Manifest) problem.Problems {
	needed := allowances(all)
	var problems problem.Problems
	for _, block := range g.Allows {
		if len(block.Lacks) == 0 {
			continue
		}
		lines, meant := missingLines(block, needed)
		why := "Every block of a guard file must list accounts, regions and bundles. A block without secrets, layers, deployed_as, helpers, allow_reserved, session or constraints allows none of these. "
		if meant {
			why += "Add to this block what the manifest needs:"
		} else {
			why += "This block does not match any function of this manifest. Add the following to it, replacing \"…\" with what its functions need:"
		}
		for _, l := range lines {
			text := l.hcl()
			if g.JSON() {
				text = l.json()
			}
			why += "\n  " + text
		}
		p := problem.New(problem.Manifest, &block.Range, "Guard file from an earlier version", why)
		p.Extra = Verbatim{}
		problems = append(problems, p)
	}
	return problems
}

// missingLines returns the attributes that a block lacks for the functions that it
// matches, and whether it matches any.
func missingLines(block manifest.Allow, needed []allowance) (lines []guardList, meant bool) {
	byName := make(map[string][]string)
	var order []string
	for _, a := range needed {
		if !matchesAny(block.Environments, a.env) || !matchesAny(block.Functions, a.function) || block.Has("accounts") && !hasText(block.Accounts, a.account) ||
			!slices.ContainsFunc(a.keys, func(key string) bool { return matchesAny(block.Keys, key) }) {
			continue
		}
		meant = true
		for _, l := range a.lists {
			if byName[l.name] = append(byName[l.name], l.values...); !slices.Contains(order, l.name) {
				order = append(order, l.name)
			}
		}
	}
	if !meant {
		for _, name := range block.Lacks {
			lines = append(lines, guardList{name, []string{"…"}})
		}
		return lines, false
	}
	for _, name := range []string{
		"accounts", "regions", "bundles", "secrets", "layers", "layer_parameters", "deployed_as", "helpers", "allow_reserved", "session", "constraints",
	} {
		if slices.Contains(order, name) && !block.Has(name) {
			lines = append(lines, guardList{name, distinct(byName[name])})
		}
	}
	return lines, true
}
