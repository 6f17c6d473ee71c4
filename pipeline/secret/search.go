package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"slices"
	"sync"
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
	starts  []start  // every form of the first needle, then of the second, and so on
	maybe   []uint64 // a bit for every window, and for some others
	first   []int32  // for each element of maybe: the first start with a bit there, counted from 1; 0 for none
	shift   int      // of the bits of a window's product that say which bit: see slot
}

// A needle is a value, or its JSON form, to search for.
type needle struct {
	Value
	of int // the index of the value
}

// A start is the beginning of one form of one needle.
type start struct {
	window uint64 // the first 8 bytes, big-endian
	next   int32  // the next start with a bit in the same element of Search.maybe, counted from 1; 0 for none
}

// Sizes of Search.maybe, as powers of two. Most windows of a layer must
// miss, and a small table is faster to make.
const (
	perStart = 6  // bits for each start: at least 64
	minTable = 12 // bits
	maxTable = 24 // bits
)

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
	s.starts = make([]start, 0, len(s.needles)*int(formCount))
	var buf [8 * MinSearch]byte
	for _, t := range s.needles {
		// Enough of the needle for the start of any form.
		head := t.peek()
		head = head[:min(len(head), 2*MinSearch)]
		for f := range formCount {
			text := f.write(buf[:], head)
			s.starts = append(s.starts, start{window: binary.BigEndian.Uint64(text)})
		}
	}
	size := min(max(bits.Len(uint(len(s.starts)))+perStart, minTable), maxTable)
	s.maybe, s.first, s.shift = make([]uint64, 1<<(size-6)), make([]int32, 1<<(size-6)), 64-size
	for i, st := range slices.Backward(s.starts) { // so that a list begins with the first start
		bit := slot(st.window, s.shift)
		s.maybe[bit>>6] |= 1 << (bit & 63)
		s.starts[i].next, s.first[bit>>6] = s.first[bit>>6], int32(i+1)
	}
	return s
}

// held returns a Value of bytes that nobody changes, without copying them.
func held(b []byte) Value { return Value{bytes: func() []byte { return b }} }

// write encodes bytes in a form, in buf if that is large enough. Of base64, it returns
// only what does not depend on the bytes before and after.
func (f form) write(buf, b []byte) []byte {
	buf = buf[:0]
	encode := func(e *base64.Encoding, before int) []byte {
		var start [2 + 2*MinSearch]byte
		text := e.AppendEncode(buf, append(start[:before], b...))
		return text[(8*before+5)/6 : 8*(before+len(b))/6]
	}
	switch {
	case f == plain:
		return b
	case f < urlForm:
		return encode(base64.RawStdEncoding, int(f-base64Form))
	case f < hexForm:
		return encode(base64.RawURLEncoding, int(f-urlForm))
	case f == upperHexForm:
		return bytes.ToUpper(hex.AppendEncode(buf, b))
	}
	return hex.AppendEncode(buf, b)
}

// slot spreads windows over the bits of Search.maybe.
func slot(window uint64, shift int) uint64 { return window * 0x9e3779b97f4a7c15 >> (shift & 63) }

// Find returns the index of a value that text contains, and in which form, or -1. A
// value that known contains does not count, in any form, because it is public. known
// is called only if text contains a value, and can be nil.
func (s *Search) Find(text []byte, known func() []byte) (index int, how string) {
	public := sync.OnceValue(func() []byte {
		if known == nil {
			return nil
		}
		return known()
	})
	if len(s.starts) == 0 {
		return -1, ""
	}
	maybe, shift := s.maybe, s.shift
	for i := 0; i+MinSearch <= len(text); i++ {
		window := binary.BigEndian.Uint64(text[i:])
		bit := slot(window, shift)
		if maybe[bit>>6]>>(bit&63)&1 == 0 {
			continue
		}
		for at := s.first[bit>>6]; at > 0; at = s.starts[at-1].next {
			if s.starts[at-1].window != window {
				continue
			}
			sought, form := s.needles[(at-1)/int32(formCount)], form((at-1)%int32(formCount))
			if bytes.HasPrefix(text[i:], form.write(nil, sought.peek())) && !bytes.Contains(public(), s.values[sought.of].peek()) {
				return sought.of, form.String()
			}
		}
	}
	return -1, ""
}
