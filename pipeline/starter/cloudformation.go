package starter

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A template evaluates what CloudFormation does: the functions of SAM and
// CloudFormation templates, and of the resources in a serverless.yml.
type template struct {
	*document
	draft *Draft
	depth int
	roots []*yaml.Node // maps with Parameters, Mappings and Resources
	outer *serverless  // replaces variables of the framework first; nil in a template
}

// ssmType begins the type of a template parameter that is the value of a parameter
// of Parameter Store.
const ssmType = "AWS::SSM::Parameter::Value<"

// find returns the declaration of a name in a section of the template.
func (t *template) find(path ...string) *yaml.Node {
	for _, root := range t.roots {
		if n := t.get(root, path...); n != nil {
			return n
		}
	}
	return nil
}

// intrinsic returns the name of the CloudFormation function that a value calls, in
// short or long form, and its argument.
func (t *template) intrinsic(n *yaml.Node) (name string, of *yaml.Node) {
	if tagged(n) && n.Tag != "!" {
		return n.Tag[1:], n
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return "", nil
	}
	name = n.Content[0].Value
	if name != "Ref" && !strings.HasPrefix(name, "Fn::") {
		return "", nil
	}
	return strings.TrimPrefix(name, "Fn::"), t.follow(n.Content[1])
}

// value returns what is known of a value in a template.
func (t *template) value(n *yaml.Node) value {
	n = t.follow(n)
	t.steps++
	if t.depth++; n == nil || t.depth > maxReferences || t.exhausted() {
		t.depth--
		return not("its values have too many references")
	}
	defer func() { t.depth-- }()
	name, of := t.intrinsic(n)
	scalarOf := of != nil && of.Kind == yaml.ScalarNode
	switch {
	case name == "Ref" && scalarOf:
		return t.reference(of.Value)
	case name == "Sub" && scalarOf:
		t.use(of)
		return t.substitute(of.Value, nil)
	case name == "Sub" && of != nil && of.Kind == yaml.SequenceNode && len(of.Content) == 2:
		if s, ok := t.text(of.Content[0]); ok {
			t.use(t.follow(of.Content[0]))
			return t.substitute(s, of.Content[1])
		}
	case name == "Join" && of != nil && of.Kind == yaml.SequenceNode && len(of.Content) == 2:
		return t.join(of)
	case name == "If" && of != nil && of.Kind == yaml.SequenceNode && len(of.Content) == 3:
		return t.choose(of)
	case name == "FindInMap" && of != nil && of.Kind == yaml.SequenceNode && len(of.Content) >= 3:
		return t.findInMap(of)
	case name == "ImportValue" && of != nil:
		return t.imported(of)
	case name == "" && n.Kind == yaml.ScalarNode && t.outer != nil:
		return t.outer.value(n)
	case name == "" && n.Kind == yaml.ScalarNode:
		t.use(n)
		return scalar(n)
	case name == "" && unquoted(n) != nil:
		t.use(unquoted(n))
		return not("YAML reads {{...}} without quotes as a map; put it in quotes")
	}
	return t.opaque(n)
}

// unquoted returns the text of a dynamic reference without quotes, which YAML reads as
// a map whose key is a map.
func unquoted(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 || n.Content[0].Kind != yaml.MappingNode || len(n.Content[0].Content) == 0 {
		return nil
	}
	if key := n.Content[0].Content[0]; key.Kind == yaml.ScalarNode && strings.HasPrefix(key.Value, "resolve:") {
		return key
	}
	return nil
}

// opaque returns what is known of a value that only CloudFormation computes.
func (t *template) opaque(n *yaml.Node) value {
	found := false
	t.visit(n, 0, func(n *yaml.Node) {
		if isReference(n.Value) || strings.Contains(n.Value, "{{resolve:") {
			t.use(n)
			found = true
		} else if t.typeOf(n) != nil {
			found = true
		}
	})
	if name, _ := t.intrinsic(n); found && name == "" {
		return not("it is a list or a map, not one string")
	}
	if found {
		return not("CloudFormation builds it from a dynamic reference; put the whole value in its own parameter")
	}
	return value{kind: computed}
}

// typeOf returns the type of the template parameter that a scalar names, if it is the
// value of a parameter of Parameter Store.
func (t *template) typeOf(n *yaml.Node) *yaml.Node {
	if n.Tag != "!Ref" && n.Tag != "!!str" {
		return nil
	}
	kind := t.find("Parameters", n.Value, "Type")
	if kind == nil || !strings.HasPrefix(kind.Value, ssmType) {
		return nil
	}
	t.use(kind)
	return kind
}

// visit visits the scalars below a node.
func (t *template) visit(n *yaml.Node, depth int, visit func(*yaml.Node)) {
	t.steps++
	if n = t.follow(n); n == nil || depth > maxReferences || t.exhausted() {
		return
	}
	if n.Kind == yaml.ScalarNode {
		visit(n)
	}
	for _, inner := range n.Content {
		t.visit(inner, depth+1, visit)
	}
}

// isStage reports whether a parameter has a name that is common for the environment.
func isStage(parameter string) bool {
	return slices.Contains([]string{"env", "environment", "environmentname", "envname", "stage", "stagename", "deploymentstage", "deployenv"},
		strings.ToLower(parameter))
}

// reference returns what is known of the target of Ref: a parameter of the template,
// a pseudo parameter, or a resource.
func (t *template) reference(name string) value {
	if name == "AWS::NoValue" {
		return value{kind: nothing}
	}
	if pseudo, ok := strings.CutPrefix(name, "AWS::"); ok {
		return text(Text{{open: t.draft.leave(name, "aws_"+pseudo, name)}})
	}
	parameter := t.find("Parameters", name)
	if first, _, _ := strings.Cut(name, "."); parameter == nil && t.find("Resources", first) != nil {
		return t.resource(name)
	}
	kind := t.get(parameter, "Type")
	kindText, _ := t.text(kind)
	hidden, _ := t.text(t.get(parameter, "NoEcho"))
	switch {
	case strings.HasPrefix(kindText, ssmType):
		t.use(kind)
		whole, as := t.nameIn(parameter), name
		if strings.HasSuffix(name, cdkSuffix) {
			as = whole
		}
		o := t.draft.leave("template "+name, as, "the template parameter "+shown(name))
		o.whole = whole
		return value{
			kind: fromStore, text: Text{{open: o}},
			list: strings.Contains(kindText, "List<") || strings.Contains(kindText, "CommaDelimitedList"),
		}
	case strings.EqualFold(hidden, "true"):
		return not("it is passed when the stack is deployed (NoEcho); put it in a parameter")
	case isStage(name):
		return t.environment()
	case parameter == nil && strings.Contains(name, "."):
		return value{kind: computed}
	}
	return text(Text{{open: t.draft.leave("template "+name, name, "the template parameter "+shown(name))}})
}

// nameIn returns the default of a template parameter, which is the name of a
// parameter of Parameter Store.
func (t *template) nameIn(parameter *yaml.Node) string {
	n := t.get(parameter, "Default")
	if n == nil {
		return ""
	}
	if t.outer != nil {
		return t.outer.value(n).text.in(LocalEnvironment)
	}
	s, _ := t.text(n)
	return s
}

// cdkSuffix ends the names of the template parameters that the AWS CDK makes for
// parameters of Parameter Store. Their default names them better.
const cdkSuffix = "C96584B6F00A464EAD1953AFF4B05118Parameter"

// resource returns what is known of Ref to a resource: for a parameter, its name, and for
// a secret of Secrets Manager with a name, its ARN.
func (t *template) resource(name string) value {
	name = strings.TrimSuffix(name, ".Id")
	kind, _ := t.text(t.find("Resources", name, "Type"))
	property := func(of string) *yaml.Node { return t.find("Resources", name, "Properties", of) }
	own := property("Name")
	switch {
	case kind == "AWS::SSM::Parameter" && own != nil:
		return t.value(own)
	case kind == "AWS::SecretsManager::Secret" && own != nil:
		return join([]value{text(literal(ownARN)), t.value(own), text(literal(anySuffix))})
	case kind == "AWS::SecretsManager::SecretTargetAttachment" && property("SecretId") != nil:
		return t.value(property("SecretId"))
	}
	return value{kind: computed}
}

// ownARN begins the ARN of a secret that the template makes.
const ownARN = "arn:aws:secretsmanager:::secret:"

// substitute returns what is known of a string with ${NAME} in it. NAME is a key of
// the map own, or a name in the template.
func (t *template) substitute(s string, own *yaml.Node) value {
	return resolved(interpolated(s, func(name string) value {
		if verbatim, ok := strings.CutPrefix(name, "!"); ok {
			return text(literal("${" + verbatim + "}"))
		}
		name = strings.TrimSpace(name)
		switch given := t.get(own, name); {
		case given != nil:
			return t.value(given)
		case t.outer != nil && strings.Contains(name, ":") && !strings.HasPrefix(name, "AWS::"):
			return t.outer.variable(name)
		}
		return t.reference(name)
	}))
}

// join returns what is known of Fn::Join.
func (t *template) join(of *yaml.Node) value {
	between, ok := t.text(of.Content[0])
	list := t.follow(of.Content[1])
	if !ok || list == nil {
		return t.opaque(of)
	}
	if list.Kind != yaml.SequenceNode || tagged(list) {
		if v := t.value(list); v.kind == fromStore && v.list && between == "," {
			return v
		}
		return t.opaque(of)
	}
	var all []value
	for n, one := range list.Content {
		if n > 0 && between != "" {
			all = append(all, text(literal(between)))
		}
		all = append(all, t.value(one))
	}
	for _, v := range all {
		if v.kind == nothing {
			return t.opaque(of)
		}
	}
	return resolved(join(all))
}

// choose returns what is known of Fn::If. The manifest has no conditions.
func (t *template) choose(of *yaml.Node) value {
	condition, _ := t.text(of.Content[0])
	a, b := resolved(t.value(of.Content[1])), resolved(t.value(of.Content[2]))
	if a.kind != fromStore && b.kind == fromStore {
		a, b = b, a
	}
	switch {
	case a.kind == unknown:
		return a
	case b.kind == unknown && a.kind != fromStore:
		return b
	case a.kind == fromStore && b.kind == nothing:
		a.optional = true
		a.remarks = append(a.remarks, "the source has it only under the condition "+shown(condition)+"; set environments to say where")
		return a
	case a.kind == fromStore && b.kind == fromStore && a.same(b):
		return a
	case a.kind == fromStore:
		other := "another value"
		if b.kind == fromStore {
			other = b.called()
		}
		return not("the condition " + shown(condition) + " chooses between " + a.called() + " and " + other + "; write a secret with environments for each")
	case a.kind == known && b.kind == known && a.text.hcl() == b.text.hcl():
		return a
	case a.kind == nothing && b.kind == nothing:
		return a
	case a.kind == known || b.kind == known:
		return text(Text{{open: t.draft.leave("condition "+condition+a.text.hcl()+b.text.hcl(), condition, "the condition "+shown(condition))}})
	}
	return value{kind: computed}
}

// imported returns what is known of Fn::ImportValue: like ${cf:...}, the value is
// outside of the source.
func (t *template) imported(of *yaml.Node) value {
	name, from, key := "import", "Fn::ImportValue", "import of line "+itoa(of.Line)
	if of.Kind == yaml.ScalarNode && simpleName.MatchString(of.Value) {
		name, from, key = of.Value, "the export "+shown(of.Value), "import "+of.Value
	}
	v := text(Text{{open: t.draft.leave(key, name, from)}})
	v.outside = "it comes from another stack (Fn::ImportValue)"
	return v
}

// findInMap returns what is known of Fn::FindInMap.
func (t *template) findInMap(of *yaml.Node) value {
	first, ok := t.text(of.Content[0])
	if !ok {
		return t.opaque(of)
	}
	top, second := t.value(of.Content[1]), t.value(of.Content[2])
	mapping := t.find("Mappings", first)
	name, _ := second.text.plain()
	o := func() value {
		return text(Text{{open: t.draft.leave("map "+first+" "+top.text.hcl()+second.text.hcl(), identifier(first+"_"+name), "the mapping "+shown(first))}})
	}
	for _, key := range []value{top, second} {
		if key.kind == fromStore {
			return not("it is found in the mapping " + shown(first) + " with the value of " + key.called() + "; write the value itself into a parameter")
		}
	}
	if mapping == nil || top.kind != known || second.kind != known || len(top.text.opens())+len(second.text.opens()) > 0 {
		return o()
	}
	read := func(stage string) value {
		n := t.get(mapping, top.text.in(stage), second.text.in(stage))
		if n == nil {
			return not(absent)
		}
		return t.value(n)
	}
	if !top.text.staged() && !second.text.staged() {
		return read("")
	}
	rows := mapping
	if !top.text.staged() {
		rows = t.get(mapping, top.text.in(""))
	}
	var stages []string
	for _, e := range t.entries(rows) {
		stages = append(stages, e.key)
	}
	all := t.eachStage(stages, func() value { return read(t.stage) })
	if len(all) == 0 {
		return o()
	}
	return t.draft.unify("map "+first+" "+top.text.hcl()+second.text.hcl(), identifier(first+"_"+name), "the mapping "+shown(first), all)
}
