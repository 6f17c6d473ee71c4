package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// CheckGuard reports everything in a manifest that a guard file does not allow,
// at the manifest's line. account is the environment's account. It makes no call
// to AWS.
//
// A single block of the guard file must allow everything that a function has. A
// block that allows its parameter and another that allows its key do not add up.
func (r *Reading) CheckGuard(g *manifest.Guard, account string) problem.Problems {
	c := guardCheck{m: r.Manifest, guard: g, account: account}
	for _, run := range r.functions {
		c.function(run)
	}
	return c.problems.Sorted()
}

type guardCheck struct {
	m        *manifest.Manifest
	guard    *manifest.Guard
	account  string
	problems problem.Gathered
}

func (c *guardCheck) refuse(at *hcl.Range, format string, args ...any) {
	c.problems.Add(problem.New(problem.Manifest, at, "Not allowed by the guard file", fmt.Sprintf(format, args...)+
		fmt.Sprintf(" Change the manifest, or ask the owner of %s to allow it.", c.guard.Path)))
}

func (c *guardCheck) function(run *functionRun) {
	if allowed := c.blocks(run); len(allowed) > 0 {
		c.sources(run, c.names(run, allowed))
	}
}

// blocks returns the blocks for a function, where it is and under its key. It reports if there are none.
func (c *guardCheck) blocks(run *functionRun) []manifest.Allow {
	m := c.m
	name, env := run.fn.Name.Value, m.Environment.Name.Value
	here := keep(c.guard.Allows, func(a manifest.Allow) bool {
		return matchesAny(a.Environments, env) && hasText(a.Accounts, c.account)
	})
	if len(here) == 0 {
		c.refuse(&m.Environment.Range, "The guard file allows nothing in environment %q of account %s.", env, c.account)
		return nil
	}
	for _, region := range m.Environment.Regions {
		in := keep(here, func(a manifest.Allow) bool { return matchesAny(a.Regions, region.Value) })
		if len(in) == 0 {
			c.refuse(&region.Range, "Environment %q cannot be in region %q. %s", env, region.Value, may(here,
				func(a manifest.Allow) []manifest.Text { return a.Regions }))
			return nil
		}
		here = in
	}
	bundle := keep(here, func(a manifest.Allow) bool { return matchesAny(a.Bundles, m.Bundle.Name.Value) })
	if len(bundle) == 0 {
		c.refuse(&m.Bundle.Name.Range, "The bundle cannot be named %q in environment %q. %s", m.Bundle.Name.Value, env,
			may(here, func(a manifest.Allow) []manifest.Text { return a.Bundles }))
		return nil
	}
	here = keep(bundle, func(a manifest.Allow) bool { return matchesAny(a.Functions, name) })
	if len(here) == 0 {
		c.refuse(&run.fn.Range, "The guard file does not allow function %q in environment %q.", name, env)
		return nil
	}
	keyed := keep(here, func(a manifest.Allow) bool { return matchesAny(a.Keys, run.fn.Key.Value) })
	if len(keyed) == 0 {
		c.refuse(&run.fn.Key.Range, "Function %q cannot use the key %q. %s", name, run.fn.Key.Value,
			may(here, func(a manifest.Allow) []manifest.Text { return a.Keys }))
		return nil
	}
	allowed := keep(keyed, func(a manifest.Allow) bool { return !a.Blind || run.blind() })
	if len(allowed) == 0 {
		c.refuse(&run.fn.Blind.Range, "Function %q must be blind. Write blind = true.", name)
		return nil
	}
	return allowed
}

// checkGuard reports the parameters that a guard file does not allow to be written: those
// of functions without a block that has put = true. It is for a manifest that CheckGuard
// allows.
func (p *Put) checkGuard() problem.Problems {
	if p.Guard == nil {
		return nil
	}
	c := guardCheck{m: p.Manifest, guard: p.Guard, account: cmp.Or(p.Manifest.Environment.AccountID.Value, sealed.EmbeddedAccount)}
	for _, d := range p.chosen {
		for _, bind := range d.users {
			if !slices.ContainsFunc(permitting(c.blocks(bind.run), bind.ref), func(a manifest.Allow) bool { return a.Put }) {
				c.refuse(bind.at, "The parameter %q of function %q cannot be put. Its block in the guard file would need put = true.", bind.ref.Name, bind.run.fn.Name.Value)
			}
		}
	}
	return c.problems.Sorted()
}

// above returns the blocks with a path, in one of their lists, that a parameter or another path is below.
func above(allows []manifest.Allow, of func(manifest.Allow) []manifest.Text, name string) []manifest.Allow {
	return keep(allows, func(a manifest.Allow) bool {
		return slices.ContainsFunc(of(a), func(p manifest.Text) bool { return manifest.HasPrefix(name, p.Value) })
	})
}

func parametersOf(a manifest.Allow) []manifest.Text { return a.Parameters }

func secretsOf(a manifest.Allow) []manifest.Text { return a.Secrets }

// permitting returns the blocks that allow a parameter or a secret of Secrets Manager to be read.
func permitting(allows []manifest.Allow, ref secret.Ref) []manifest.Allow {
	if ref.Store != secret.SecretsManager {
		return above(allows, parametersOf, ref.Name)
	}
	return keep(allows, func(a manifest.Allow) bool {
		return slices.ContainsFunc(a.Secrets, func(p manifest.Text) bool { return manifest.HasSecretPrefix(ref.Name, p.Value) })
	})
}

// names checks the names of a function, its layer, its helpers and the role's
// session, and returns the blocks that allow them.
func (c *guardCheck) names(run *functionRun, allowed []manifest.Allow) []manifest.Allow {
	check := func(text manifest.Text, of func(manifest.Allow) []manifest.Text, format string, args ...any) {
		if text.Value == "" {
			return
		}
		if those := keep(allowed, func(a manifest.Allow) bool { return matchesAny(of(a), text.Value) }); len(those) > 0 {
			allowed = those
			return
		}
		c.refuse(&text.Range, "%s %s", fmt.Sprintf(format, args...), may(allowed, of))
	}
	layer := run.fn.Layer
	if layer.Value == "" {
		layer = c.m.Bundle.Layer
	}
	check(layer, func(a manifest.Allow) []manifest.Text { return a.Layers }, "The layer cannot be named %q.", layer.Value)
	allowed = c.layerParameter(run, allowed)
	check(run.fn.DeployedAs, func(a manifest.Allow) []manifest.Text { return a.DeployedAs },
		"Function %q cannot be deployed as %q.", run.fn.Name.Value, run.fn.DeployedAs.Value)
	for _, helper := range c.m.Bundle.Helpers {
		check(helper, func(a manifest.Allow) []manifest.Text { return a.Helpers }, "The layer cannot contain the helper %q.", helper.Value)
	}
	for _, text := range c.m.Environment.Session.Plain() {
		check(text, func(a manifest.Allow) []manifest.Text { return a.Session }, "The session of the role cannot have %q.", text.Value)
	}
	return allowed
}

// layerParameter checks the parameter for the ARN of a function's layer, and returns the blocks that allow it.
func (c *guardCheck) layerParameter(run *functionRun, allowed []manifest.Allow) []manifest.Allow {
	name := run.fn.LayerParameter
	if name.Value == "" {
		return allowed
	}
	of := func(a manifest.Allow) []manifest.Text { return a.LayerParameters }
	those := above(allowed, of, name.Value)
	if len(those) == 0 {
		c.refuse(&name.Range, "The ARN of the layer cannot be put into the parameter %q. %s", name.Value, may(allowed, of))
		return allowed
	}
	return those
}

// sources checks what a function reads against the blocks that allow the function.
func (c *guardCheck) sources(run *functionRun, allowed []manifest.Allow) {
	parameters := below("parameters", allowed, parametersOf)
	for i, bind := range run.bindings {
		in := permitting(allowed, bind.ref)
		switch {
		case bind.ref.Name == "":
		case len(in) > 0:
			c.secret(run, run.fn.Secrets[i], bind, in)
		case bind.ref.Store == secret.SecretsManager:
			c.refuse(bind.at, "Function %q cannot read the secret %q of Secrets Manager. %s", run.fn.Name.Value, bind.ref.Name, below("secrets", allowed, secretsOf))
		default:
			c.refuse(bind.at, "Function %q cannot read the parameter %q. %s", run.fn.Name.Value, bind.ref.Name, parameters)
		}
	}
	for _, im := range run.fn.Imports {
		if len(above(allowed, parametersOf, im.Path.Value)) == 0 {
			c.refuse(&im.Path.Range, "Function %q cannot import the parameters below %q. %s", run.fn.Name.Value, im.Path.Value, parameters)
		}
	}
}

// below says which parameters or secrets the blocks allow.
func below(what string, allows []manifest.Allow, of func(manifest.Allow) []manifest.Text) string {
	if all := inList(allows, of); all != "" {
		return fmt.Sprintf("Allowed are %s below %s.", what, all)
	}
	return "None is allowed."
}

// secret checks the options of a secret.
func (c *guardCheck) secret(run *functionRun, s manifest.Secret, bind *binding, in []manifest.Allow) {
	if s.AllowReserved {
		those := keep(in, func(a manifest.Allow) bool { return matchesAny(a.AllowReserved, bind.name) })
		if len(those) == 0 {
			c.refuse(&s.Name.Range, "Secret %q of function %q cannot have allow_reserved = true. %s", bind.name, run.fn.Name.Value,
				may(in, func(a manifest.Allow) []manifest.Text { return a.AllowReserved }))
			return
		}
		in = those
	}
	if plain := bind.checks.Plain(); plain != "" && !slices.ContainsFunc(in, func(a manifest.Allow) bool { return hasText(a.Constraints, plain) || hasText(a.Constraints, "*") }) {
		c.refuse(bind.constraint, "Secret %q of function %q cannot have the constraint %q. %s", bind.name, run.fn.Name.Value, plain,
			may(in, func(a manifest.Allow) []manifest.Text { return a.Constraints }))
	}
}

// may lists what the blocks allow instead.
func may(allows []manifest.Allow, of func(manifest.Allow) []manifest.Text) string {
	if all := inList(allows, of); all != "" {
		return "Allowed: " + all + "."
	}
	return "None is allowed."
}

func keep(all []manifest.Allow, ok func(manifest.Allow) bool) []manifest.Allow {
	var kept []manifest.Allow
	for _, a := range all {
		if ok(a) {
			kept = append(kept, a)
		}
	}
	return kept
}

func matchesAny(patterns []manifest.Text, name string) bool {
	return slices.ContainsFunc(patterns, func(p manifest.Text) bool { return manifest.MatchesPattern(p.Value, name) })
}

func hasText(texts []manifest.Text, s string) bool {
	return slices.ContainsFunc(texts, func(t manifest.Text) bool { return t.Value == s })
}

// inList joins the distinct values that several blocks allow.
func inList(allows []manifest.Allow, of func(manifest.Allow) []manifest.Text) string {
	var all []string
	for _, a := range allows {
		for _, t := range of(a) {
			if text := fmt.Sprintf("%q", t.Value); !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return strings.Join(all, ", ")
}
