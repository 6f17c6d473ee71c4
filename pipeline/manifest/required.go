package manifest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// once checks what does not depend on an environment: variables, the default environment, required blocks, and groups
// that no function includes.
func (m *Module) once(o Options) findings {
	e := m.newEvaluator()
	e.most = maxFindings
	m.setVars(e, o)
	m.setDefault(e)
	m.required(e)
	m.unusedGroups(e)
	return e.findings
}

// Limits on the cost of evaluating all environments: the number of environments, and the number of locals, which are
// evaluated in each.
const (
	maxEnvironments = 100
	maxLocals       = 100_000
)

// required reports missing blocks that every manifest needs, and too many environments or locals.
func (m *Module) required(e *evaluator) {
	if m.partial || len(m.order) == 0 {
		return
	}
	start := hcl.Range{Filename: m.order[0], Start: hcl.InitialPos, End: hcl.InitialPos}
	if m.bundle == nil {
		e.report(fault("No bundle block", "A manifest needs a bundle block. Add: bundle { name = \"…\" }.", start))
	}
	if len(m.environments) == 0 {
		e.report(fault("No environment", "A manifest needs at least one environment. Add a block: environment \"NAME\" { … }.", start))
	}
	if len(m.environments) > maxEnvironments {
		e.report(fault("Too many environments", fmt.Sprintf("A manifest can have at most %d environments. Split it.", maxEnvironments), m.environments[maxEnvironments].header))
		m.environments = m.environments[:maxEnvironments]
	}
	if locals, envs := len(m.localOrder), len(m.environments); locals*envs > maxLocals {
		e.report(fault("Too many locals", fmt.Sprintf("Locals are evaluated for each environment: %d locals in %d environments are %d values, and a manifest can have at most %d. "+
			"Remove locals, or split the manifest.", locals, envs, locals*envs, maxLocals), m.locals[m.localOrder[maxLocals/envs]].NameRange))
		m.environments = m.environments[:max(maxLocals/locals, 1)]
	}
	if len(m.functions) == 0 {
		e.report(fault("No function", "A manifest needs at least one function. Add a block: function \"NAME\" { … }.", start))
	}
}

// unusedGroups warns about groups that no include names. An include that is not a list of literal strings may name any.
func (m *Module) unusedGroups(e *evaluator) {
	used := map[string]bool{}
	for _, b := range append(slices.Clone(m.functions), m.defaults) {
		if b == nil || b.attrs.named("include") == nil {
			continue
		}
		names, plain := plainTexts(b.attrs.named("include").Expr)
		if !plain {
			return
		}
		maps.Copy(used, names)
	}
	for _, g := range m.groups {
		if !used[g.label.Value] && !m.partial && len(m.functions) > 0 {
			e.report(&hcl.Diagnostic{
				Severity: hcl.DiagWarning, Summary: "Unused group", Subject: &g.label.Range, Context: &g.header,
				Detail: fmt.Sprintf("No function includes the group %q. Add it to an include list, or remove the group.", g.label.Value),
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
