package starter

import (
	"cmp"
	"errors"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/pipeline/manifest"
)

// Serverless makes a draft of a serverless.yml, from the variables of its functions
// whose values are parameters.
//
// https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml
// https://www.serverless.com/framework/docs/guides/variables/aws/ssm
func Serverless(source string, src []byte) (*Draft, error) {
	doc, err := parse(src)
	if err != nil {
		return nil, err
	}
	i := &serverless{document: doc, draft: &Draft{Source: source}}
	if doc.get(doc.root, "functions") == nil {
		return nil, errors.New("it has no functions")
	}
	i.service()
	i.functions()
	return i.draft.bounded(doc)
}

type serverless struct {
	*document
	draft *Draft
	depth int
}

// service reads the name and the region of the service.
func (i *serverless) service() {
	for _, at := range [][]string{{"service"}, {"service", "name"}} {
		if name := i.value(i.get(i.root, at...)).plain(); name != "" {
			i.draft.Name = name
		}
	}
	if region := i.value(i.get(i.root, "provider", "region")).plain(); manifest.BadRegion(region) == "" {
		i.draft.Region = region
	}
}

func (i *serverless) functions() {
	shared := i.variablesOf(i.get(i.root, "provider", "environment"), "all functions")
	for _, e := range i.declared(i.get(i.root, "functions")) {
		n := i.follow(e.value)
		if n == nil || n.Kind != yaml.MappingNode {
			i.draft.note(e.line, "function %s: it is not defined in this file", shown(e.key))
			continue
		}
		f := Function{Name: e.key, line: e.line}
		i.deployedAs(&f, n)
		i.draft.variables(&f, i.variablesOf(i.get(n, "environment"), "function "+shown(e.key)), shared, func(n *yaml.Node) value { return resolved(i.value(n)) })
		if key := cmp.Or(i.get(n, "kmsKeyArn"), i.get(n, "awsKmsKeyArn")); key != nil {
			i.draft.ownKey(&f, key.Line, i.value(key))
		}
		i.draft.Functions = append(i.draft.Functions, f)
		if i.exhausted() {
			return
		}
	}
	i.key()
}

// declared lists the functions of a map, or of a list of maps.
func (i *serverless) declared(n *yaml.Node) (all []entry) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return i.entries(n)
	}
	for _, part := range n.Content {
		if part = i.follow(part); part == nil || part.Kind != yaml.MappingNode {
			i.draft.note(n.Line, "some functions: they are not defined in this file")
			continue
		}
		all = append(all, i.entries(part)...)
		if i.exhausted() {
			return nil
		}
	}
	return all
}

// variablesOf lists the entries of an environment, which may be elsewhere in the
// file.
func (i *serverless) variablesOf(n *yaml.Node, of string) []entry {
	if n == nil || null(n) {
		return nil
	}
	target := n
	if n.Kind == yaml.ScalarNode {
		target = i.node(n.Value)
	}
	if target == nil || target.Kind != yaml.MappingNode {
		i.draft.note(n.Line, "the environment of %s: it is not defined in this file", of)
		return nil
	}
	return i.entries(target)
}

// deployedAs sets the function's name in Lambda: its own, or the one that the
// framework generates.
func (i *serverless) deployedAs(f *Function, n *yaml.Node) {
	if own := i.get(n, "name"); own != nil {
		if v := i.value(own); v.kind == known {
			f.DeployedAs = v.text
			return
		}
		i.draft.note(own.Line, "the name of function %s: it is not a literal string here", shown(f.Name))
		return
	}
	if i.draft.Name != "" {
		f.DeployedAs = Text{{literal: i.draft.Name + "-"}, {environment: true}, {literal: "-" + f.Name}}
	}
}

// key uses the key that the file names for all functions: provider.kmsKeyArn, or
// its former names.
func (i *serverless) key() {
	key := cmp.Or(i.get(i.root, "provider", "kmsKeyArn"), i.get(i.root, "awsKmsKeyArn"), i.get(i.root, "service", "awsKmsKeyArn"))
	if key == nil {
		return
	}
	var without []*Function
	for n := range i.draft.Functions {
		if f := &i.draft.Functions[n]; len(f.Key) == 0 && len(f.Secrets) > 0 {
			without = append(without, f)
		}
	}
	i.draft.sharedKey(key.Line, i.value(key), without)
}
