package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Choose finds the parameters of secrets, of one function or, if function is "", of all
// functions. It makes no call. It reports every name that is not a secret, that stands
// for several parameters or for a version that nobody can write, and what the guard file
// does not allow.
func (p *Put) Choose(names []Named, function string) problem.Problems {
	bound, problems := p.bind()
	if len(problems) > 0 {
		return problems
	}
	if function != "" && !slices.ContainsFunc(bound.functions, func(run *functionRun) bool { return run.fn.Name.Value == function }) {
		return problem.Problems{problem.New(problem.Manifest, nil, "Unknown function", fmt.Sprintf("Environment %q has no function %q. It has %s.",
			p.Manifest.Environment.Name.Value, function, quotedNames(bound.functions)))}
	}
	var unknown []Named
	for _, name := range names {
		found := bound.secrets(name.Name, function)
		if len(found) == 0 {
			unknown = append(unknown, name)
			continue
		}
		problems = append(problems, p.choose(bound, name, found)...)
	}
	if len(unknown) > 0 {
		problems = append(problems, bound.unknown(unknown, function))
	}
	for _, d := range p.chosen {
		problems = append(problems, d.checkBlind()...)
	}
	return append(problems, p.checkGuard()...).Sort()
}

// secrets returns the secrets with a name, of one function or of all.
func (b bound) secrets(name, function string) []*binding {
	var found []*binding
	for _, run := range b.functions {
		for _, bind := range run.bindings {
			if bind.name == name && (function == "" || run.fn.Name.Value == function) {
				found = append(found, bind)
			}
		}
	}
	return found
}

// choose adds the parameter of the secrets with a name.
func (p *Put) choose(b bound, name Named, found []*binding) problem.Problems {
	if i := slices.IndexFunc(found, (*binding).elsewhere); i >= 0 {
		if p.rotates {
			return p.rotated(found)
		}
		return p.elsewhere(found[i], found)
	}
	live := slices.DeleteFunc(slices.Clone(found), (*binding).fixed)
	if len(live) == 0 {
		return problem.Problems{pinnedProblem(found[0])}
	}
	first := live[0]
	if slices.ContainsFunc(live, func(bind *binding) bool { return bind.ref != first.ref || bind.field != first.field }) {
		return problem.Problems{several(live)}
	}
	d := p.destination(b, first.ref)
	for _, other := range d.parts {
		if other.name != name.Name && first.field != other.field() && (first.field.Above(other.field()) || other.field().Above(first.field)) {
			return problem.Problems{d.refuse(problem.Manifest, "Two values for one parameter", fmt.Sprintf(
				"%s is a part of the value of %s, or the whole. Put them one after the other.", name.Name, other.name))}
		}
	}
	d.parts = append(d.parts, part{name: name.Name, line: name.Line, binds: live})
	return nil
}

// fixed reports whether a secret has a version or label of a parameter, or a stage or version
// of a secret of Secrets Manager that a new value does not get.
func (bind *binding) fixed() bool {
	if bind.elsewhere() {
		return bind.ref.Selector != secret.StageCurrent
	}
	return bind.ref.Selector != ""
}

// destination returns the parameter among the chosen, and adds it if it is not there.
func (p *Put) destination(b bound, ref secret.Ref) *destination {
	for _, d := range p.chosen {
		if d.ref == ref {
			return d
		}
	}
	d := &destination{ref: ref}
	for _, run := range b.functions {
		for _, bind := range run.bindings {
			switch {
			case bind.ref.Bare() != ref:
			case bind.fixed():
				d.fixed = append(d.fixed, bind)
			default:
				d.users = append(d.users, bind)
			}
		}
	}
	p.chosen = append(p.chosen, d)
	return d
}

// pinnedProblem reports a secret that reads a version or a label, which a put does not change.
func pinnedProblem(bind *binding) problem.Problem {
	what := "version " + bind.ref.Selector
	if bind.ref.Selector[0] < '0' || bind.ref.Selector[0] > '9' {
		what = "label " + quote(bind.ref.Selector)
	}
	return problem.New(problem.Manifest, bind.at, "Pinned parameter", fmt.Sprintf(
		"%s of function %q reads %s of %q, so a new version would make no difference to it. Remove %q from this line, put the value, and pin the new version if you need to.",
		bind.name, bind.run.fn.Name.Value, what, bind.ref.Name, ":"+bind.ref.Selector))
}

// several reports a name that stands for several parameters or fields.
func several(all []*binding) problem.Problem {
	var lines []string
	for _, bind := range all {
		what := fmt.Sprintf("%q", bind.ref.Name)
		if bind.field != "" {
			what = fmt.Sprintf("the field %q of %s", bind.field, what)
		}
		lines = append(lines, fmt.Sprintf("%s in function %q", what, bind.run.fn.Name.Value))
	}
	return problem.New(problem.Manifest, all[0].at, "Several parameters for one name", fmt.Sprintf(
		"%s is %s. Choose one with --function.", all[0].name, strings.Join(lines, ", ")))
}

// unknown reports all names that are no secrets.
func (b bound) unknown(names []Named, function string) problem.Problem {
	of := fmt.Sprintf("Environment %q", b.Manifest.Environment.Name.Value)
	if function != "" {
		of = fmt.Sprintf("Function %q in environment %q", function, b.Manifest.Environment.Name.Value)
	}
	if names[0].maybeValue() {
		return problem.New(problem.Manifest, nil, "Unknown secret", fmt.Sprintf(
			"The argument is not the name of a secret. It is not shown, as it could be a value: values come from a prompt, standard input or --from FILE. %s has %s.",
			of, b.secretNames(function)))
	}
	var shown []string
	for _, name := range names {
		line := ""
		if name.Line > 0 {
			line = fmt.Sprintf(" (line %d)", name.Line)
		}
		shown = append(shown, fmt.Sprintf("%q%s", name.Name, line))
	}
	detail := fmt.Sprintf("%s has no secret %s.", of, strings.Join(shown, ", "))
	if len(names) > 1 {
		detail = fmt.Sprintf("%s has none of these secrets: %s.", of, strings.Join(shown, ", "))
	}
	if path := b.importing(names[0].Name, function); path != "" {
		detail += fmt.Sprintf(" The name may come from the import of %q, where it does not say which parameter is meant. "+
			"Give the parameter a secret block: secret %q { parameter = \"…\" }.", path, names[0].Name)
	} else {
		detail += " It has " + b.secretNames(function) + "."
	}
	return problem.New(problem.Manifest, nil, "Unknown secret", detail)
}

// maybeValue reports whether a name of the command line could be a value that was given in
// its place: it is not as names of secrets usually are. Names in a file are keys.
func (n Named) maybeValue() bool {
	return n.Line == 0 && (len(n.Name) > 64 || strings.Trim(n.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" || strings.Trim(n.Name[:1], "0123456789") == "")
}

// importing returns a path import that could make a secret of this name, or "".
func (b bound) importing(name, function string) string {
	for _, run := range b.functions {
		for _, im := range run.fn.Imports {
			rest, ok := strings.CutPrefix(name, im.Prefix.Value)
			if ok && rest != "" && strings.ToUpper(name) == name && (function == "" || run.fn.Name.Value == function) {
				return im.Path.Value
			}
		}
	}
	return ""
}

func (b bound) secretNames(function string) string {
	const most = 30
	all := b.names(function)
	if more := len(all) - most; more > 0 {
		all = append(all[:most], fmt.Sprintf("%d more", more))
	}
	if len(all) == 0 {
		return "no secret that is named in the manifest"
	}
	return strings.Join(all, ", ")
}

func quotedNames(functions []*functionRun) string {
	var all []string
	for _, run := range functions {
		all = append(all, fmt.Sprintf("%q", run.fn.Name.Value))
	}
	return strings.Join(all, ", ")
}

// checkBlind reports the secrets of blind functions that ask for a value, as a build does.
func (d *destination) checkBlind() problem.Problems {
	var problems problem.Problems
	for _, bind := range d.users {
		for _, p := range bind.run.checkBlind() {
			if bind.asks != nil && problem.SamePlace(p.Subject, bind.asks) {
				problems = append(problems, p)
			}
		}
	}
	return problems
}

// Secrets returns the names that Choose takes: those of the environment's secrets, of one
// function or of all.
func (s *Scope) Secrets(function string) []string {
	bound, _ := s.bind() // Choose reports its problems
	return bound.names(function)
}

func (b bound) names(function string) []string {
	var all []string
	for _, run := range b.functions {
		for _, bind := range run.bindings {
			if function == "" || run.fn.Name.Value == function {
				all = append(all, bind.name)
			}
		}
	}
	return distinct(all)
}
