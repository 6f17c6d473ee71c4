package manifest

import (
	"slices"
	"strings"
)

// A Listing lists names of a manifest, for the completion of a command line. The manifest may be unfinished: what cannot
// be known is left out. Nothing is evaluated that a list does not need.
type Listing struct {
	m                       *Module
	environments, functions []string
}

// Listing returns the listing of some environments and functions; none means all.
func (m *Module) Listing(environments, functions []string) *Listing {
	return &Listing{m, environments, functions}
}

// Groups returns the names of the groups.
func (l *Listing) Groups() []string { return labels(l.m.groups) }

// Variables returns the names of the variables.
func (l *Listing) Variables() []string { return labels(l.m.variables) }

// Regions returns the regions of the environments.
func (l *Listing) Regions() []string {
	var all unique
	l.each(func(_ *evaluator, env Environment) {
		for _, r := range env.Regions {
			all.add(r.Value)
		}
	})
	return all.names
}

// Functions returns the names of the functions of the environments.
func (l *Listing) Functions() []string {
	var all unique
	l.eachFunction(func(_ *evaluator, function *block, _ *scope) { all.add(function.label.Value) })
	return all.names
}

// Secrets returns the names of the secrets of the functions, without those of path imports.
func (l *Listing) Secrets() []string {
	var all unique
	l.eachSecret(func(_ *evaluator, secret *block, _ *scope) { all.add(secret.label.Value) })
	return all.names
}

// Parameters returns the names of the parameters of the functions in embedded environments, without version and label.
func (l *Listing) Parameters() []string {
	var all unique
	l.eachSecret(func(e *evaluator, secret *block, s *scope) {
		if e.env.attrs.named("embedded") == nil {
			return
		}
		parameter, _ := e.text(secret, "parameter", s)
		if name, _, _ := strings.Cut(parameter.Value, ":"); name != "" {
			all.add(name)
		}
	})
	return all.names
}

// each calls do for each environment; if the manifest has none yet, for one without a name.
func (l *Listing) each(do func(e *evaluator, env Environment)) {
	environments := l.m.environments
	if len(environments) == 0 {
		environments = []*block{{}}
	}
	for _, b := range environments {
		if len(l.environments) > 0 && !slices.Contains(l.environments, b.label.Value) {
			continue
		}
		e := l.m.newEvaluator()
		e.env = b
		do(e, e.environment())
	}
}

// eachFunction calls do for each function of each environment, with its defaults.
func (l *Listing) eachFunction(do func(e *evaluator, function *block, s *scope)) {
	l.each(func(e *evaluator, _ Environment) {
		e.setLocals()
		locals := e.scope(scopeLocals)
		for _, own := range l.m.functions {
			if len(l.functions) > 0 && !slices.Contains(l.functions, own.label.Value) {
				continue
			}
			b := e.withDefaults(own)
			if s := locals.inFunction(own.label.Value); e.here(b, s) {
				do(e, b, s)
			}
		}
	})
}

// eachSecret calls do for each secret of each function of each environment: its own, and those of its groups.
func (l *Listing) eachSecret(do func(e *evaluator, secret *block, s *scope)) {
	l.eachFunction(func(e *evaluator, function *block, s *scope) {
		sources := []*block{function}
		groups, _ := e.list(function, "include", s)
		for _, name := range groups {
			if g := l.m.find("group", name.Value); g != nil {
				sources = append(sources, g)
			}
		}
		for _, from := range sources {
			for _, b := range from.blocks {
				if e.blocksLeft--; e.blocksLeft < 0 {
					return
				}
				if b.spec.name == "secret" && e.here(b, s) {
					do(e, b, s)
				}
			}
		}
	})
}

// unique collects names, each once, in the order of their first time.
type unique struct {
	names []string
	seen  map[string]bool
}

func (u *unique) add(name string) {
	if u.seen[name] {
		return
	}
	if u.seen == nil {
		u.seen = map[string]bool{}
	}
	u.seen[name] = true
	u.names = append(u.names, name)
}
