package starter

import (
	"fmt"
	"io/fs"

	"go.yaml.in/yaml/v3"
)

// SAM makes a draft of a SAM or CloudFormation template, in YAML or JSON, from the
// variables of its functions whose values are parameters.
//
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
func SAM(source string, src []byte, _ fs.FS) (*Draft, error) {
	doc, err := parse(src, nil)
	if err != nil {
		return nil, err
	}
	t := &template{document: doc, draft: &Draft{Source: source, document: doc}, roots: []*yaml.Node{doc.root}}
	if doc.get(doc.root, "Resources") == nil {
		t.draft.elsewhere(doc)
		t.draft.nothing = ErrNoResources
		if Detect(source, src) == ServerlessKind {
			t.draft.nothing = fmt.Errorf("%w, but it looks like a serverless.yml. Name it with --from-serverless", ErrNoResources)
		}
		return t.draft, nil
	}
	t.functions()
	return t.draft.bounded(doc)
}

const (
	samFunction    = "AWS::Serverless::Function"
	lambdaFunction = "AWS::Lambda::Function"
)

func (t *template) functions() {
	globals := t.get(t.root, "Globals", "Function")
	shared := t.all(t.variablesOf(t.get(globals, "Environment"), "all functions"))
	var without []int // indexes of the functions that use the key of Globals
	for _, e := range t.all(t.get(t.root, "Resources")) {
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
		own := t.all(t.variablesOf(t.get(properties, "Environment"), "function "+shown(e.key)))
		t.draft.variables(&f, own, inherited, func(e entry) value { return resolved(t.value(e.value)) })
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
	v := t.value(name)
	if v.fixed() {
		f.DeployedAs = v.text
		return
	}
	t.draft.note(name.Line, "the name of function %s: %s; set deployed_as", shown(f.Name), v.notFixed())
}

// variablesOf returns the map of variables in an Environment.
func (t *template) variablesOf(environment *yaml.Node, of string) *yaml.Node {
	n := environment
	if n != nil && n.Kind == yaml.MappingNode && !t.isIntrinsic(n) {
		n = t.get(n, "Variables")
	}
	switch {
	case n == nil || null(n):
	case n.Kind != yaml.MappingNode || t.isIntrinsic(n):
		t.draft.note(n.Line, "the environment of %s: CloudFormation computes it, or it is not in this file", of)
		return nil
	}
	return n
}
