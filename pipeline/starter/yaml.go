package starter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// maxSteps is the largest number of nodes that are visited. An alias counts each time
// it is used.
const maxSteps = 2_000_000

// maxMerges is how deep maps can be merged into maps.
const maxMerges = 10

// ErrSteps reports a source that expands to too much.
var ErrSteps = errors.New("its aliases and references expand to too much")

// A document is a parsed YAML file, and the files that it includes. Aliases are not
// replaced yet.
type document struct {
	root  *yaml.Node
	steps int
	stage string // if not "", everything is evaluated for this environment

	files    []file
	beside   fs.FS // the folder of the source; nil if it cannot be read
	bytes    int
	reading  bool                // a variable of a function is read
	used     []*yaml.Node        // the scalars that were used for it
	seen     map[*yaml.Node]bool // the scalars that were used for secrets, and for variables with a note
	original map[*yaml.Node]*yaml.Node
}

// A file is one of the files of a document. The lines of its nodes are shifted by
// its index times fileLines, so that a line also names its file.
type file struct {
	name string // relative to the folder of the source; "" for the source itself
	root *yaml.Node
	err  string // why it is not read
}

// fileLines is more than the lines that a file can have.
const fileLines = 1 << 21

var yamlLine = lazyregexp.New(`\bline ([0-9]+)\b`)

// parse parses a file with one YAML document.
func parse(src []byte, beside fs.FS) (*document, error) {
	if len(src) > maxSource {
		return nil, ErrSize
	}
	doc := &document{beside: beside, seen: map[*yaml.Node]bool{}, original: map[*yaml.Node]*yaml.Node{}, bytes: len(src)}
	root, err := parseNode(src)
	if err != nil {
		return nil, err
	}
	if doc.root = doc.follow(root); doc.root == nil || doc.root.Kind != yaml.MappingNode {
		return nil, errors.New("it is not a YAML map")
	}
	doc.files = []file{{root: root}}
	return doc, nil
}

// parseNode parses one YAML document. The parser's errors quote the file, so only
// the line number is taken from them.
func parseNode(src []byte) (*yaml.Node, error) {
	var root, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(src, []byte("\ufeff"))))
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
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
		return nil, errors.New("it is not a YAML map")
	}
	return root.Content[0], nil
}

func notYAML(err error) error {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("it is not YAML: see line %s", m[1])
	}
	return errors.New("it is not YAML")
}

// An entry is a key of a map with its value.
type entry struct {
	key   string
	line  int
	value *yaml.Node

	branches []branchOf // the values by environment, if value is nil
}

type branchOf struct {
	stage string
	value *yaml.Node
}

// entries returns the entries of a map, including those that << merges into it. If
// a key occurs twice, the last one counts. The map's own entries override merged
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
			put(entry{key: key.Value, line: key.Line, value: value}, true)
		}
	}
	for _, e := range inherited {
		put(e, false)
	}
	return all
}

// sources returns the entries of the map, or of the list of maps, that << merges.
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

// follow returns the target of an alias.
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

// get returns the value at a path of keys, or nil.
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

// tagged reports whether a node has a tag of its own, as in !Ref, and none of YAML.
func tagged(n *yaml.Node) bool {
	return strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!")
}

func (d *document) exhausted() bool { return d.steps > maxSteps }
