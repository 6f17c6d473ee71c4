package secret

import (
	"bytes"
	"cmp"
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
	starts  []start  // ascending by window
	maybe   []uint64 // a bit for every window, and for some others
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
	needle int32
	form   form
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
	for i, t := range s.needles {
		// Enough of the needle for the start of any form.
		head := t.peek()
		head = head[:min(len(head), 2*MinSearch)]
		for f := range formCount {
			text := f.write(buf[:], head)
			s.starts = append(s.starts, start{binary.BigEndian.Uint64(text), int32(i), f})
		}
	}
	size := min(max(bits.Len(uint(len(s.starts)))+perStart, minTable), maxTable)
	s.maybe, s.shift = make([]uint64, 1<<(size-6)), 64-size
	for _, st := range s.starts {
		bit := slot(st.window, s.shift)
		s.maybe[bit>>6] |= 1 << (bit & 63)
	}
	slices.SortFunc(s.starts, func(a, b start) int {
		if a.window != b.window {
			return cmp.Compare(a.window, b.window)
		}
		return cmp.Or(cmp.Compare(a.needle, b.needle), cmp.Compare(a.form, b.form))
	})
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
		first, _ := slices.BinarySearchFunc(s.starts, window, func(st start, w uint64) int { return cmp.Compare(st.window, w) })
		for _, st := range s.starts[first:] {
			if st.window != window {
				break
			}
			sought := s.needles[st.needle]
			if bytes.HasPrefix(text[i:], st.form.write(nil, sought.peek())) && !bytes.Contains(public(), s.values[sought.of].peek()) {
				return sought.of, st.form.String()
			}
		}
	}
	return -1, ""
}
