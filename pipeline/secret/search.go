package secret

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// MinSearch is the smallest length in bytes of a value that is searched for. Shorter
// ones occur by chance.
const MinSearch = 8

// maxSearch is how many bytes of a value are searched for, because a longer value
// may be cut into parts.
const maxSearch = 1024

// A Search looks for many values at once in what is about to be published. It finds
// a value as it is and as in a JSON string, and both in base64 (standard and URL
// alphabet, at any offset) and in hexadecimal. It is safe for concurrent use.
//
// It scans the data once, with a table of the first bytes of all forms. It writes
// out a form only where the data begins like it.
type Search struct {
	values  []Value
	needles []needle
	starts  []start               // ascending by window
	maybe   [1 << (24 - 6)]uint64 // a bit for every window, and for some others
}

// A needle is a value, or its JSON form, to search for.
type needle struct {
	Value
	of int // the index of the value
}

// A start is the beginning of one form of one needle.
type start struct {
	window uint64 // the first 8 bytes, big-endian
	needle int32
	form   form
}

// A form is an encoding of a needle.
type form uint8

const (
	plain      form = iota
	base64Form      // and the next two: after 0, 1 or 2 other bytes
	_
	_
	urlForm
	_
	_
	hexForm
	upperHexForm
	formCount
)

func (f form) String() string {
	switch {
	case f == plain:
		return "in plaintext"
	case f < hexForm:
		return "in base64"
	}
	return "in hexadecimal"
}

// NewSearch makes a Search for the values that are at least MinSearch bytes long.
func NewSearch(values []Value) *Search {
	s := &Search{values: values}
	for i, v := range values {
		value := v.peek()
		if len(value) < MinSearch {
			continue
		}
		value = value[:min(len(value), maxSearch)]
		s.needles = append(s.needles, needle{held(value), i})
		if escaped := AppendEscaped(nil, value); len(escaped) > len(value) {
			s.needles = append(s.needles, needle{held(escaped), i})
		}
	}
	for i, t := range s.needles {
		// Enough of the needle for the start of any form.
		head := t.peek()
		head = head[:min(len(head), 2*MinSearch)]
		for f := range formCount {
			text := f.write(head)
			window := binary.BigEndian.Uint64(text)
			s.starts = append(s.starts, start{window, int32(i), f})
			bit := slot(window)
			s.maybe[bit>>6] |= 1 << (bit & 63)
		}
	}
	slices.SortFunc(s.starts, func(a, b start) int {
		return cmp.Or(cmp.Compare(a.window, b.window), cmp.Compare(a.needle, b.needle), cmp.Compare(a.form, b.form))
	})
	return s
}

// held returns a Value of bytes that nobody changes, without copying them.
func held(b []byte) Value { return Value{bytes: func() []byte { return b }} }

// write encodes bytes in a form. Of base64, it returns only what does not depend on
// the bytes before and after.
func (f form) write(b []byte) []byte {
	encode := func(e *base64.Encoding, before int) []byte {
		text := e.EncodeToString(append(make([]byte, before, before+len(b)), b...))
		return []byte(text[(8*before+5)/6 : 8*(before+len(b))/6])
	}
	switch {
	case f == plain:
		return b
	case f < urlForm:
		return encode(base64.RawStdEncoding, int(f-base64Form))
	case f < hexForm:
		return encode(base64.RawURLEncoding, int(f-urlForm))
	case f == upperHexForm:
		return []byte(strings.ToUpper(hex.EncodeToString(b)))
	}
	return []byte(hex.EncodeToString(b))
}

// slot spreads windows over the bits of Search.maybe.
func slot(window uint64) uint64 { return window * 0x9e3779b97f4a7c15 >> (64 - 24) }

// Find returns the index of a value that text contains, and in which form, or -1. A
// value that known contains does not count, in any form, because it is public.
func (s *Search) Find(text, known []byte) (index int, how string) {
	for i := 0; i+MinSearch <= len(text); i++ {
		window := binary.BigEndian.Uint64(text[i:])
		bit := slot(window)
		if s.maybe[bit>>6]>>(bit&63)&1 == 0 {
			continue
		}
		first, _ := slices.BinarySearchFunc(s.starts, window, func(st start, w uint64) int { return cmp.Compare(st.window, w) })
		for _, st := range s.starts[first:] {
			if st.window != window {
				break
			}
			sought := s.needles[st.needle]
			if bytes.HasPrefix(text[i:], st.form.write(sought.peek())) && !bytes.Contains(known, s.values[sought.of].peek()) {
				return sought.of, st.form.String()
			}
		}
	}
	return -1, ""
}
