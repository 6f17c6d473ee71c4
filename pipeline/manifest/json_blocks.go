package manifest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// comment is the name of a property in JSON that is a comment.
const comment = "//"

// jsonBlocks is what HCL does with the blocks of a JSON file differently from what this package promises: it drops a block with a
// name whose content is null or [], reads a comment beside names as a block, and refuses {} and [] in the place of names.
type jsonBlocks struct {
	*limits
	dropped hcl.Diagnostics // the blocks that HCL would drop
	quiet   [][2]int        // where values start and end about which HCL's problems are ignored, in source order
}

// blocks looks at the blocks of valid JSON. Of other text, which HCL reports, it returns nothing.
func (g *limits) blocks(root *blockSpec) jsonBlocks {
	s := jsonBlocks{limits: g}
	if json.Valid(g.src) {
		s.body(root, readTree(g.src))
	}
	return s
}

// body looks at the body of a block, or at a list of bodies.
func (s *jsonBlocks) body(spec *blockSpec, n jsonNode) {
	for _, m := range n.members {
		switch inner, isBlock := spec.block(m.name); {
		case isBlock && inner.label != "":
			s.labels(inner, m.value)
		case isBlock:
			s.body(inner, m.value)
		}
	}
	for _, e := range n.elements {
		s.body(spec, e)
	}
}

// labels looks at what is between the type of blocks and their bodies: an object with a property for each name, or a list of such objects.
func (s *jsonBlocks) labels(spec *blockSpec, n jsonNode) {
	properties := len(n.members)
	for _, e := range n.elements {
		properties += len(e.members)
	}
	if properties == 0 && n.kind != scalarNode {
		s.quiet = append(s.quiet, [2]int{n.start, n.start + 1})
		return
	}
	for _, m := range n.members {
		if m.name == comment {
			s.quiet = append(s.quiet, [2]int{m.value.start, m.value.end})
			continue
		}
		s.named(spec, m.name, m.value)
	}
	for _, e := range n.elements {
		if e.kind == objectNode { // else HCL reports it
			s.labels(spec, e)
		}
	}
}

// named looks at the content of a block with a name.
func (s *jsonBlocks) named(spec *blockSpec, name string, n jsonNode) {
	switch {
	case n.kind == nullNode:
		s.drop(spec, name, "null", n)
	case n.kind == listNode && len(n.elements) == 0:
		s.drop(spec, name, "[]", n)
	}
	s.body(spec, jsonNode{members: n.members})
	for _, e := range n.elements {
		s.named(spec, name, e)
	}
}

func (s *jsonBlocks) drop(spec *blockSpec, name, content string, n jsonNode) {
	if len(s.dropped) < maxFindings {
		s.dropped = append(s.dropped, fault("Block without content",
			fmt.Sprintf("The %s %q is %s, which HCL ignores. Write an object with its attributes, or remove the name.", spec.name, name, content), s.at(n.start, n.end)))
	}
}

// ignores reports whether a problem that HCL found is to be ignored.
func (s jsonBlocks) ignores(d *hcl.Diagnostic) bool {
	if d.Subject == nil {
		return false
	}
	at := d.Subject.Start.Byte
	i, _ := slices.BinarySearchFunc(s.quiet, at, func(q [2]int, at int) int { return cmp.Compare(q[1], at+1) }) // the first that ends after it
	return i < len(s.quiet) && s.quiet[i][0] <= at
}
