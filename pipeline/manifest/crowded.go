package manifest

import (
	"unicode"
	"unicode/utf8"
)

// crowded is where a file exceeds what it may have of lines and tokens, and -1 if it does not. The lexer needs 100
// bytes of memory for a token, and as much again while it counts them; so they are counted before, roughly and never
// by much too few: lines, words, texts in quotes, and every other character that is no space. The line of a comment
// counts once.
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

	fresh   bool   // nothing but spaces is on the line so far
	comment bool   // the line is one
	before  rune   // the last character
	word    bool   // it is of a word
	name    bool   // which began with a letter, and so may have hyphens
	quoted  bool   // it is of a text in quotes
	escaped bool   // behind a backslash there
	braces  []bool // open in the line: those of templates are true
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

// inText takes in a character of a text in quotes, which counts once, with what is between its templates.
func (c *counter) inText(r rune) {
	switch {
	case c.escaped:
		c.escaped = false
		if r == 'n' { // of JSON, where the text has another line then
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
	case c.before == '"', r == '$', r == '%': // signs are tokens of their own
		c.words++
	}
}

// open notes what a character opens or closes.
func (c *counter) open(r rune) {
	switch last := len(c.braces) - 1; {
	case r == '"':
		c.quoted = true
	case r == '{':
		c.braces = append(c.braces, false)
	case r == '}' && last >= 0:
		c.quoted = c.braces[last] // back in a text, where its template ends
		c.braces = c.braces[:last]
	}
}
