package seal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/secret"
)

// ErrValue reports a secret whose value cannot be sealed: it is empty, or not
// valid UTF-8 (docs/format.md, F-28).
var ErrValue = errors.New("value cannot be sealed")

// Named is a secret to seal.
type Named struct {
	Name  string
	Value secret.Value
}

// Packed is the content of one box: its line in the header, and the plaintext of
// its ciphertext.
type Packed struct {
	Box       sealed.Box
	Plaintext secret.Value
}

// Pack fills boxes with the secrets of one function, as docs/format.md requires:
// whole secrets by first fit decreasing (F-27), secrets that are too long for a box
// in parts (F-25), and all boxes in the order of F-17. The names must be distinct.
// Equal input gives equal boxes. The error wraps ErrValue and names the secret.
func Pack(secrets []Named) ([]Packed, error) {
	var whole []member
	var boxes []Packed
	for _, s := range secrets {
		value := s.Value.Reveal()
		if len(value) == 0 {
			return nil, fmt.Errorf("%s: %w: it is empty", s.Name, ErrValue)
		}
		if !utf8.Valid(value) {
			return nil, fmt.Errorf("%s: %w: it is not valid UTF-8", s.Name, ErrValue)
		}
		text := appendMember(nil, s.Name, value)
		if len(text)+len("{}") > sealed.MaxBox {
			boxes = append(boxes, cut(s.Name, value)...)
			continue
		}
		whole = append(whole, member{s.Name, text})
	}
	boxes = append(boxes, fill(whole)...)
	slices.SortFunc(boxes, func(a, b Packed) int {
		return cmp.Or(strings.Compare(a.Box.Secrets[0], b.Box.Secrets[0]), a.Box.Part-b.Box.Part)
	})
	return boxes, nil
}

// A member is a secret as it is written in a box: "NAME":"value".
type member struct {
	name string
	text []byte
}

// cut divides a value into the parts of F-25.
func cut(name string, value []byte) []Packed {
	var parts []Packed
	for chunk := range slices.Chunk(value, sealed.MaxBox) {
		parts = append(parts, Packed{
			Box:       sealed.Box{Secrets: []string{name}, Part: len(parts) + 1},
			Plaintext: secret.New(chunk),
		})
	}
	for i := range parts {
		parts[i].Box.Parts = len(parts)
	}
	return parts
}

// fill puts members into boxes by first fit decreasing.
func fill(members []member) []Packed {
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(len(b.text)-len(a.text), strings.Compare(a.name, b.name))
	})
	var boxes [][]member
	var sizes []int
	for _, m := range members {
		i := slices.IndexFunc(sizes, func(size int) bool { return size+len(",")+len(m.text) <= sealed.MaxBox })
		if i < 0 {
			boxes, sizes = append(boxes, []member{m}), append(sizes, len("{}")+len(m.text))
			continue
		}
		boxes[i], sizes[i] = append(boxes[i], m), sizes[i]+len(",")+len(m.text)
	}
	packed := make([]Packed, len(boxes))
	for i, box := range boxes {
		packed[i] = object(box)
	}
	return packed
}

// object writes the members of one box as its JSON object (F-23).
func object(members []member) Packed {
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	var names []string
	text := []byte("{")
	for i, m := range members {
		if i > 0 {
			text = append(text, ',')
		}
		names, text = append(names, m.name), append(text, m.text...)
	}
	return Packed{Box: sealed.Box{Secrets: names}, Plaintext: secret.New(append(text, '}'))}
}

// appendMember writes "NAME":"value".
func appendMember(to []byte, name string, value []byte) []byte {
	to = append(to, '"')
	to = append(to, name...)
	to = append(to, `":"`...)
	return append(secret.AppendEscaped(to, value), '"')
}
