package starter

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/pipeline/manifest"
)

// ErrNoFunctions reports a source without functions.
var ErrNoFunctions = errors.New("it has no functions")

// ErrNoResources reports a template without resources.
var ErrNoResources = errors.New("it has no Resources")

// Serverless makes a draft of a serverless.yml, from the variables of its functions
// whose values are parameters. It reads the YAML and JSON files that the source
// includes from beside, the folder of the source; none if beside is nil.
//
// https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml
// https://www.serverless.com/framework/docs/guides/variables/aws/ssm
func Serverless(source string, src []byte, beside fs.FS) (*Draft, error) {
	doc, err := parse(src, beside)
	if err != nil {
		return nil, err
	}
	i := &serverless{document: doc, draft: &Draft{Source: source, document: doc}}
	i.stack = &template{document: doc, draft: i.draft, outer: i}
	i.service()
	i.stack.roots = i.resources()
	if doc.get(doc.root, "functions") == nil {
		i.draft.elsewhere(doc)
		i.draft.nothing = ErrNoFunctions
		if Detect(source, src) == SAMKind {
			i.draft.nothing = fmt.Errorf("%w, but it looks like a template. Name it with --from-sam", ErrNoFunctions)
		}
		return i.draft, nil
	}
	i.functions()
	return i.draft.bounded(doc)
}

type serverless struct {
	*document
	draft  *Draft
	depth  int
	region Text
	forks  []string  // environments for which a place on the way is different
	stack  *template // of the CloudFormation resources in the source
}

// service reads the name and the region of the service.
func (i *serverless) service() {
	i.draft.Name = i.value(i.find("service")).plain()
	region := i.value(i.find("provider.region"))
	if region.kind == known {
		i.region = region.text
	}
	if region := region.plain(); manifest.BadRegion(region) == "" {
		i.draft.Region = region
	}
}

// resources returns the CloudFormation templates in the source: one map, or a list
// of maps.
func (i *serverless) resources() (all []*yaml.Node) {
	for _, n := range i.parts(i.get(i.root, "resources")) {
		if target, _ := i.target(n); target != nil {
			all = append(all, target)
		}
	}
	return all
}

// parts returns the elements of a list, or a node that is no list.
func (i *serverless) parts(n *yaml.Node) []*yaml.Node {
	switch n = i.follow(n); {
	case n == nil || null(n):
		return nil
	case n.Kind == yaml.SequenceNode:
		return n.Content
	}
	return []*yaml.Node{n}
}

// target returns the map that a node is or refers to. If there is none, the reason
// says why.
func (i *serverless) target(n *yaml.Node) (*yaml.Node, string) {
	if n = i.follow(n); n != nil && n.Kind == yaml.ScalarNode {
		i.use(n)
		target, v := i.node(n)
		switch {
		case v != nil && v.kind == unknown:
			return nil, v.why
		case v != nil && v.outside != "":
			return nil, v.outside
		}
		n = target
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, "it is not a map in the source"
	}
	return n, ""
}

func (i *serverless) functions() {
	shared := i.variablesOf(i.find("provider.environment"), "all functions")
	for _, e := range i.declared(i.get(i.root, "functions"), 0) {
		n, why := i.target(e.value)
		if n == nil {
			i.draft.note(e.line, "function %s: %s", shown(e.key), why)
			continue
		}
		f := Function{Name: e.key, line: e.line}
		i.deployedAs(&f, n)
		i.draft.variables(&f, i.variablesOf(i.get(n, "environment"), "function "+shown(e.key)), shared, i.valueOf)
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

// valueOf returns what is known of a variable of a function.
func (i *serverless) valueOf(e entry) value {
	if len(e.branches) == 0 {
		return resolved(i.value(e.value))
	}
	var all []staged
	for _, b := range e.branches {
		all = append(all, i.eachStage([]string{b.stage}, func() value {
			if b.value == nil || null(b.value) {
				return value{kind: nothing}
			}
			return resolved(i.value(b.value))
		})...)
	}
	return i.draft.unify("variable "+e.key+" of "+itoa(e.line), e.key, "the variable "+shown(e.key), all)
}

// declared lists the functions of a map, or of a list of maps, which may be elsewhere.
func (i *serverless) declared(n *yaml.Node, depth int) (all []entry) {
	for _, part := range i.parts(n) {
		m := part
		if target := i.follow(part); target != nil && target.Kind == yaml.ScalarNode {
			m, _ = i.node(target)
			if m != nil && m.Kind == yaml.SequenceNode && depth < maxMerges {
				all = append(all, i.declared(m, depth+1)...)
				continue
			}
		}
		m, why := i.target(cmp.Or(m, part))
		if m == nil {
			i.draft.note(part.Line, "some functions: %s", why)
			continue
		}
		all = append(all, i.entries(m)...)
		if i.exhausted() {
			return nil
		}
	}
	return all
}

// variablesOf lists the entries of an environment, which may be elsewhere, and may
// differ between environments.
func (i *serverless) variablesOf(n *yaml.Node, of string) []entry {
	if n == nil || null(n) {
		return nil
	}
	if all := i.branches(n); all != nil {
		return all
	}
	target, why := i.target(n)
	if target == nil || i.isIntrinsic(target) {
		i.draft.note(n.Line, "the environment of %s: %s", of, cmp.Or(why, "CloudFormation computes it"))
		return nil
	}
	return i.entries(target)
}

// branches lists the entries of a map that depends on the environment. Each entry
// has a value for each environment of the source that has it.
func (i *serverless) branches(source *yaml.Node) (all []entry) {
	if source.Kind != yaml.ScalarNode {
		return nil
	}
	i.forks = nil
	target, _ := i.node(source)
	forks := i.forks[:min(len(i.forks), maxStages)]
	i.forks = nil
	if target != nil || i.stage != "" {
		return nil
	}
	at := map[string]int{}
	for n, stage := range forks {
		var branch *yaml.Node
		i.eachStage([]string{stage}, func() value { branch, _ = i.node(source); return value{} })
		for _, e := range i.entries(branch) {
			if _, there := at[e.key]; !there {
				at[e.key] = len(all)
				all = append(all, entry{key: e.key, line: e.line})
				for _, stage := range forks {
					last := &all[len(all)-1]
					last.branches = append(last.branches, branchOf{stage: stage})
				}
			}
			all[at[e.key]].branches[n].value = e.value
		}
	}
	return all
}

// deployedAs sets the function's name in Lambda: its own, or the one that the
// framework generates.
func (i *serverless) deployedAs(f *Function, n *yaml.Node) {
	if own := i.get(n, "name"); own != nil {
		v := i.value(own)
		if v.fixed() {
			f.DeployedAs = v.text
			return
		}
		i.draft.note(own.Line, "the name of function %s: %s; set deployed_as", shown(f.Name), v.notFixed())
		return
	}
	if i.draft.Name != "" {
		f.DeployedAs = Text{{literal: i.draft.Name + "-"}, {environment: true}, {literal: "-" + f.Name}}
	}
}

// key uses the key that the file names for all functions: provider.kmsKeyArn, or
// its former names.
func (i *serverless) key() {
	key := cmp.Or(i.find("provider.kmsKeyArn"), i.get(i.root, "awsKmsKeyArn"), i.get(i.root, "service", "awsKmsKeyArn"))
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

// isIntrinsic reports whether a map calls a function of CloudFormation.
func (d *document) isIntrinsic(n *yaml.Node) bool {
	if tagged(n) {
		return true
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return false
	}
	name := n.Content[0].Value
	return name == "Ref" || strings.HasPrefix(name, "Fn::") && !strings.HasPrefix(name, forEach) || n.Content[0].Kind == yaml.MappingNode
}
