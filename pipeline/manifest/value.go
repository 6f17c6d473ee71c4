package manifest

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

const (
	// maxExpression is the largest size of an expression in bytes. Together with maxValue, it limits what a template can join.
	maxExpression = 4 << 10
	// maxText is the largest length of a string attribute. No name or ARN of AWS is longer.
	maxText = 2048
)

// evaluator evaluates expressions, and collects problems.
type evaluator struct {
	m          *Module
	functions  map[string]function.Function
	meter      *meter
	env        *block                // nil while loading
	values     cty.Value             // environment.values
	blind      *Bool                 // blind from the environment or bundle block; nil if neither has it
	locals     map[string]cty.Value  // those evaluated so far
	failed     map[hcl.Range]bool    // expressions with reported problems, which are not evaluated again for the next function
	blocksLeft int                   // of maxSecrets
	pairs      map[[2]hcl.Range]bool // reported pairs of secrets with the same name
	findings
}

// state is the result of evaluating an attribute.
type state int

const (
	absent state = iota // not written, or null
	failed              // reported, or unknown because of something reported
	found
)

func (m *Module) newEvaluator() *evaluator {
	meter := newMeter(len(m.environments))
	return &evaluator{
		findings:   findings{most: maxFindings / min(max(len(m.environments), 1), maxEnvironments)},
		m:          m,
		functions:  functions(meter),
		meter:      meter,
		blocksLeft: m.share(),
		failed:     map[hcl.Range]bool{},
		pairs:      map[[2]hcl.Range]bool{},
		values:     cty.EmptyObjectVal,
		locals:     map[string]cty.Value{},
	}
}

// refused reports whether a place contains a construct that has been reported and must not be evaluated.
func (e *evaluator) refused(r hcl.Range) bool {
	return slices.ContainsFunc(e.m.refused[r.Filename], r.Overlaps)
}

// value evaluates an attribute. If that fails, the value is unknown, so that expressions that use it are not reported too.
func (e *evaluator) value(a *hcl.Attribute, s *scope) cty.Value {
	place := a.Expr.Range()
	if e.failed[place] || e.refused(place) || e.m.spoiled(place) || e.meter.empty() {
		return cty.DynamicVal
	}
	before := e.count()
	if n := place.End.Byte - place.Start.Byte; n > maxExpression {
		if e.failed[place] = true; e.m.broken(place) {
			return cty.DynamicVal // it may end in the wrong place
		}
		e.report(fault("Expression too long", fmt.Sprintf("An expression can have at most %d bytes, and this one has %d. Split it into named parts in a locals block.", maxExpression, n), a.NameRange))
		return cty.DynamicVal
	}
	v, written := literal(a.Expr)
	var diags hcl.Diagnostics
	if !written {
		e.checkNames(a, s)
		if e.failed[place] {
			return cty.DynamicVal
		}
		v, diags = a.Expr.Value(s.ctx)
	}
	n, ok := sizeOf(v)
	if ok {
		e.meter.use(v, n)
	}
	if e.meter.empty() {
		e.report(fault("Expressions too large", fmt.Sprintf("The expressions up to this one use and create values of more than %d bytes in total, which is the limit for this environment. "+
			"Write short values out, use long strings and lists less often, or split the manifest.", maxWork/max(len(e.m.environments), 1)), a.Expr.Range(), a.Range))
		return cty.DynamicVal
	}
	for _, d := range diags {
		if d.Summary == "Call to unknown function" {
			d.Detail += " The functions available in a manifest are " + strings.Join(Functions(), ", ") + "."
		}
		if wide(d) {
			d.EvalContext = nil
		}
		e.report(d)
	}
	if !diags.HasErrors() && !ok {
		e.report(fault("Value too large", fmt.Sprintf("The value of %s has more than %d bytes, more than %d elements, or more than %d levels of nesting. Write a smaller value.", word(a.Name), maxValue, maxValue/elementCost, maxNested), a.Expr.Range(), a.Range))
	}
	if e.count() > before {
		e.failed[place] = true
		return cty.DynamicVal
	}
	return v
}

// literal returns the value of a string in quotes without templates, which most attributes have. It is the one that Value
// of the expression returns.
func literal(expr hcl.Expression) (v cty.Value, ok bool) {
	template, ok := expr.(*hclsyntax.TemplateExpr)
	if !ok || !template.IsStringLiteral() {
		return cty.NilVal, false
	}
	return template.Parts[0].(*hclsyntax.LiteralValueExpr).Val, true
}

// checkNames reports names in an expression that cannot be used, and duplicate keys of objects. It counts the values of
// the names.
func (e *evaluator) checkNames(a *hcl.Attribute, s *scope) {
	for _, t := range a.Expr.Variables() {
		d, ok := s.check(t)
		if d != nil {
			d.Context = &a.Range
			e.report(d)
		}
		if !ok {
			e.failed[a.Expr.Range()] = true
		} else if v, diags := t.TraverseAbs(s.ctx); !diags.HasErrors() { // otherwise, the evaluation reports what is wrong
			e.meter.refer(v)
		}
	}
	for _, key := range repeatedKeys(a.Expr, s.ctx) {
		e.wrong(a, "Duplicate key", fmt.Sprintf("The object already has the key %.60q, and only the last one would be used. Remove one of the two.", key.Value), key.Range)
	}
}

// repeatedKeys returns the duplicate keys of objects in a native expression. HCL uses the last one.
func repeatedKeys(expr hcl.Expression, ctx *hcl.EvalContext) []Text {
	node, ok := expr.(hclsyntax.Expression)
	if !ok {
		return nil // the JSON parser reports them
	}
	var repeated []Text
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		object, ok := n.(*hclsyntax.ObjectConsExpr)
		if !ok {
			return nil
		}
		seen := map[string]bool{}
		for _, item := range object.Items {
			key, diags := item.KeyExpr.Value(ctx)
			if diags.HasErrors() || !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
				continue
			}
			if seen[key.AsString()] {
				repeated = append(repeated, Text{key.AsString(), item.KeyExpr.Range()})
			}
			seen[key.AsString()] = true
		}
		return nil
	})
	return repeated
}

// wide reports whether the values that HCL would print with a diagnostic are long.
func wide(d *hcl.Diagnostic) bool {
	if d.Expression == nil || d.EvalContext == nil {
		return false
	}
	budget := 200
	for _, t := range d.Expression.Variables() {
		if v, diags := t.TraverseAbs(d.EvalContext); !diags.HasErrors() && !spend(v, &budget, 0) {
			return true
		}
	}
	return false
}

// wrong reports a problem with the value of an attribute.
func (e *evaluator) wrong(a *hcl.Attribute, summary, detail string, place hcl.Range) {
	e.failed[a.Expr.Range()] = true
	e.report(fault(summary, detail, place, a.Range))
}

func (e *evaluator) wrongType(a *hcl.Attribute, wanted kind, example string, got cty.Value, place hcl.Range) {
	why := ""
	if a.Name == "account_id" && got.Type() == cty.Number {
		why = " A number loses the zeros that it begins with."
	}
	e.wrong(a, "Wrong type", fmt.Sprintf("%s must be %s, not %s.%s Write %s.", a.Name, described(wanted), articled(got.Type().FriendlyName()), why, example), place)
}

func described(k kind) string {
	switch k {
	case textKind:
		return "a string"
	case boolKind:
		return "a bool"
	case listKind:
		return "a list(string)"
	case pathKind:
		return "a string or a list(string)"
	case numberKind:
		return "a whole number"
	case objectKind:
		return "an object"
	}
	return string(k)
}

func articled(typeName string) string {
	switch {
	case typeName == "bool":
		return "a bool"
	case typeName == "string":
		return "a string"
	case strings.IndexByte("aeiou", typeName[0]) >= 0:
		return "an " + typeName
	}
	return "a " + typeName
}

// get evaluates an attribute of a block, if it exists.
func (e *evaluator) get(b *block, name string, s *scope) (*hcl.Attribute, cty.Value, state) {
	a := b.attrs.named(name)
	if a == nil {
		return nil, cty.NilVal, absent
	}
	v := e.value(a, s)
	switch {
	case v.IsNull():
		return a, v, absent
	case !v.IsWhollyKnown():
		return a, v, failed
	}
	return a, v, found
}

type textOption int

const emptyToo textOption = iota // the string may be empty

// text evaluates a string attribute. The result has the place of the expression.
func (e *evaluator) text(b *block, name string, s *scope, o ...textOption) (Text, state) {
	a, v, st := e.get(b, name, s)
	if st != found {
		return Text{}, st
	}
	place := a.Expr.Range()
	if v.Type() != cty.String {
		e.wrongType(a, textKind, "it in quotes: "+name+" = \"…\"", v, place)
		return Text{Range: place}, failed
	}
	if problem := badText(v.AsString(), slices.Contains(o, emptyToo)); problem != "" {
		e.wrong(a, fmt.Sprintf("Invalid attribute %q", name), fmt.Sprintf("The value of %s %s.", name, problem), place)
		return Text{Range: place}, failed
	}
	return Text{v.AsString(), place}, found
}

// badText returns what is wrong with any string attribute, as the end of a sentence, or "".
func badText(s string, mayBeEmpty bool) string {
	switch {
	case s == "" && !mayBeEmpty:
		return "is empty. Remove the attribute, or write null"
	case len(s) > maxText:
		return fmt.Sprintf("has %d bytes. Write at most %d", len(s), maxText)
	case strings.ContainsFunc(s, unicode.IsControl):
		return "contains a control character or a line break. Remove it"
	}
	return ""
}

func (e *evaluator) bool(b *block, name string, s *scope) bool {
	value, _ := e.flag(b, name, s)
	return value.Value
}

// flag evaluates a bool attribute. The result has the place of the expression.
func (e *evaluator) flag(b *block, name string, s *scope) (Bool, state) {
	a, v, st := e.get(b, name, s)
	if st != found {
		return Bool{}, st
	}
	place := a.Expr.Range()
	if v.Type() != cty.Bool {
		e.wrongType(a, boolKind, name+" = true or "+name+" = false, without quotes", v, place)
		return Bool{Range: place}, failed
	}
	return Bool{v.True(), place}, found
}

// number evaluates a whole number attribute from 1 to most. The result has the place of the expression.
func (e *evaluator) number(b *block, name string, s *scope, most int) Number {
	a, v, st := e.get(b, name, s)
	if st != found {
		return Number{}
	}
	place := a.Expr.Range()
	if v.Type() != cty.Number {
		e.wrongType(a, numberKind, name+" = 1, without quotes", v, place)
		return Number{Range: place}
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact || n < 1 || n > int64(most) {
		e.wrong(a, fmt.Sprintf("Invalid attribute %q", name), fmt.Sprintf("The value of %s must be a whole number from 1 to %d.", name, most), place)
		return Number{Range: place}
	}
	return Number{int(n), place}
}

// list evaluates a list attribute. Each element has its own place if the list is a literal.
func (e *evaluator) list(b *block, name string, s *scope) ([]Text, state) {
	a, v, st := e.get(b, name, s)
	if st != found {
		return nil, st
	}
	example := name + " = [\"…\"]"
	if t := v.Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		e.wrongType(a, listKind, example, v, a.Expr.Range())
		return nil, failed
	}
	written, diags := hcl.ExprList(a.Expr)
	if diags.HasErrors() || len(written) != v.LengthInt() {
		written = nil
	}
	var texts []Text
	for _, element := range v.AsValueSlice() {
		place := a.Expr.Range()
		if written != nil {
			place = written[len(texts)].Range()
		}
		if element.IsNull() || element.Type() != cty.String {
			e.wrongType(a, listKind, example, element, place)
			return nil, failed
		}
		if problem := badText(element.AsString(), false); problem != "" {
			e.wrong(a, fmt.Sprintf("Invalid attribute %q", name), fmt.Sprintf("An element of %s %s.", name, problem), place)
			return nil, failed
		}
		texts = append(texts, Text{element.AsString(), place})
	}
	return texts, found
}
