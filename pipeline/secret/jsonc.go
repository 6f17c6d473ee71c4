package secret

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// A Syntax is how the JSON of a value is written.
type Syntax int

const (
	// JSON is JSON as in RFC 8259.
	JSON Syntax = iota
	// JSONC is JSON with // and /* */ comments, and with one comma after the last
	// element of an array or the last member of an object.
	JSONC
)

// HasComments reports whether the value is JSONC, and not JSON.
func (v Value) HasComments() bool {
	body := bytes.TrimPrefix(v.peek(), []byte("\ufeff"))
	_, plain := plainJSON(body, JSON)
	_, ok := plainJSON(body, JSONC)
	return ok && !plain
}

// plainJSON returns the JSON of a document in UTF-8, without a byte order mark. In
// JSONC, every byte of a comment and every trailing comma is a space, so that each part
// is where it is in the document. It reports whether the document is valid, and nested
// no deeper than encoding/json allows (10,000).
func plainJSON(document []byte, as Syntax) (text []byte, ok bool) {
	if !utf8.Valid(document) {
		return nil, false
	}
	text = document
	if as == JSONC {
		if text, ok = withoutComments(document); !ok {
			return nil, false
		}
		removeTrailingCommas(text)
	}
	return text, json.Valid(text)
}

// withoutComments returns a copy of a document with spaces in place of comments, and
// whether every comment ends where all readers agree that it ends.
func withoutComments(document []byte) (text []byte, ok bool) {
	text = bytes.Clone(document)
	for i := 0; i < len(text); {
		n := 1
		switch {
		case text[i] == '"':
			i = afterString(text, i)
			continue
		case bytes.HasPrefix(text[i:], []byte("//")):
			if n = lineComment(text[i:]); n == 0 {
				return nil, false
			}
			blank(text[i : i+n])
		case bytes.HasPrefix(text[i:], []byte("/*")):
			if n = bytes.Index(text[i+2:], []byte("*/")); n < 0 {
				return nil, false
			}
			n += len("/*") + len("*/")
			blank(text[i : i+n])
		}
		i += n
	}
	return text, true
}

// lineComment returns the length of the comment that text begins with, without its line
// end, or 0 if readers disagree about it: some also end it at a carriage return or at a
// line or paragraph separator, and some only at a line feed.
func lineComment(text []byte) int {
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		end = len(text)
	}
	comment := bytes.TrimSuffix(text[:end], []byte("\r"))
	if bytes.ContainsAny(comment, "\r\u2028\u2029") {
		return 0
	}
	return len(comment)
}

// removeTrailingCommas puts a space in place of every comma that follows a value and is
// followed by the end of an object or array. text has no comments.
func removeTrailingCommas(text []byte) {
	comma, before := -1, byte(0) // the last comma if nothing followed it, and the character before it
	last := byte(0)              // the last character that is not a blank
	for i := 0; i < len(text); {
		c := text[i]
		switch c {
		case ' ', '\t', '\r', '\n':
			i++
			continue
		case '"':
			i, comma, last = afterString(text, i), -1, c
			continue
		case ',':
			comma, before = i, last
		case '}', ']':
			if comma >= 0 && bytes.IndexByte([]byte("{[,:\x00"), before) < 0 {
				text[comma] = ' '
			}
			comma = -1
		default:
			comma = -1
		}
		i, last = i+1, c
	}
}

// afterString returns where the string that begins at i ends.
func afterString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// blank overwrites bytes with spaces, except line ends.
func blank(b []byte) {
	for i, c := range b {
		if c != '\n' && c != '\r' {
			b[i] = ' '
		}
	}
}
