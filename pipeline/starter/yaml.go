package starter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// maxSteps is how many nodes are looked at, at most: an alias stands for what it
// names as often as it is used.
const maxSteps = 2_000_000

// maxMerges is how deep maps may be merged into maps.
const maxMerges = 10

// ErrSteps says that a source repeats itself too often.
var ErrSteps = errors.New("its aliases and references expand to too much")

// A document is a YAML file as it was parsed: an alias is not yet replaced by
// what it stands for.
type document struct {
	root  *yaml.Node
	steps int
}

var yamlLine = lazyregexp.New(`\bline ([0-9]+)\b`)

// parse reads a file of one YAML document. The parser's errors quote the file,
// so that only the line is taken from them.
func parse(src []byte) (*document, error) {
	if len(src) > maxSource {
		return nil, ErrSize
	}
	var root, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(src))
	switch err := d.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it is empty")
	case err != nil:
		return nil, notYAML(err)
	}
	switch err := d.Decode(&more); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, notYAML(err)
	default:
		return nil, errors.New("it contains more than one document")
	}
	doc := &document{}
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		doc.root = doc.follow(root.Content[0])
	}
	if doc.root == nil || doc.root.Kind != yaml.MappingNode {
		return nil, errors.New("it is not a YAML map")
	}
	return doc, nil
}

func notYAML(err error) error {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("it is not YAML: see line %s", m[1])
	}
	return errors.New("it is not YAML")
}

// An entry is one of a map.
type entry struct {
	key   string
	line  int
	value *yaml.Node
}

// entries returns what a map holds, with what << merges into it. The last of
// two entries with one key counts, and those of the map itself before merged
// ones.
func (d *document) entries(n *yaml.Node) []entry { return d.merged(n, 0) }

func (d *document) merged(n *yaml.Node, depth int) []entry {
	n = d.follow(n)
	if n == nil || n.Kind != yaml.MappingNode || depth > maxMerges {
		return nil
	}
	var all, inherited []entry
	at := map[string]int{}
	put := func(e entry, again bool) {
		i, there := at[e.key]
		switch {
		case !there:
			at[e.key] = len(all)
			all = append(all, e)
		case again:
			all[i] = e
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		d.steps++
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
		case key.Tag == "!!merge":
			inherited = append(inherited, d.sources(value, depth)...)
		default:
			put(entry{key.Value, key.Line, value}, true)
		}
	}
	for _, e := range inherited {
		put(e, false)
	}
	return all
}

// sources returns the entries of the map, or of the maps of a list, that << names.
func (d *document) sources(n *yaml.Node, depth int) (all []entry) {
	if n = d.follow(n); n == nil || n.Kind != yaml.SequenceNode {
		return d.merged(n, depth+1)
	}
	for _, one := range n.Content {
		all = append(all, d.merged(one, depth+1)...)
		if d.exhausted() {
			return nil
		}
	}
	return all
}

// follow returns what an alias stands for.
func (d *document) follow(n *yaml.Node) *yaml.Node {
	for range maxMerges {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		d.steps++
		n = n.Alias
	}
	return nil
}

// get returns what lies at a path of keys, nil if nothing does.
func (d *document) get(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		all := d.entries(n)
		i := slices.IndexFunc(all, func(e entry) bool { return e.key == key })
		if i < 0 {
			return nil
		}
		n = all[i].value
	}
	return d.follow(n)
}

// text returns the text of a scalar.
func (d *document) text(n *yaml.Node) (string, bool) {
	if n = d.follow(n); n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", false
	}
	return n.Value, true
}

func (d *document) exhausted() bool { return d.steps > maxSteps }
