package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// settle does what does not depend on an environment: variables, the default environment, what a manifest must
// have at all, and groups that nobody includes.
func (m *Module) settle(o Options) findings {
	e := m.newEvaluator()
	m.setVars(e, o)
	m.setDefault(e)
	m.whole(e)
	m.unusedGroups(e)
	return e.findings
}

// setVars finds the value of every variable. One without a value stays unknown, so that what uses it is not reported too.
func (m *Module) setVars(e *evaluator, o Options) {
	given := m.givenVars(e, o)
	m.vars = map[string]cty.Value{}
	for _, v := range m.variables {
		name := v.label.Value
		s := e.scope(scopeNothing)
		standard, has := e.text(v, "default", s, emptyToo)
		e.text(v, "description", s, emptyToo)
		m.vars[name] = cty.UnknownVal(cty.String)
		if value, ok := given[name]; ok {
			if problem := badText(value, true); problem != "" {
				e.report(fault("Unusable value of variable", fmt.Sprintf("The value given to variable %q %s.", name, problem), v.label.Range, v.header))
				continue
			}
			m.vars[name] = cty.StringVal(value)
			continue
		}
		switch {
		case has == found:
			m.vars[name] = cty.StringVal(standard.Value)
		case has == absent && !v.partial && !m.partial:
			e.report(fault("Variable without a value",
				fmt.Sprintf("Variable %q has no default. Give it a value with --var %s=… or in the environment variable BUNDLE_VAR_%s, or write a default.", name, word(name), word(name)), v.label.Range, v.header))
		}
	}
}

// givenVars are the values from outside, the command line before the process environment.
func (m *Module) givenVars(e *evaluator, o Options) map[string]string {
	given := map[string]string{}
	declared := labels(m.variables)
	for _, entry := range o.Environ {
		name, value, _ := strings.Cut(entry, "=")
		if name, ok := strings.CutPrefix(name, "BUNDLE_VAR_"); ok && value != "" {
			given[name] = value
		}
	}
	fromFlag := map[string]bool{}
	for _, entry := range o.Vars {
		name, value, ok := strings.Cut(entry, "=")
		switch {
		case !ok:
			e.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Invalid value for --var",
				Detail: fmt.Sprintf("--var %q has no equals sign. Write --var NAME=VALUE.", entry)})
		case fromFlag[name]:
			e.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Variable set twice",
				Detail: fmt.Sprintf("--var sets %q twice. Leave one of them out.", name)})
		case !slices.Contains(declared, name) && !m.partial:
			e.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown variable", Detail: undeclared(name, declared)})
		}
		given[name], fromFlag[name] = value, true
	}
	return given
}

func undeclared(name string, declared []string) string {
	detail := fmt.Sprintf("--var sets %q, which the manifest does not declare.", name)
	if len(declared) == 0 {
		return detail + " It declares no variables."
	}
	return fmt.Sprintf("%s It declares %s.%s", detail, quoted(declared, 20), didYouMean(name, declared))
}

func (m *Module) setDefault(e *evaluator) {
	if m.bundle == nil {
		return
	}
	name, has := e.text(m.bundle, "default_environment", e.scope(scopeVars))
	if has != found {
		return
	}
	if m.find("environment", name.Value) == nil {
		if !m.partial {
			e.report(m.noEnvironment(name, m.bundle.attrs["default_environment"].Range))
		}
		return
	}
	m.standard = name.Value
}

// maxEnvironments bounds what evaluating all environments costs.
const maxEnvironments = 100

// whole reports the blocks that every manifest has.
func (m *Module) whole(e *evaluator) {
	if m.partial || len(m.order) == 0 {
		return
	}
	start := hcl.Range{Filename: m.order[0], Start: hcl.InitialPos, End: hcl.InitialPos}
	if m.bundle == nil {
		e.report(fault("No bundle block", "A manifest has one bundle block. Add: bundle { name = \"…\" }.", start))
	}
	if len(m.environments) == 0 {
		e.report(fault("No environment", "A manifest has at least one environment. Add a block: environment \"NAME\" { … }.", start))
	}
	if len(m.environments) > maxEnvironments {
		e.report(fault("Too many environments", fmt.Sprintf("A manifest has at most %d environments. Split it.", maxEnvironments), m.environments[maxEnvironments].header))
		m.environments = m.environments[:maxEnvironments]
	}
	if len(m.functions) == 0 {
		e.report(fault("No function", "A manifest has at least one function. Add a block: function \"NAME\" { … }.", start))
	}
}

// unusedGroups warns of groups that no include names. An include that is not a plain list of texts may name any.
func (m *Module) unusedGroups(e *evaluator) {
	used := map[string]bool{}
	for _, b := range append(slices.Clone(m.functions), m.defaults) {
		if b == nil || b.attrs["include"] == nil {
			continue
		}
		names, plain := plainTexts(b.attrs["include"].Expr)
		if !plain {
			return
		}
		maps.Copy(used, names)
	}
	for _, g := range m.groups {
		if !used[g.label.Value] && !m.partial && len(m.functions) > 0 {
			e.report(&hcl.Diagnostic{
				Severity: hcl.DiagWarning, Summary: "Unused group", Subject: &g.label.Range, Context: &g.header,
				Detail: fmt.Sprintf("No function includes the group %q. Add it to an include list, or remove it.", g.label.Value),
			})
		}
	}
}

func plainTexts(expr hcl.Expression) (map[string]bool, bool) {
	elements, diags := hcl.ExprList(expr)
	if diags.HasErrors() {
		return nil, false
	}
	texts := map[string]bool{}
	for _, element := range elements {
		if len(element.Variables()) > 0 {
			return nil, false
		}
		v, diags := element.Value(&hcl.EvalContext{})
		if diags.HasErrors() || v.Type() != cty.String || v.IsNull() || !v.IsKnown() {
			return nil, false
		}
		texts[v.AsString()] = true
	}
	return texts, true
}
