package starter

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// forEach begins the keys of loops.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
const forEach = "Fn::ForEach::"

// all returns the entries of a map, with those that Fn::ForEach makes.
func (t *template) all(n *yaml.Node) (all []entry) { return t.loops(t.entries(n), 0) }

func (t *template) loops(entries []entry, depth int) (all []entry) {
	for _, e := range entries {
		if !strings.HasPrefix(e.key, forEach) {
			all = append(all, e)
			continue
		}
		loop := t.follow(e.value)
		if loop == nil || loop.Kind != yaml.SequenceNode || len(loop.Content) != 3 || depth > 5 {
			t.draft.note(e.line, "%s: it is not [NAME, LIST, MAP]", shown(e.key))
			continue
		}
		name, _ := t.text(loop.Content[0])
		list := t.follow(loop.Content[1])
		if list == nil || list.Kind != yaml.SequenceNode || tagged(list) {
			t.unlisted(e, loop.Content[2])
			continue
		}
		for _, one := range list.Content {
			item, ok := t.text(one)
			if !ok || len(item) > 255 || t.exhausted() {
				continue // a name has at most 255 characters
			}
			each := strings.NewReplacer("${"+name+"}", item, "&{"+name+"}", strings.Map(alphanumeric, item))
			all = append(all, t.loops(t.entries(t.copy(loop.Content[2], each)), depth+1)...)
		}
	}
	return all
}

// unlisted adds a note about a loop over a list that CloudFormation computes, if
// functions or variables with parameters are in it.
func (t *template) unlisted(e entry, body *yaml.Node) {
	found := false
	t.visit(body, 0, func(n *yaml.Node) {
		found = found || n.Value == samFunction || n.Value == lambdaFunction || isReference(n.Value)
	})
	if found {
		t.draft.note(e.line, "%s: its list comes from a template parameter or is computed; write the functions or variables out", shown(e.key))
	}
}

func alphanumeric(c rune) rune {
	if c < 0x80 && isWord(byte(c)) {
		return c
	}
	return -1
}

// copy copies a node and replaces the loop's name in its strings.
func (t *template) copy(n *yaml.Node, each *strings.Replacer) *yaml.Node {
	if n = t.follow(n); n == nil || t.exhausted() {
		return nil
	}
	t.steps += 20 + len(n.Value)/16
	c := *n
	if t.original[&c] = n; t.original[n] != nil {
		t.original[&c] = t.original[n]
	}
	c.Value = each.Replace(n.Value)
	t.steps += len(c.Value) / 16
	c.Content = nil
	for _, inner := range n.Content {
		if inner = t.copy(inner, each); inner == nil {
			return nil
		}
		c.Content = append(c.Content, inner)
	}
	return &c
}
