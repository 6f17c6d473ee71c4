package starter

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// SAM makes a draft of a SAM or CloudFormation template, in YAML or JSON, from the
// variables of its functions whose values are parameters.
//
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
func SAM(source string, src []byte) (*Draft, error) {
	doc, err := parse(src)
	if err != nil {
		return nil, err
	}
	t := &template{document: doc, draft: &Draft{Source: source}}
	if doc.get(doc.root, "Resources") == nil {
		return nil, errors.New("it has no Resources")
	}
	t.functions()
	return t.draft.bounded(doc)
}

type template struct {
	*document
	draft *Draft
	depth int
}

const (
	samFunction    = "AWS::Serverless::Function"
	lambdaFunction = "AWS::Lambda::Function"
)

func (t *template) functions() {
	globals := t.get(t.root, "Globals", "Function")
	shared := t.entries(t.get(globals, "Environment", "Variables"))
	var without []int // indexes of the functions that use the key of Globals
	for _, e := range t.entries(t.get(t.root, "Resources")) {
		kind, _ := t.text(t.get(e.value, "Type"))
		if kind != samFunction && kind != lambdaFunction {
			continue
		}
		properties := t.get(e.value, "Properties")
		f := Function{Name: e.key, line: e.line}
		t.deployedAs(&f, t.get(properties, "FunctionName"))
		inherited := shared
		if kind == lambdaFunction {
			inherited = nil // Globals apply only to SAM functions
		}
		t.draft.variables(&f, t.variablesOf(properties, e.key), inherited, func(n *yaml.Node) value { return resolved(t.value(n)) })
		if key := t.get(properties, "KmsKeyArn"); key != nil {
			t.draft.ownKey(&f, key.Line, t.value(key))
		} else if kind == samFunction && len(f.Secrets) > 0 {
			without = append(without, len(t.draft.Functions))
		}
		t.draft.Functions = append(t.draft.Functions, f)
		if t.exhausted() {
			return
		}
	}
	if key := t.get(globals, "KmsKeyArn"); key != nil {
		var functions []*Function
		for _, n := range without {
			functions = append(functions, &t.draft.Functions[n])
		}
		t.draft.sharedKey(key.Line, t.value(key), functions)
	}
}

// deployedAs sets the name that a function is deployed as, unless it has none.
func (t *template) deployedAs(f *Function, name *yaml.Node) {
	if name == nil {
		return
	}
	if v := t.value(name); v.kind == known {
		f.DeployedAs = v.text
		return
	}
	t.draft.note(name.Line, "the name of function %s: it is not a literal string here", shown(f.Name))
}

func (t *template) variablesOf(properties *yaml.Node, function string) []entry {
	n := cmp.Or(t.get(properties, "Environment", "Variables"), t.get(properties, "Environment"))
	if n != nil && n.Kind != yaml.MappingNode && !null(n) {
		t.draft.note(n.Line, "the environment of function %s: it is not defined in this file", shown(function))
	}
	return t.entries(t.get(properties, "Environment", "Variables"))
}

// intrinsic returns the name of the CloudFormation function that a value calls, in
// short or long form, and its argument.
func (t *template) intrinsic(n *yaml.Node) (name string, of *yaml.Node) {
	if short, ok := strings.CutPrefix(n.Tag, "!"); ok && !strings.HasPrefix(short, "!") && short != "" {
		return short, n
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
	switch {
	case name == "Ref" && of != nil && of.Kind == yaml.ScalarNode:
		return t.reference(of.Value)
	case name == "Sub" && of != nil && of.Kind == yaml.ScalarNode:
		return t.substitute(of.Value, nil)
	case name == "Sub" && of != nil && of.Kind == yaml.SequenceNode && len(of.Content) == 2:
		if s, ok := t.text(of.Content[0]); ok {
			return t.substitute(s, of.Content[1])
		}
	case name == "" && n.Kind == yaml.ScalarNode:
		return text(literal(n.Value))
	}
	return cloudFormation(t.document, n)
}

// isStage reports whether a parameter has a name that is common for the environment.
func isStage(parameter string) bool {
	return slices.Contains([]string{"env", "environment", "environmentname", "envname", "stage", "stagename", "deploymentstage", "deployenv"},
		strings.ToLower(parameter))
}

// reference returns what is known of the target of Ref: a parameter of the template,
// or a resource.
func (t *template) reference(name string) value {
	parameter := t.get(t.root, "Parameters", name)
	if parameter == nil {
		return value{kind: computed}
	}
	kind, _ := t.text(t.get(parameter, "Type"))
	hidden, _ := t.text(t.get(parameter, "NoEcho"))
	standard, has := t.text(t.get(parameter, "Default"))
	switch {
	case strings.HasPrefix(kind, "AWS::SSM::Parameter::Value<"):
		if !has {
			return not("the template's parameter " + shown(name) + " does not name the SSM parameter that it reads")
		}
		return value{kind: fromParameter, text: literal(standard)}
	case strings.EqualFold(hidden, "true"):
		return not("it is passed when the stack is deployed (NoEcho); put it in a parameter")
	case isStage(name):
		return text(environment())
	case kind == "String" && has:
		return text(literal(standard))
	}
	return value{kind: computed}
}

// substitute returns what is known of a string with ${NAME} in it. NAME is a key of
// the map own, or a name in the template.
func (t *template) substitute(s string, own *yaml.Node) value {
	var all []value
	for s != "" {
		before, rest, found := strings.Cut(s, "${")
		if before != "" {
			all = append(all, text(literal(before)))
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return not("a variable in it is not closed")
		}
		s = after
		if verbatim, ok := strings.CutPrefix(name, "!"); ok {
			all = append(all, text(literal("${"+verbatim+"}")))
			continue
		}
		name = strings.TrimSpace(name)
		if given := t.get(own, name); given != nil {
			all = append(all, t.value(given))
			continue
		}
		all = append(all, t.reference(name))
	}
	if len(all) == 0 {
		return text(nil)
	}
	return join(all)
}
