package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	_, notJSON := plainJSON(body, JSON)
	_, notJSONC := plainJSON(body, JSONC)
	return notJSON != nil && notJSONC == nil
}

// plainJSON returns the JSON of a document in UTF-8, without a byte order mark. In
// JSONC, every byte of a comment and every trailing comma is a space, so that each part
// is where it is in the document. The error is ErrNotJSON or wraps it, and contains
// nothing of the document: it is not valid, or nested deeper than encoding/json allows
// (10,000).
func plainJSON(document []byte, as Syntax) (text []byte, err error) {
	if !utf8.Valid(document) {
		return nil, ErrNotJSON
	}
	text = document
	if as == JSONC {
		if text, err = withoutComments(document); err != nil {
			return nil, err
		}
		removeTrailingCommas(text)
	}
	if !json.Valid(text) { // a JSON parser's error quotes its input, so there is none
		return nil, ErrNotJSON
	}
	return text, nil
}

// errDisputed reports a comment that readers end at different places.
var errDisputed = fmt.Errorf("%w: a // comment contains a carriage return, U+2028 or U+2029, where only some readers end the comment", ErrNotJSON)

// withoutComments returns a copy of a document with spaces in place of comments. The
// error is errDisputed for a comment about whose end readers disagree, and ErrNotJSON
// for one that does not end.
func withoutComments(document []byte) (text []byte, err error) {
	text = bytes.Clone(document)
	for i := 0; i < len(text); {
		n := 1
		switch {
		case text[i] == '"':
			i = afterString(text, i)
			continue
		case bytes.HasPrefix(text[i:], []byte("//")):
			if n = lineComment(text[i:]); n == 0 {
				return nil, errDisputed
			}
			blank(text[i : i+n])
		case bytes.HasPrefix(text[i:], []byte("/*")):
			if n = bytes.Index(text[i+2:], []byte("*/")); n < 0 {
				return nil, ErrNotJSON
			}
			n += len("/*") + len("*/")
			blank(text[i : i+n])
		}
		i += n
	}
	return text, nil
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
