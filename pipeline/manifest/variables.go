package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// setVars sets the value of every variable. A variable without a value is unknown, so that expressions that use it are
// not reported too.
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
				e.report(fault("Invalid value for variable", fmt.Sprintf("The value given to variable %q %s.", name, problem), v.label.Range, v.header))
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

// givenVars returns the values from outside. The command line overrides the process environment.
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
				Detail: fmt.Sprintf("--var %q is missing an equals sign. Write --var NAME=VALUE.", entry)})
		case fromFlag[name]:
			e.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Variable set twice",
				Detail: fmt.Sprintf("--var sets %q twice. Remove one of the two.", name)})
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
		return detail + " It declares no variables. Add a variable block, or remove the flag."
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
			e.report(m.noEnvironment(name, m.bundle.attrs.named("default_environment").Range))
		}
		return
	}
	m.standard = name.Value
}
