package starter

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// TaskDefinition makes a draft of a task definition of ECS in JSON, as a file or as
// describe-task-definition prints it: a function for each container, from its secrets.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
func TaskDefinition(source string, src []byte) (*Draft, error) {
	doc, err := parse(src, nil)
	if err != nil {
		return nil, err
	}
	root := doc.task()
	if root == nil {
		return nil, errors.New("it has no containerDefinitions")
	}
	d := &Draft{Source: source, document: doc}
	d.Name, _ = doc.text(doc.get(root, "family"))
	for _, container := range doc.list(doc.get(root, "containerDefinitions")) {
		name, _ := doc.text(doc.get(container, "name"))
		f := Function{Name: name, line: container.Line}
		d.variables(&f, doc.named(doc.get(container, "secrets"), "valueFrom"), nil, func(e entry) value { return valueFrom(doc, e.value) })
		for _, e := range doc.named(doc.get(container, "environment"), "value") {
			f.configuration = append(f.configuration, e.key)
		}
		d.Functions = append(d.Functions, f)
	}
	return d.bounded(doc)
}

// task returns the task definition in a file, or nil.
func (d *document) task() *yaml.Node {
	for _, root := range []*yaml.Node{d.root, d.get(d.root, "taskDefinition")} {
		if n := d.get(root, "containerDefinitions"); n != nil && n.Kind == yaml.SequenceNode {
			return root
		}
	}
	return nil
}

// list returns the elements of a list that are maps.
func (d *document) list(n *yaml.Node) (all []*yaml.Node) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	for _, one := range n.Content {
		if one = d.follow(one); one != nil && one.Kind == yaml.MappingNode {
			all = append(all, one)
		}
	}
	return all
}

// named returns the entries of a list of maps that have a name and another member.
func (d *document) named(n *yaml.Node, member string) (all []entry) {
	for _, one := range d.list(n) {
		name, _ := d.text(d.get(one, "name"))
		if v := d.get(one, member); v != nil {
			all = append(all, entry{key: name, value: v, line: one.Line})
		}
	}
	return all
}

// valueFrom returns what is known of a secret of a container: a parameter's name or ARN,
// or a secret's ARN, perhaps with KEY, STAGE and VERSION-ID.
func valueFrom(d *document, n *yaml.Node) value {
	s, ok := d.text(n)
	if !ok {
		return not("its valueFrom is not a string")
	}
	d.use(n)
	id, parts := identified(s)
	of := strings.SplitN(id, ":", 6) // of the ARN of a parameter
	switch {
	case secretARN.MatchString(s) && len(parts) <= 3:
		return secretByID(id, nil, parts)
	case len(of) == 6 && of[2] == "ssm" && strings.HasPrefix(of[5], "parameter/"):
		v := fromParameters(literal(strings.TrimPrefix(of[5], "parameter")), of[3])
		v.account = of[4]
		return v
	case strings.HasPrefix(s, "arn:"):
		return not("its ARN is neither that of a parameter nor that of a secret")
	}
	return fromParameters(literal(s), "")
}
