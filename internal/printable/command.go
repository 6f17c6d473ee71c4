package printable

import (
	"unicode"
	"unicode/utf8"
)

// A line is the state of a line so far: whether it can become a command. Combining
// marks are ignored, as in a runner that compares strings by a culture's rules.
type line struct {
	begun  bool // there is something besides spaces and one colon
	colon  bool // there is one
	hashes int  // number of them at the end
	word   bool // followed by letters
}

// next adds a character, and reports whether it completes a command.
func (l *line) next(r rune) bool {
	switch {
	case r == '\n':
		*l = line{}
	case unicode.Is(unicode.M, r):
	case r == ':':
		completes := l.colon && !l.begun
		*l = line{begun: l.begun || l.colon, colon: true}
		return completes
	case r == '#':
		if l.word {
			l.hashes, l.word = 0, false
		}
		l.begun = true
		l.hashes++
	case r == '[' && l.hashes > 1:
		*l = line{begun: true}
		return true
	case l.hashes > 1 && (r|0x20 >= 'a' && r|0x20 <= 'z'):
		l.word = true
	case !l.begun && !l.colon && unicode.IsSpace(r):
	default:
		*l = line{begun: true}
	}
	return false
}

// Command returns the number, from 1, of the first line of content that a CI would
// read as a command if it was printed unchanged; 0 if there is none.
func Command(content []byte) int {
	var l line
	for i, n := 0, 1; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		i += size
		switch {
		case r == '\r', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
			l.next('\n')
		case r != '\t' && r != '\n' && Hidden(r): // a runner may compare without it
		case l.next(r):
			return n
		case r == '\n':
			n++
		}
	}
	return 0
}
