package starter

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxReferences is how deep variables can refer to variables.
const maxReferences = 20

// value returns what is known of a value in a serverless.yml.
func (i *serverless) value(n *yaml.Node) value {
	n = i.follow(n)
	switch {
	case n == nil:
		return not(absent)
	case n.Kind != yaml.ScalarNode, tagged(n):
		return i.stack.value(n)
	}
	i.use(n)
	if !strings.Contains(n.Value, "${") {
		return scalar(n)
	}
	return i.string(n.Value)
}

// string returns what is known of a string with variables in it.
func (i *serverless) string(s string) value {
	if !i.enter() {
		return entangled()
	}
	defer i.exit()
	return interpolated(s, i.variable)
}

// enter begins to evaluate a variable within others, unless they are too many. Then
// exit ends it.
func (i *serverless) enter() bool {
	i.steps++
	if i.depth >= maxReferences || i.exhausted() {
		return false
	}
	i.depth++
	return true
}

func (i *serverless) exit() { i.depth-- }

func entangled() value { return not("its variables have too many references") }

// interpolated returns what is known of a string, given what is known of the variables
// in it.
func interpolated(s string, variable func(inside string) value) value {
	var all []value
	pieces, closed := cut(s)
	for _, p := range pieces {
		if p.variable {
			all = append(all, variable(p.text))
		} else {
			all = append(all, text(literal(p.text)))
		}
	}
	if !closed {
		return not("a variable in it is not closed; write the } that is missing")
	}
	return join(all)
}

// variable returns what is known of ${s}. If one of its alternatives is a parameter,
// that is the secret; the others are told in remarks.
func (i *serverless) variable(s string) value {
	all := alternatives(unwrapped(s))
	var before []string // what overrides the parameter
	first := not(absent)
	for n, one := range all {
		v := i.alternative(one, n == 0)
		switch {
		case v.kind == fromStore:
			for _, name := range before {
				v.remarks = append(v.remarks, "in the source, "+name+" overrides it")
			}
			return i.alternatively(v, all[n+1:])
		case v.kind == unknown && v.why == absent:
			continue
		case v.outside == "" && v.kind != unknown && n > 0 && first.kind == known:
			return standard(first, v)
		case v.outside == "" && v.kind != unknown && first.why == absent:
			return i.preferred(v, one, all[n+1:])
		}
		if first.why == absent {
			first = v
		}
		before = append(before, source(one))
	}
	if name := source(all[0]); first.why == absent && first.missing == "" && strings.HasPrefix(name, "$") {
		first.missing = name
	}
	return first
}

// preferred returns a value that does not come from a parameter, unless a parameter
// that is never read follows.
func (i *serverless) preferred(v value, one string, rest []string) value {
	if v.kind == known && v.text.staged() {
		return v
	}
	for _, next := range rest {
		if p := i.alternative(next, false); p.kind == fromStore {
			return not(source(one) + " takes precedence in the source over " + p.called())
		}
	}
	return v
}

// standard returns what is known of a string from outside with a default. The default
// is no constant, unless it is the name of the environment.
func standard(outside, v value) value {
	if v.kind == known && v.text.staged() {
		return v
	}
	if outside.kind == known && len(outside.text) == 1 && outside.text[0].open != nil && outside.option {
		outside.outside = "" // looks like configuration
	}
	return outside
}

// alternatively adds what the source uses if the parameter does not exist.
func (i *serverless) alternatively(v value, rest []string) value {
	others := false
	for _, one := range rest {
		switch next := i.alternative(one, false); {
		case next.kind == fromStore && next.same(v):
		case next.kind == fromStore:
			others = true
			what := noun(next.store)
			other := strings.TrimPrefix(next.called(), what+" ")
			v.remarks = append(v.remarks, "if it does not exist, the source reads another "+what+", "+other+"; a manifest has no alternatives")
		case next.kind == unknown && next.why == absent:
		case next.outside != "" || next.kind == unknown:
			v.optional = true
			v.remarks = append(v.remarks, "if it does not exist, the source uses "+source(one))
		default:
			v.optional = true
		}
	}
	v.optional = v.optional && !others
	return v
}

// alternative returns what is known of an alternative: a variable with or without its
// braces, or a string in quotes.
func (i *serverless) alternative(s string, first bool) value {
	switch {
	case first:
		return i.source(s)
	case strings.HasPrefix(s, "${"):
		return i.string(s)
	case len(s) >= 2 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0]:
		return i.string(s[1 : len(s)-1])
	case split(s) != nil:
		return i.source(s)
	}
	return text(literal(s)) // a number, true, false
}
