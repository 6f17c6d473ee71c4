package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrFieldKind reports that a field of a JSON value cannot have the new value: the
// field is a number, a boolean, an object or an array, and the new value is not.
var ErrFieldKind = errors.New("the field has another JSON type")

// ErrFieldBlanks reports a new value with blanks or comments around it for such a field, which would
// not get them.
var ErrFieldBlanks = errors.New("the new value has blanks or comments around it")

// Equal reports whether two values have the same plaintext.
func (v Value) Equal(other Value) bool { return bytes.Equal(v.peek(), other.peek()) }

// IsUTF8 reports whether the plaintext is valid UTF-8.
func (v Value) IsUTF8() bool { return utf8.Valid(v.peek()) }

// HasReference reports whether the plaintext contains {{…}}, which Parameter Store
// refuses because it looks like a reference to a parameter:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (v Value) HasReference() bool {
	_, after, found := bytes.Cut(v.peek(), []byte("{{"))
	return found && bytes.Contains(after, []byte("}}"))
}

// LineEnd returns the length of the newline that the plaintext ends in: 2 for CR LF, 1
// for LF, 0 for none.
func (v Value) LineEnd() int {
	switch b := v.peek(); {
	case bytes.HasSuffix(b, []byte("\r\n")):
		return 2
	case bytes.HasSuffix(b, []byte("\n")):
		return 1
	}
	return 0
}

// WithoutLineEnd returns the value without the newline that it ends in, if it does.
func (v Value) WithoutLineEnd() Value {
	b := v.peek()
	return New(b[:len(b)-v.LineEnd()])
}

// WithField returns a JSON value in which the part that f names is replaced. Every
// other byte stays as it is, comments of JSONC included. The zero Value counts as an
// empty object.
//
// A string, null, or a part that does not exist becomes a string. A number, a boolean,
// an object or an array is only replaced by one, as it is written in to. Objects on the
// way to a part that does not exist are added, elements of an array are not.
//
// The error wraps ErrNotJSON, ErrFieldAbsent, ErrFieldKind or ErrFieldBlanks. It contains keys of f and
// nothing of a value.
func (v Value) WithField(f Field, as Syntax, to Value) (Value, error) {
	if f == "" {
		return to, nil
	}
	whole := v.peek()
	if whole == nil {
		whole = []byte("{}")
	}
	body := bytes.TrimPrefix(whole, []byte("\ufeff"))
	mark := len(whole) - len(body)
	text, err := plainJSON(body, as)
	if err != nil {
		return Value{}, err
	}
	if !to.IsUTF8() {
		return Value{}, ErrNotJSON
	}
	at := wholeSpan(text)
	keys := f.Keys()
	for i, key := range keys {
		next, found, err := at.find(text, key)
		switch {
		case err != nil:
			return Value{}, err
		case found:
			at = next
			continue
		case text[at.from] != '{':
			return Value{}, fmt.Errorf("%w: what is at %q is not an object", ErrFieldAbsent, fieldOf(keys[:i]))
		}
		added := at.insertion(text, keys[i:], quoted(to))
		return verified(splice(whole, mark+added.at, mark+added.at, added.text), f, as, to)
	}
	written, err := at.written(text, f, as, to)
	if err != nil {
		return Value{}, err
	}
	return verified(splice(whole, mark+at.from, mark+at.to, written), f, as, to)
}

// verified returns a value if its field is what was asked for.
func verified(value []byte, f Field, as Syntax, to Value) (Value, error) {
	v := New(value)
	if got, err := v.Field(f, as); err != nil || !got.Equal(to) {
		return Value{}, fmt.Errorf("%w: the field %q cannot be replaced", ErrNotJSON, f)
	}
	return v, nil
}

func splice(b []byte, from, to int, text []byte) []byte {
	return bytes.Join([][]byte{b[:from], text, b[to:]}, nil)
}

// quoted returns a value as a JSON string.
func quoted(v Value) []byte { return jsonString(string(v.peek())) }

// A span is where a JSON value is in a document, without blanks around it.
type span struct{ from, to int }

// wholeSpan is the span of the value of a document.
func wholeSpan(text []byte) span {
	const blanks = " \t\r\n"
	return span{len(text) - len(bytes.TrimLeft(text, blanks)), len(bytes.TrimRight(text, blanks))}
}

// of returns what is in the span of a document.
func (s span) of(document []byte) []byte { return document[s.from:s.to] }

// written returns the text of a value that replaces the one in the span of plain JSON.
func (s span) written(body []byte, f Field, as Syntax, to Value) ([]byte, error) {
	kind := jsonKind(body[s.from])
	if kind == "string" || kind == "null" {
		return quoted(to), nil
	}
	text, err := plainJSON(to.peek(), as)
	if err != nil || jsonKind(wholeSpan(text).of(text)[0]) != kind {
		return nil, fmt.Errorf("%w: %q is %s, and the new value is not", ErrFieldKind, f, kind)
	}
	if wholeSpan(text) != (span{0, len(text)}) {
		return nil, fmt.Errorf("%w, and %q is %s", ErrFieldBlanks, f, kind)
	}
	return to.peek(), nil
}

// jsonKind returns the type of a JSON value by its first character.
func jsonKind(first byte) string {
	switch first {
	case '"':
		return "string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// find returns where the value of a key is in the object or array of a span of plain
// JSON.
func (s span) find(body []byte, key string) (found span, ok bool, err error) {
	text := s.of(body)
	if text[0] != '{' && text[0] != '[' {
		return span{}, false, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return span{}, false, ErrNotJSON
	}
	for n := 0; dec.More(); n++ {
		name := any(strconv.Itoa(n))
		if text[0] == '{' {
			if name, err = dec.Token(); err != nil {
				return span{}, false, ErrNotJSON
			}
		}
		var element json.RawMessage
		if dec.Decode(&element) != nil {
			return span{}, false, ErrNotJSON
		}
		if name != key {
			continue
		}
		if ok {
			return span{}, false, fmt.Errorf("%w: the key %q occurs twice", ErrNotJSON, key)
		}
		to := s.from + int(dec.InputOffset())
		found, ok = span{to - len(element), to}, true
	}
	return found, ok, nil
}

// An insertion is what to insert at a place.
type insertion struct {
	at   int
	text []byte
}

// insertion adds a member after the last one in the object of a span of plain JSON, with
// the blanks before its first member, or the last line of them. Further keys become
// objects.
func (s span) insertion(body []byte, keys []string, value []byte) insertion {
	inside := body[s.from+1 : s.to-1]
	rest := bytes.TrimLeft(inside, " \t\r\n")
	text := string(value)
	for i := len(keys) - 1; i > 0; i-- {
		text = "{" + string(jsonString(keys[i])) + ": " + text + "}"
	}
	member := string(jsonString(keys[0])) + ": " + text
	if len(rest) == 0 { // an empty object
		return insertion{s.from + 1, []byte(member)}
	}
	before := lastLine(string(inside[:len(inside)-len(rest)]))
	if before == "" && (bytes.Contains(rest, []byte(`": `)) || bytes.Contains(rest, []byte(", "))) {
		before = " "
	}
	end := s.from + 1 + len(bytes.TrimRight(inside, " \t\r\n"))
	return insertion{end, []byte("," + before + member)}
}

// lastLine returns the last line end in blanks with what follows it, or all of them if
// they have none. Before it may be an empty line, or a comment.
func lastLine(blanks string) string {
	i := strings.LastIndexByte(blanks, '\n')
	if i > 0 && blanks[i-1] == '\r' {
		i--
	}
	return blanks[max(i, 0):]
}
