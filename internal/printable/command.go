package printable

import (
	"unicode"
	"unicode/utf8"
)

// A line is what matters of a line so far to tell whether it becomes a command.
// Marks above or below a character count for nothing, as they do to a runner
// that compares by a culture's rules.
type line struct {
	begun  bool // there is something else than spaces and one colon
	colon  bool // there is one
	hashes int  // of which it ends in so many
	word   bool // and letters after these
}

// next takes in a character, and says whether it would complete a command.
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

// Command finds the first line of a content that a CI would take for a command if
// it was printed as it is: 0 where there is none.
func Command(content []byte) int {
	var l line
	for i, n := 0, 1; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		i += size
		switch {
		case r == '\r', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
			l.next('\n')
		case r != '\t' && r != '\n' && Hidden(r): // and so there is no telling what is compared without it
		case l.next(r):
			return n
		case r == '\n':
			n++
		}
	}
	return 0
}
