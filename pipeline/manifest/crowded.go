package manifest

import (
	"unicode"
	"unicode/utf8"
)

// crowded returns the offset at which a file exceeds the limits on lines and tokens, or -1 if it does not. The lexer
// needs 100 bytes of memory per token, and as much again while it counts them. So crowded counts first, roughly, and
// never far too few: lines, words, strings in quotes, and every other character that is not a space. A line with only a
// comment counts once.
func crowded(src []byte) int {
	c := counter{fresh: true}
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if c.next(r); c.lines > maxLines || c.words > maxWords {
			return i
		}
		i += size
	}
	return -1
}

// A counter counts tokens from one character to the next.
type counter struct {
	lines, words int

	fresh   bool   // the line has only spaces so far
	comment bool   // inside a comment
	before  rune   // the last character
	word    bool   // it belongs to a word
	name    bool   // the word began with a letter, so it may contain hyphens
	quoted  bool   // it belongs to a string in quotes
	escaped bool   // after a backslash in a string
	braces  []bool // open on this line; true for those of templates
}

func (c *counter) next(r rune) {
	switch {
	case r == '\n':
		*c = counter{lines: c.lines + 1, words: c.words + 1, fresh: true}
		return
	case c.comment:
		return
	case c.quoted:
		c.inText(r)
	case r == ' ', r == '\t':
		c.word = false
	case c.fresh && r == '#', c.before == '/' && r == '/' && c.words > 0:
		c.comment = true
		c.words++
	case c.word && (letter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || c.name && r == '-'):
	default:
		c.words++
		c.word, c.name = letter(r) || unicode.IsDigit(r), letter(r)
		c.open(r)
	}
	c.fresh = c.fresh && (r == ' ' || r == '\t')
	c.before = r
}

func letter(r rune) bool { return unicode.IsLetter(r) || r == '_' }

// inText adds a character of a string in quotes. The string counts once, plus what is in its templates.
func (c *counter) inText(r rune) {
	switch {
	case c.escaped:
		c.escaped = false
		if r == 'n' { // in JSON, this starts another line of the string
			c.words++
		}
	case r == '\\':
		c.escaped = true
	case r == '"':
		c.words++
		c.quoted, c.word = false, false
	case r == '{' && (c.before == '$' || c.before == '%'):
		c.words++
		c.quoted, c.word = false, false
		c.braces = append(c.braces, true)
	case c.before == '"', r == '$', r == '%': // these signs are separate tokens
		c.words++
	}
}

// open records what a character opens or closes.
func (c *counter) open(r rune) {
	switch last := len(c.braces) - 1; {
	case r == '"':
		c.quoted = true
	case r == '{':
		c.braces = append(c.braces, false)
	case r == '}' && last >= 0:
		c.quoted = c.braces[last] // after a template, the string continues
		c.braces = c.braces[:last]
	}
}
