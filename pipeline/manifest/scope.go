package manifest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A scopeKind says which names an expression can use. Each includes the names of the kinds before it.
type scopeKind int

const (
	scopeNothing     scopeKind = iota // variable blocks
	scopeVars                         // var: default_environment
	scopeEnvironment                  // environment.name: environment blocks
	scopeLocals                       // environment.values and local: locals and bundle blocks
	scopeFunction                     // function.name: defaults, group and function blocks
)

type scope struct {
	kind scopeKind
	e    *evaluator
	ctx  *hcl.EvalContext
}

// scope returns a scope with what the evaluator knows so far, for kinds up to scopeLocals.
func (e *evaluator) scope(kind scopeKind) *scope {
	s := &scope{kind: kind, e: e, ctx: &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: e.functions}}
	if kind >= scopeVars {
		s.ctx.Variables["var"] = cty.ObjectVal(e.m.vars)
	}
	if kind >= scopeEnvironment {
		environment := map[string]cty.Value{"name": cty.StringVal(e.env.label.Value)}
		if kind >= scopeLocals {
			environment["values"] = e.values
			s.ctx.Variables["local"] = cty.ObjectVal(e.locals)
		}
		s.ctx.Variables["environment"] = cty.ObjectVal(environment)
	}
	return s
}

// with returns s with one more name, or with a new value for a name.
func (s *scope) with(kind scopeKind, name string, members map[string]cty.Value) *scope {
	ctx := s.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{name: cty.ObjectVal(members)}
	return &scope{kind: kind, e: s.e, ctx: ctx}
}

// inFunction returns s with function.name.
func (s *scope) inFunction(name string) *scope {
	return s.with(scopeFunction, "function", map[string]cty.Value{"name": cty.StringVal(name)})
}

// check reports whether an expression can use a name in this scope. If not, the diagnostic says what to write instead. It
// is nil if the name may be declared in a part of the manifest that was not understood.
func (s *scope) check(t hcl.Traversal) (*hcl.Diagnostic, bool) {
	root, place := t.RootName(), t.SourceRange()
	from, where := scopeOf(root)
	switch {
	case where == "":
		return fault("Unknown name", fmt.Sprintf("The name %q does not exist. If this is a string, put it in quotes. The names are var.NAME, local.NAME, environment.name, environment.values.NAME and function.name.%s",
			root, didYouMean(root, []string{"environment", "function", "local", "var"})), place), false
	case s.kind < from:
		return fault("Name not available here", fmt.Sprintf("The name %s is available %s. Write the value out here.", root, where), place), false
	}
	name, ok := step(t, 1)
	if !ok {
		return fault("Incomplete name", fmt.Sprintf("Write which one: %s.NAME.", root), place), false
	}
	detail := ""
	switch root {
	case "var":
		detail = s.absentVar(name)
	case "local":
		detail = s.absentLocal(name)
	case "environment":
		detail = s.absentInEnvironment(name, t)
	case "function":
		if name != "name" {
			detail = fmt.Sprintf("A function only has a name here. Write function.name instead of function.%s.", word(name))
		}
	}
	switch {
	case detail == "":
		return nil, true
	case s.e.m.partial:
		return nil, false
	}
	return fault("Unknown name", detail, place), false
}

// scopeOf returns the first scope that has a name, and in words where that is; "" if there is no such name.
func scopeOf(root string) (from scopeKind, where string) {
	switch root {
	case "var":
		return scopeVars, "everywhere except in variable blocks"
	case "environment":
		return scopeEnvironment, "everywhere except in variable blocks and default_environment"
	case "local":
		return scopeLocals, "only in locals, bundle, defaults, group and function blocks"
	case "function":
		return scopeFunction, "only in defaults, group and function blocks, and in bundle.layer"
	}
	return 0, ""
}

func (s *scope) absentVar(name string) string {
	if _, ok := s.e.m.vars[name]; ok {
		return ""
	}
	return fmt.Sprintf("Variable %q is not declared. Add a block: variable %q { default = \"…\" }.%s", name, name, didYouMeanBlock(name, s.e.m.variables))
}

func (s *scope) absentLocal(name string) string {
	if s.e.m.locals[name] != nil {
		return ""
	}
	return fmt.Sprintf("Local %q is not declared. Add it to a locals block: %s = ….%s", name, word(name), didYouMean(name, s.e.m.localOrder))
}

func (s *scope) absentInEnvironment(name string, t hcl.Traversal) string {
	switch {
	case name == "name":
		return ""
	case s.kind == scopeEnvironment:
		return "The values are not known yet inside an environment block. Use environment.name or var.NAME."
	case name != "values":
		return fmt.Sprintf("An environment only has a name and values. Write environment.values.%s, and set values = { %s = … } in every environment.", word(name), word(name))
	}
	value, ok := step(t, 2)
	if !ok || !s.e.values.Type().IsObjectType() || s.e.values.Type().HasAttribute(value) {
		return ""
	}
	guess := ""
	if names := s.e.values.Type().AttributeTypes(); len(names) <= maxNames {
		guess = didYouMean(value, slices.Sorted(maps.Keys(names)))
	}
	return fmt.Sprintf("Environment %q (%s) has no value %q. Add it there: values = { %s = … }.%s",
		s.e.env.label.Value, s.e.env.header, value, word(value), guess)
}

// word returns a name as it is written in an expression: in quotes if it is not an identifier.
func word(name string) string {
	if hclsyntax.ValidIdentifier(name) {
		return name
	}
	return fmt.Sprintf("%q", name)
}

// step returns the name at position i of a traversal: .NAME or ["NAME"].
func step(t hcl.Traversal, i int) (string, bool) {
	if i >= len(t) {
		return "", false
	}
	switch s := t[i].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}
