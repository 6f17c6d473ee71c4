package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/pipeline/manifest"
)

// CheckGuard reports everything in a manifest that a guard file does not allow,
// at the manifest's line. account is the one that the environment is for. It makes
// no call to AWS.
//
// What a function has is allowed by a block as a whole or not at all: a block that
// allows its parameter, and another that allows its key, do not add up.
func CheckGuard(m *manifest.Manifest, g *manifest.Guard, account string) Problems {
	c := guardCheck{m: m, guard: g, account: account}
	all, _ := jobs(m)
	for _, j := range all {
		c.function(j)
	}
	return c.problems.Sort()
}

type guardCheck struct {
	m        *manifest.Manifest
	guard    *manifest.Guard
	account  string
	problems Problems
}

func (c *guardCheck) refuse(at *hcl.Range, format string, args ...any) {
	c.problems = append(c.problems, problem(Manifest, at, "Not allowed by the guard", fmt.Sprintf(format, args...)+
		fmt.Sprintf(" Change the manifest, or have who keeps %s allow it.", c.guard.Path)))
}

func (c *guardCheck) function(j *job) {
	name, env := j.fn.Name.Value, c.m.Environment.Name.Value
	here := keep(c.guard.Allows, func(a manifest.Allow) bool {
		return matchesAny(a.Environments, env) && (len(a.Accounts) == 0 || hasText(a.Accounts, c.account))
	})
	if len(here) == 0 {
		c.refuse(&c.m.Environment.Range, "It allows nothing in environment %q of account %s.", env, c.account)
		return
	}
	here = keep(here, func(a manifest.Allow) bool { return matchesAny(a.Functions, name) })
	if len(here) == 0 {
		c.refuse(&j.fn.Range, "It allows no function %q in environment %q.", name, env)
		return
	}
	keyed := keep(here, func(a manifest.Allow) bool { return matchesAny(a.Keys, j.fn.Key.Value) })
	if len(keyed) == 0 {
		c.refuse(&j.fn.Key.Range, "Function %q may not have the key %q. It may have %s.", name, j.fn.Key.Value,
			listed(here, func(a manifest.Allow) []manifest.Text { return a.Keys }))
		return
	}
	allowed := keep(keyed, func(a manifest.Allow) bool { return !a.Blind || j.blind() })
	if len(allowed) == 0 {
		c.refuse(&j.fn.Blind.Range, "Function %q has to be blind: write blind = true.", name)
		return
	}
	c.parameters(j, allowed)
}

// parameters checks what a function has against the blocks that allow it.
func (c *guardCheck) parameters(j *job, allowed []manifest.Allow) {
	below := func(name string) bool {
		return slices.ContainsFunc(allowed, func(a manifest.Allow) bool {
			return slices.ContainsFunc(a.Parameters, func(p manifest.Text) bool { return manifest.HasPrefix(name, p.Value) })
		})
	}
	may := listed(allowed, func(a manifest.Allow) []manifest.Text { return a.Parameters })
	for _, w := range j.wants {
		if w.ref.Name != "" && !below(w.ref.Name) {
			c.refuse(w.at, "Function %q may not have the parameter %q. It may have what is below %s.", j.fn.Name.Value, w.ref.Name, may)
		}
	}
	for _, im := range j.fn.Imports {
		if !below(im.Path.Value) {
			c.refuse(&im.Path.Range, "Function %q may not import what is below %q. It may have what is below %s.", j.fn.Name.Value, im.Path.Value, may)
		}
	}
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

// listed joins what several blocks allow.
func listed(allows []manifest.Allow, of func(manifest.Allow) []manifest.Text) string {
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
