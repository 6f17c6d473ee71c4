package starter

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// at returns what is known of the string at a path.
func (i *serverless) at(root *yaml.Node, path string) value {
	n, v := i.walkTo(root, path)
	switch {
	case v != nil:
		return *v
	case n == nil || null(n):
		return not(absent)
	case n.Kind == yaml.ScalarNode, n.Kind == yaml.MappingNode && i.isIntrinsic(n):
		return i.value(n)
	}
	return not("it is more than one string")
}

// walkTo returns the node at a path. Variables on the way are followed. If one of
// them is a parameter or secret, the rest of the path is a field of its JSON.
func (i *serverless) walkTo(root *yaml.Node, path string) (*yaml.Node, *value) {
	n := i.follow(root)
	if path == "" {
		return n, nil
	}
	keys := strings.Split(path, ".")
	for at, key := range keys {
		if hasVariable(n) {
			target, v := i.node(n)
			if v != nil && v.kind == fromStore {
				v.field = append(slices.Clone(v.field), keys[at:]...)
			}
			if v != nil {
				return nil, v
			}
			n = target
		}
		if key == "name" && at == 1 && keys[0] == "service" && n != nil && n.Kind == yaml.ScalarNode {
			continue // service: NAME
		}
		if n = i.child(n, key); n == nil {
			return nil, nil
		}
	}
	if path == "service" && n.Kind == yaml.MappingNode {
		n = i.get(n, "name")
	}
	return n, nil
}

// child returns the value of a key of a map, or an element of a list, or nil.
func (i *serverless) child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return i.get(n, key)
	}
	index, err := strconv.Atoi(key)
	if err != nil || index < 0 || index >= len(n.Content) {
		return nil
	}
	return i.follow(n.Content[index])
}

// hasVariable reports whether a node is a string with variables in it.
func hasVariable(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${")
}

// behind returns the target of a string with variables, and other nodes as they are.
func (i *serverless) behind(n *yaml.Node) *yaml.Node {
	if hasVariable(n) {
		n, _ = i.node(n)
	}
	return n
}

// find returns the node at a path of the source, or nil. Variables on the way are
// followed.
func (i *serverless) find(path string) *yaml.Node {
	n, _ := i.walkTo(i.root, path)
	return n
}

// mapping returns the map at a path of the source, or nil.
func (i *serverless) mapping(path string) *yaml.Node {
	return i.behind(i.find(path))
}

// node returns the target of a scalar that is one variable: a node at another place.
// If it is no such variable, node returns what is known of the scalar.
func (i *serverless) node(n *yaml.Node) (*yaml.Node, *value) {
	if !i.enter() {
		return nil, new(entangled())
	}
	defer i.exit()
	target, v := i.pointed(n.Value)
	switch {
	case target == nil && v == nil:
		return nil, new(i.value(n))
	case hasVariable(target):
		return i.node(target)
	}
	return target, v
}

// pointed returns the node at the first place that exists of those that a string names
// that is one variable, or what is known of it. It returns neither if the string is none.
func (i *serverless) pointed(s string) (*yaml.Node, *value) {
	pieces, closed := cut(strings.TrimSpace(s))
	if !closed || len(pieces) != 1 || !pieces[0].variable {
		return nil, nil
	}
	for _, one := range alternatives(pieces[0].text) {
		if inside, nested := strings.CutPrefix(one, "${"); nested {
			one = strings.TrimSuffix(inside, "}")
		}
		m := split(one)
		if m == nil || !m.isPlace() {
			return nil, nil
		}
		target, v, ok := i.nodeAt(m)
		if !ok || v != nil || target != nil && !null(target) {
			return target, v
		}
	}
	return nil, nil
}

// nodeAt returns the node at a place, or what is known of it. It reports whether the
// name of the place is known.
func (i *serverless) nodeAt(m *reference) (*yaml.Node, *value, bool) {
	address := i.string(m.address)
	if forks := i.forksOf(m.file(), address.text); len(forks) > 0 {
		i.forks = append(i.forks, forks...)
		return nil, new(not("it differs between environments")), true
	}
	path, ok := address.text.plain()
	if address.kind != known || !ok {
		return nil, nil, false
	}
	root, why := i.rootOf(m.file())
	if why != "" {
		return nil, new(not(why)), true
	}
	target, v := i.walkTo(root, path)
	return target, v, true
}
