package manifest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A jsonNode is a value in JSON, with its place in the source.
type jsonNode struct {
	kind       nodeKind
	start, end int
	members    []jsonMember // of an object, in source order
	elements   []jsonNode   // of a list
}

type jsonMember struct {
	name  string
	value jsonNode
}

type nodeKind int

const (
	scalarNode nodeKind = iota
	nullNode
	objectNode
	listNode
)

// readTree reads valid JSON.
func readTree(src []byte) jsonNode {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	return readNode(dec, src)
}

func readNode(dec *json.Decoder, src []byte) jsonNode {
	n := jsonNode{start: int(dec.InputOffset())}
	for n.start < len(src) && strings.IndexByte(" \t\r\n,:", src[n.start]) >= 0 {
		n.start++
	}
	t, _ := dec.Token() // an error would be a number that is too large, which the limits refuse
	switch t {
	case nil:
		n.kind = nullNode
	case json.Delim('{'):
		n.kind = objectNode
		for dec.More() {
			key, _ := dec.Token()
			name, _ := key.(string)
			n.members = append(n.members, jsonMember{name, readNode(dec, src)})
		}
		_, _ = dec.Token()
	case json.Delim('['):
		n.kind = listNode
		for dec.More() {
			n.elements = append(n.elements, readNode(dec, src))
		}
		_, _ = dec.Token()
	}
	n.end = int(dec.InputOffset())
	return n
}
