package manifest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// viewJSON makes a view of JSON. If a JSON reader does not understand the file, all of it is hidden.
func viewJSON(src []byte, root *blockSpec) *view {
	v := &view{src: src, bytes: bytes.Clone(src)}
	s := jsonScan{view: v, dec: json.NewDecoder(bytes.NewReader(src))}
	s.dec.UseNumber()
	if !json.Valid(src) || !s.body(root, true) {
		v.bytes, v.strong, v.weak, v.other = nil, false, true, false // the parser reports where it is invalid
	}
	return v
}

type jsonScan struct {
	*view
	dec *json.Decoder
}

// next returns the next token and its offset.
func (s *jsonScan) next() (json.Token, int, bool) {
	start := int(s.dec.InputOffset())
	t, err := s.dec.Token()
	for start < len(s.src) && strings.IndexByte(" \t\r\n,:", s.src[start]) >= 0 {
		start++
	}
	return t, start, err == nil
}

// skip reads a whole value, and hides it unless show returns true for its text.
func (s *jsonScan) skip(show func(text string) bool) bool {
	t, start, ok := s.next()
	if !ok {
		return false
	}
	depth := 0
	for inside := t; ; {
		switch inside {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			break
		}
		if inside, _, ok = s.next(); !ok {
			return false
		}
	}
	end := int(s.dec.InputOffset())
	if !show(string(s.src[start:end])) {
		s.hide(start, end)
	}
	return true
}

func never(string) bool { return false }

// body examines the body of a block: an object, or a list of objects.
func (s *jsonScan) body(spec *blockSpec, top bool) bool {
	t, start, ok := s.next()
	if !ok {
		return false
	}
	switch t {
	case json.Delim('{'):
		for s.dec.More() {
			key, _, ok := s.next()
			name, text := key.(string)
			if !ok || !text || !s.property(name, spec, top) {
				return false
			}
		}
	case json.Delim('['):
		for s.dec.More() {
			if !s.body(spec, top) {
				return false
			}
		}
	default:
		s.other = s.other || top
		s.hide(start, int(s.dec.InputOffset()))
		return true
	}
	_, _, ok = s.next() // the end of either
	return ok
}

// property examines the value of a property of a body.
func (s *jsonScan) property(name string, spec *blockSpec, top bool) bool {
	a, isAttr := spec.attr(name)
	inner, isBlock := spec.block(name)
	at := int(s.dec.InputOffset())
	if top {
		s.evident(name, at)
	}
	switch {
	case isBlock && inner.label != "":
		return s.labels(inner)
	case isBlock:
		return s.body(inner, false)
	case spec.open:
		return s.skip(func(text string) bool { return strings.Contains(text, "${") && text[0] == '"' })
	case isAttr && !(spec.name == "variable" && name == "default"):
		return s.skip(func(text string) bool {
			switch {
			case a.kind == objectKind || a.kind == anyKind || text[0] == '{' || text[0] == '[' && a.kind != listKind && a.kind != pathKind:
				return false
			case text[0] == '"':
				return presentable(name, text[1:len(text)-1], true)
			}
			return len(text) <= maxShown
		})
	}
	return s.skip(never)
}

// labels examines what is between a block's type and its bodies: an object with a property for each label.
func (s *jsonScan) labels(spec *blockSpec) bool {
	t, start, ok := s.next()
	if !ok {
		return false
	}
	switch t {
	case json.Delim('{'):
		for s.dec.More() {
			if _, _, ok := s.next(); !ok || !s.body(spec, false) {
				return false
			}
		}
	case json.Delim('['):
		for s.dec.More() {
			if !s.labels(spec) {
				return false
			}
		}
	default:
		s.hide(start, int(s.dec.InputOffset()))
		return true
	}
	_, _, ok = s.next()
	return ok
}

// evident records a property at the top level, whose value is after the offset at.
func (s *jsonScan) evident(name string, at int) {
	var raw json.RawMessage
	if json.NewDecoder(bytes.NewReader(bytes.TrimLeft(s.src[at:], " \t\r\n:"))).Decode(&raw) != nil {
		return
	}
	structured := func(raw json.RawMessage) bool { return len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') }
	block := structured(raw)
	if block && name != "bundle" && name != "defaults" && name != "allow" && name != "locals" {
		var labeled map[string]json.RawMessage
		block = raw[0] == '['
		if json.Unmarshal(raw, &labeled) == nil {
			for _, inner := range labeled {
				block = block || structured(inner)
			}
		}
	}
	switch {
	case name == comment, name == schemaAddress:
	case block && slices.Contains(evidence, name):
		s.strong = true
	case block && (name == "variable" || name == "locals"):
		s.weak = true
	default:
		s.other = true
	}
}
