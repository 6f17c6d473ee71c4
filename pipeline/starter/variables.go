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
		return not(absent)
	case n.Kind != yaml.ScalarNode, strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
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
			return not("a variable in it is not closed; write the } that is missing")
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

// variable returns what is known of ${s}. If one of its alternatives is a parameter,
// that is the secret; the others are told in remarks.
func (i *serverless) variable(s string) value {
	all := alternatives(unwrapped(s))
	var before []string // what overrides the parameter
	first := not(absent)
	for n, one := range all {
		v := i.alternative(one, n == 0)
		switch {
		case v.kind == fromParameter:
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

// unwrapped removes the second pair of braces of ${{…}}, which provider.variableSyntax
// often sets.
func unwrapped(s string) string {
	if inside, ok := strings.CutPrefix(s, "{"); ok && inside != "" && closing(inside) == len(inside)-1 {
		return strings.TrimSpace(inside[:len(inside)-1])
	}
	return s
}

// preferred returns a value that does not come from a parameter, unless a parameter
// that is never read follows.
func (i *serverless) preferred(v value, one string, rest []string) value {
	if v.kind == known && v.text.staged() {
		return v
	}
	for _, next := range rest {
		if p := i.alternative(next, false); p.kind == fromParameter {
			return not(source(one) + " takes precedence in the source over " + p.text.parameter())
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
		case next.kind == fromParameter && next.text.hcl() == v.text.hcl():
		case next.kind == fromParameter:
			others = true
			other := strings.TrimPrefix(next.text.parameter(), "parameter ")
			v.remarks = append(v.remarks, "if it does not exist, the source reads another parameter, "+other+"; a manifest has no alternatives")
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

// source names an alternative in notes: its source, but not its address, unless that
// is only a name, or names with variables between them.
func source(s string) string {
	m := split(s)
	if m == nil || m[1] == "" && m[4] != "" {
		return "another value"
	}
	address := addressOf(m[4], 0)
	switch {
	case m[1] == "file" && address == "":
		return "${file(...)}"
	case m[1] == "file":
		return "${file(...):" + address + "}"
	case address == "":
		address = "..."
	}
	return "${" + m[1] + ":" + address + "}"
}

// addressOf returns an address that is a name, or names with variables between them. It
// returns "" for others, and for long ones. Defaults of the variables are left out.
func addressOf(address string, depth int) string {
	const most, deepest = 90, 3
	var b strings.Builder
	for s := address; s != ""; {
		name, rest, found := strings.Cut(s, "${")
		if name != "" && !simpleName.MatchString(name) {
			return ""
		}
		b.WriteString(name)
		if !found {
			break
		}
		end := closing(rest)
		if end < 0 || depth == deepest {
			return ""
		}
		m := split(alternatives(rest[:end])[0])
		if m == nil || m[1] == "file" || m[1] == "" {
			return ""
		}
		inside := addressOf(m[4], depth+1)
		if inside == "" {
			return ""
		}
		b.WriteString("${" + m[1] + ":" + inside + "}")
		s = rest[end+1:]
	}
	if b.Len() > most {
		return ""
	}
	return b.String()
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

var (
	// sourcePattern matches SOURCE(PARAMETERS):ADDRESS, and SOURCE.REGION:ADDRESS, the
	// former syntax.
	sourcePattern = lazyregexp.New(`(?s)^([A-Za-z0-9_-]*)(?:\.([a-z0-9-]+|\$\{[^{}]*\}))?(?:\(([^()]*)\))?(?::(.*))?$`)

	// ssmAddress matches the address of a resolver of version 4 that reads a parameter.
	ssmAddress = lazyregexp.New(`(?s)^ssm(?:\(([^()]*)\))?:(.*)$`)

	simpleName = lazyregexp.New(`^[A-Za-z0-9_.-]+$`)
)

// split splits a variable as sourcePattern does: into its source, region, parameters
// and address. It returns nil for what is no variable.
func split(s string) []string {
	if !strings.Contains(s, ":") && !strings.HasPrefix(s, "file(") && !strings.HasPrefix(s, "strToBool(") {
		return nil
	}
	return sourcePattern.FindStringSubmatch(s)
}

// source returns what is known of one source of values.
func (i *serverless) source(s string) value {
	m := split(s)
	if m == nil {
		return i.outside(s, "", "it comes from a variable source that bundle does not support")
	}
	name, address := m[1], m[4]
	if at := ssmAddress.FindStringSubmatch(address); at != nil && (name == "aws" || i.resolver(name) != nil) {
		return i.resolved(name, at[2], at[1])
	}
	switch name {
	case "ssm":
		return i.parameter(address, m[2], m[3])
	case "sls", "opt", "param":
		at := i.string(address)
		path := at.plain()
		switch {
		case at.kind == unknown:
			return at
		case path == "stage" && name != "param":
			return i.environment()
		case path != "" && name == "param":
			return i.param(path)
		}
		v := i.outside(s, path, "it comes from ${"+name+":...}")
		v.option = name != "sls"
		return v
	case "self", "":
		return i.refer(nil, address, s)
	case "file":
		return i.refer(&m[3], address, s)
	case "AWS": // a pseudo parameter of CloudFormation
		return i.stack.reference(s)
	case "strToBool":
		v := i.string(m[3])
		if v.kind == fromParameter {
			v.remarks = append(v.remarks, "the source turns its value into true or false, but a secret is a string; the program has to convert it")
		}
		return v
	case "env", "cf", "s3", "git", "aws", "vault", "terraform", "doppler", "output":
		return i.outside(s, "", "it comes from ${"+name+":...}")
	}
	return i.outside(s, "", "it comes from a variable source that bundle does not support")
}

// environment returns the name of the environment.
func (d *document) environment() value {
	if d.stage != "" {
		return text(literal(d.stage))
	}
	return text(environment())
}

// outside returns a string that comes from outside the source. In the name of a
// parameter, it becomes a value of the environment.
func (i *serverless) outside(s, name, why string) value {
	from := source(s)
	if at := strings.LastIndexAny(s, ":./"); name == "" && at >= 0 {
		name = s[at+1:]
	}
	v := text(Text{{open: i.draft.leave("variable "+s, name, from)}})
	v.outside = why
	return v
}

// param returns what is known of ${param:NAME}: of the parameters of stages, or of
// the ones that apply to all stages.
func (i *serverless) param(name string) value {
	of := func(stage string) *yaml.Node {
		if n := i.find("stages." + stage + ".params." + name); n != nil {
			return n
		}
		return i.find("params." + stage + "." + name)
	}
	if i.stage != "" {
		if n := of(i.stage); n != nil {
			return i.value(n)
		}
		if n := of("default"); n != nil {
			return i.value(n)
		}
		return i.passed(name)
	}
	var stages []string
	for _, at := range []string{"stages", "params"} {
		for _, e := range i.entries(i.mapping(at)) {
			if e.key != "default" && of(e.key) != nil && !slices.Contains(stages, e.key) {
				stages = append(stages, e.key)
			}
		}
	}
	standard := of("default")
	if len(stages) == 0 && standard == nil {
		return i.passed(name)
	}
	all := i.eachStage(stages, func() value { return i.value(of(i.stage)) })
	if standard != nil {
		all = append(all, staged{"", i.value(standard)})
	}
	return i.draft.unify("param "+name, name, "${param:"+name+"}", all)
}

func (i *serverless) passed(name string) value {
	v := i.outside("param:"+name, name, "it comes from ${param:...}")
	v.option = true
	return v
}

// resolver returns a resolver of version 4 of the framework, or nil.
func (i *serverless) resolver(name string) *yaml.Node {
	for _, e := range i.entries(i.get(i.root, "stages")) {
		if n := i.get(e.value, "resolvers", name); n != nil {
			return n
		}
	}
	return nil
}

// resolved returns what is known of ${aws:ssm:…}, or of a resolver with another name.
func (i *serverless) resolved(name, address, options string) value {
	region := i.value(i.get(i.resolver(name), "region"))
	v := i.parameter(address, region.plain(), options)
	if name != "aws" && v.kind == fromParameter {
		v.remarks = append(v.remarks, "the source reads it through the resolver "+shown(name)+"; the environment must be in the same account")
	}
	return v
}

// parameter returns what is known of ${ssm:…}.
func (i *serverless) parameter(address, region, options string) value {
	v := i.string(strings.TrimSpace(address))
	switch {
	case v.kind == unknown && v.why == absent:
		return not("the name of its parameter: " + v.reason())
	case len(v.pieces) > 0:
		return nameIn(v.pieces)
	case v.kind == unknown:
		return v
	case v.kind == fromParameter:
		return nameIn([]string{v.text.parameter()})
	case v.kind != known || len(v.text) == 0:
		return not("the name of its parameter is not in the source")
	case v.number != "":
		return not(v.number)
	case strings.HasPrefix(v.text.in(""), "/aws/reference/secretsmanager/"):
		return not(secretsManager)
	}
	result := value{kind: fromParameter, text: withoutInstruction(v.text), region: region}
	for option := range strings.SplitSeq(region+","+options, ",") {
		switch option = strings.TrimSpace(option); {
		case option == "", option == "raw", option == "json", option == region && !strings.Contains(region, "${"):
		case option == "noDecrypt":
			return not("it is read without decryption (noDecrypt)")
		case strings.Contains(option, "${"):
			of := i.string(option)
			result.region = of.plain()
			if of.kind != known || result.region == "" && of.text.hcl() != i.region.hcl() {
				result.remarks = append(result.remarks, "the source names its region with a variable; it must be in the environment's region")
			}
		case result.region != "":
			return not("it names more than one region")
		default:
			result.region = option
		}
	}
	return result
}

// withoutInstruction removes ~true, ~false and ~split after a parameter's name, which
// were once part of the syntax.
func withoutInstruction(t Text) Text {
	if len(t) == 0 || t[len(t)-1].environment || t[len(t)-1].open != nil {
		return t
	}
	last := t[len(t)-1].literal
	at := strings.LastIndexByte(last, '~')
	if at < 0 || !slices.Contains([]string{"~true", "~false", "~split"}, last[at:]) {
		return t
	}
	t = append(Text(nil), t...)
	if t[len(t)-1].literal = last[:at]; at == 0 {
		t = t[:len(t)-1]
	}
	return t
}
