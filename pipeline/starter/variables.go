package starter

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// maxReferences is how deep variables can refer to variables.
const maxReferences = 20

// value returns what is known of a value in a serverless.yml.
func (i *serverless) value(n *yaml.Node) value {
	n = i.follow(n)
	switch {
	case n == nil:
		return not("it does not exist")
	case n.Kind != yaml.ScalarNode, strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return cloudFormation(i.document, n)
	}
	return i.string(n.Value)
}

// cloudFormation returns what is known of a value that CloudFormation evaluates.
func cloudFormation(d *document, n *yaml.Node) value {
	if holdsDynamic(d, n, 0) {
		return not("CloudFormation builds it from a dynamic reference; put the whole value in its own parameter")
	}
	return value{kind: computed}
}

func holdsDynamic(d *document, n *yaml.Node, depth int) bool {
	d.steps++
	if n = d.follow(n); n == nil || depth > maxReferences || d.exhausted() {
		return false
	}
	if n.Kind == yaml.ScalarNode {
		return strings.Contains(n.Value, "{{resolve:")
	}
	return slices.ContainsFunc(n.Content, func(inner *yaml.Node) bool { return holdsDynamic(d, inner, depth+1) })
}

// string returns what is known of a string with variables in it.
func (i *serverless) string(s string) value {
	i.steps++
	if i.depth++; i.depth > maxReferences || i.exhausted() {
		i.depth--
		return not("its variables have too many references")
	}
	defer func() { i.depth-- }()
	var all []value
	for s != "" {
		before, rest, found := strings.Cut(s, "${")
		if before != "" {
			all = append(all, text(literal(before)))
		}
		if !found {
			break
		}
		end := closing(rest)
		if end < 0 {
			return not("a variable in it is not closed")
		}
		all = append(all, i.variable(rest[:end]))
		s = rest[end+1:]
	}
	if len(all) == 0 {
		return text(nil)
	}
	return join(all)
}

// closing returns the index of the brace that closes the one before s, or -1.
func closing(s string) int {
	depth := 1
	for at := range len(s) {
		switch s[at] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return at
			}
		}
	}
	return -1
}

// alternatives splits the inside of a variable at its commas. Each part is the
// default for those before it.
func alternatives(s string) (all []string) {
	depth, begin, quote := 0, 0, byte(0)
	for at := range len(s) {
		switch c := s[at]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'', c == '"':
			quote = c
		case c == '{', c == '(':
			depth++
		case c == '}', c == ')':
			depth--
		case c == ',' && depth == 0:
			all = append(all, strings.TrimSpace(s[begin:at]))
			begin = at + 1
		}
	}
	return append(all, strings.TrimSpace(s[begin:]))
}

// variable returns what is known of ${s}.
func (i *serverless) variable(s string) value {
	all := alternatives(s)
	v := i.source(all[0])
	for _, next := range all[1:] {
		switch {
		case v.kind == fromParameter:
			v.optional = true
			return v
		case v.kind != unknown || v.why != absent:
			return v
		}
		v = i.alternative(next)
	}
	if v.kind == unknown && v.why == absent {
		v.why = "it comes from outside this file"
	}
	return v
}

// absent is the reason of a value that does not exist, so that a default applies.
const absent = "absent"

// alternative returns what is known of a default: a variable with or without its
// braces, or a string in quotes.
func (i *serverless) alternative(s string) value {
	switch {
	case strings.HasPrefix(s, "${"):
		return i.string(s)
	case len(s) >= 2 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0]:
		return i.string(s[1 : len(s)-1])
	case sourcePattern.MatchString(s) && strings.Contains(s, ":"):
		return i.source(s)
	}
	return text(literal(s)) // a number, true, false
}

// sourcePattern matches SOURCE(PARAMETERS):ADDRESS, and SOURCE.REGION:ADDRESS, the
// former syntax.
var sourcePattern = lazyregexp.New(`(?s)^([A-Za-z0-9]*)(?:\.([a-z0-9-]+))?(?:\(([^()]*)\))?:(.*)$`)

// source returns what is known of one source of values.
func (i *serverless) source(s string) value {
	m := sourcePattern.FindStringSubmatch(s)
	if m == nil {
		return not("it comes from a variable source that bundle does not support")
	}
	switch name, address := m[1], m[4]; name {
	case "ssm":
		return i.parameter(address, m[2], m[3])
	case "sls", "opt", "self", "":
		at := i.string(address)
		path, ok := at.text.plain()
		switch {
		case at.kind == unknown:
			return at
		case at.kind != known || !ok:
			return not("it depends on the stage; use environment.values in the manifest for values that differ")
		case path == "stage" && (name == "sls" || name == "opt"), path == "provider.stage":
			return text(environment())
		case name == "opt":
			return not(absent)
		case name == "sls":
			return not("it comes from ${sls:...}")
		}
		return i.self(path)
	case "AWS":
		return value{kind: computed} // a pseudo parameter of CloudFormation
	case "param":
		return not(absent)
	case "env", "file", "cf", "s3", "git", "aws", "vault", "terraform", "doppler":
		return not("it comes from ${" + name + ":...}")
	}
	return not("it comes from a variable source that bundle does not support")
}

// self returns what is known of another place in the file.
func (i *serverless) self(path string) value {
	n := i.get(i.root, strings.Split(path, ".")...)
	if path == "service" && n != nil && n.Kind == yaml.MappingNode {
		n = i.get(n, "name")
	}
	if n == nil || null(n) {
		return not(absent)
	}
	if n.Kind != yaml.ScalarNode {
		return not("it is more than one string")
	}
	return i.value(n)
}

// node returns the target of a variable of the form ${self:PATH}.
func (i *serverless) node(s string) *yaml.Node {
	inside, ok := strings.CutPrefix(strings.TrimSpace(s), "${self:")
	if inside, closed := strings.CutSuffix(inside, "}"); ok && closed && !strings.ContainsAny(inside, "${},") {
		return i.get(i.root, strings.Split(inside, ".")...)
	}
	return nil
}

// parameter returns what is known of ${ssm:…}.
func (i *serverless) parameter(address, region, options string) value {
	v := i.string(address)
	switch {
	case v.kind == unknown:
		return v
	case v.kind != known:
		return not("the name of its parameter is not a literal string here")
	case strings.HasPrefix(v.text.in(""), "/aws/reference/secretsmanager/"):
		return not(secretsManager)
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option = strings.TrimSpace(option); option {
		case "", "raw":
		case "noDecrypt":
			return not("it is read without decryption (noDecrypt)")
		default:
			if region != "" {
				return not("it names more than one region")
			}
			region = option
		}
	}
	return value{kind: fromParameter, text: withoutInstruction(v.text), region: region}
}

// withoutInstruction removes ~true, ~false and ~split after a parameter's name, which
// were once part of the syntax.
func withoutInstruction(t Text) Text {
	if len(t) == 0 || t[len(t)-1].environment {
		return t
	}
	last := t[len(t)-1].literal
	if at := strings.LastIndexByte(last, '~'); at >= 0 && slices.Contains([]string{"~true", "~false", "~split"}, last[at:]) {
		return inner(t, 0, len(last)-at)
	}
	return t
}
