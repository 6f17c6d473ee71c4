package starter

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// refer returns what is known of a string at another place: in the source, or in the
// file that is named.
func (i *serverless) refer(file *string, address, s string) value {
	at := i.string(address)
	switch {
	case at.kind == unknown:
		return at
	case at.kind != known:
		return not("the place that it refers to is not in the source")
	case file == nil && i.isStage(at.text):
		return i.environment()
	}
	if forks := i.forksOf(file, at.text); forks != nil || i.stage == "" && at.text.staged() {
		return i.byStage(forks, address, s, func() value { return i.refer(file, address, s) })
	}
	root, why := i.rootOf(file)
	name := lastOf(address)
	if why != "" {
		return i.outside(s, name, why)
	}
	place, ok := at.text.plain()
	if !ok {
		return i.outside(s, name, "the place that it refers to depends on a variable")
	}
	outer := i.forks
	i.forks = nil
	v := i.at(root, place)
	forks := i.forks
	if i.forks = outer; len(forks) > 0 && i.stage == "" {
		return i.byStage(forks, address, s, func() value { return i.at(root, place) })
	}
	return v
}

// byStage returns what is known of a string that differs between environments.
func (i *serverless) byStage(stages []string, address, s string, evaluate func() value) value {
	all := i.eachStage(stages, evaluate)
	if len(all) == 0 {
		return not(absent)
	}
	name := lastOf(strings.TrimSuffix(address, "}"))
	if at := strings.Index(address, "${"); at > 0 && strings.HasSuffix(address, "}") {
		name = lastOf(strings.TrimRight(address[:at], "./"))
	}
	return i.draft.unify("place "+s, name, source(s), all)
}

// forksOf returns the environments for which a place is different: those that a map
// on the way has keys for, or that files are named after. It returns nil if the place
// does not depend on the environment.
func (i *serverless) forksOf(file *string, path Text) []string {
	if file != nil {
		if name := i.string(*file); name.kind == known && name.text.staged() {
			return i.filesOf(name.text)
		}
	}
	root, why := i.rootOf(file)
	if why != "" || !path.staged() || i.isStage(path) {
		return nil
	}
	return i.stages(root, path)
}

func (i *serverless) isStage(path Text) bool {
	p, ok := path.plain()
	return ok && p == "provider.stage"
}

// rootOf returns the root of a file, or of the source if none is named.
func (i *serverless) rootOf(file *string) (*yaml.Node, string) {
	if file == nil {
		return i.root, ""
	}
	name := i.string(*file)
	switch plain, ok := name.text.plain(); {
	case name.kind != known:
		return nil, "it is in a file whose name is not in the source"
	case !ok:
		return nil, "it is in a file whose name depends on the environment"
	default:
		return i.include(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(plain), "\""), "\""))
	}
}

func lastOf(path string) string { return path[strings.LastIndexAny(path, ".:/")+1:] }

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
// them is a parameter, the rest of the path is a field of its JSON.
func (i *serverless) walkTo(root *yaml.Node, path string) (*yaml.Node, *value) {
	n := i.follow(root)
	if path == "" {
		return n, nil
	}
	keys := strings.Split(path, ".")
	for at, key := range keys {
		if hasVariable(n) {
			target, v := i.node(n)
			if v != nil && v.kind == fromParameter {
				v.field = strings.Trim(v.field+"."+strings.Join(keys[at:], "."), ".")
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

// stages returns the environments that a map along the path has keys for.
func (i *serverless) stages(root *yaml.Node, path Text) (all []string) {
	const hole = "\x00"
	before := ""
	keys := strings.Split(path.in(hole), ".")
	for at, key := range keys {
		front, back, found := strings.Cut(key, hole)
		if !found {
			before = strings.TrimPrefix(before+"."+key, ".")
			continue
		}
		n, _ := i.walkTo(root, before)
		n = i.behind(n)
		next := ""
		if before == "custom" && at < len(keys)-1 && !strings.Contains(keys[at+1], hole) {
			next = keys[at+1]
		}
		for _, e := range i.withKey(n, next) {
			if value := i.follow(e.value); at < len(keys)-1 && value != nil && value.Kind == yaml.ScalarNode && !hasVariable(value) {
				continue // it has no keys
			}
			if stage := between(e.key, front, back); stage != "" && !strings.Contains(back, hole) {
				all = append(all, stage)
			}
		}
		return all
	}
	return nil
}

// withKey returns the entries of a map whose values are maps with a key. If none is, or
// no key is asked for, it returns all. In custom, where plugins have their settings, the
// others are no environments.
func (i *serverless) withKey(n *yaml.Node, key string) []entry {
	all := i.entries(n)
	if key == "" {
		return all
	}
	outer := i.forks
	defer func() { i.forks = outer }()
	with := slices.DeleteFunc(slices.Clone(all), func(e entry) bool {
		value := i.behind(i.follow(e.value))
		return value == nil || value.Kind != yaml.MappingNode || i.get(value, key) == nil
	})
	if len(with) == 0 {
		return all
	}
	return with
}

// filesOf returns the environments that files or folders are named after.
func (d *document) filesOf(name Text) (all []string) {
	const hole = "\x00"
	if d.beside == nil {
		return nil
	}
	before := "."
	for key := range strings.SplitSeq(path.Clean(name.in(hole)), "/") {
		front, back, found := strings.Cut(key, hole)
		if !found {
			before = path.Join(before, key)
			continue
		}
		entries, _ := fs.ReadDir(d.beside, before)
		d.steps += len(entries)
		for _, e := range entries[:min(len(entries), 1000)] {
			if stage := between(e.Name(), front, back); stage != "" && !slices.Contains(all, stage) {
				all = append(all, stage)
			}
		}
		return all
	}
	return nil
}

// between returns what is between the front and the back of a name that has both, or "".
func between(name, front, back string) string {
	rest, begins := strings.CutPrefix(name, front)
	middle, ends := strings.CutSuffix(rest, back)
	if !begins || !ends {
		return ""
	}
	return middle
}
