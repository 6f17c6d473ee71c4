package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var (
	// ErrNotJSON reports a value that a field is extracted from, but that is not JSON
	// that every JSON reader understands in the same way.
	ErrNotJSON = errors.New("the value is not usable JSON")

	// ErrFieldAbsent reports a JSON value in which the field does not exist or is
	// null.
	ErrFieldAbsent = errors.New("the value has no such field")
)

// MaxField is the largest length in bytes of a field with dots.
const MaxField = 256

// Field is the path to a part of a JSON value, as in a document: keys joined by dots,
// such as "live.key", or the list form of docs/format.md (F-38), such as
// "/spring.datasource.password", if a key has other characters. A key of digits is also
// the index of an array, from 0. "" is the whole value.
//
// ParseField and ParseFieldKeys make one. Printed, it has the form of a manifest.
type Field string

// ParseField parses a field of a manifest that is a string. Each key begins with a letter, a digit or
// "_", followed by these or "-".
func ParseField(s string) (Field, error) {
	if len(s) > MaxField {
		return "", fmt.Errorf("field %q is %d bytes long: the limit is %d", clip(s), len(s), MaxField)
	}
	if s == "" {
		return "", nil
	}
	for key := range strings.SplitSeq(s, ".") {
		if key == "" {
			return "", fmt.Errorf("field %q has an empty key: write keys joined by single dots, such as \"live.key\"", s)
		}
		for i, c := range key {
			if !isNameChar(c) || c == '.' || c == '-' && i == 0 {
				return "", fmt.Errorf("field %q contains %q: a key in it starts with a letter, a digit or \"_\", followed by letters, digits, \"_\" or \"-\". "+
					"Write a field with other keys as a list of them, for example field = %s", s, c, listOf(s))
			}
		}
	}
	return Field(s), nil
}

// Field returns the part of a JSON value that f names: the text of a string, or
// anything else (numbers, true, false, objects, arrays) exactly as it is written, in
// JSONC with its comments. The error wraps ErrNotJSON if the value is not JSON or the
// part is ambiguous, and ErrFieldAbsent if the part does not exist or is null. Errors
// contain keys of f and nothing of the value.
func (v Value) Field(f Field, as Syntax) (Value, error) {
	if f == "" {
		return v, nil
	}
	body := bytes.TrimPrefix(v.peek(), []byte("\ufeff")) // some Windows editors begin a file with it
	text, err := plainJSON(body, as)
	if err != nil {
		return Value{}, err
	}
	at := wholeSpan(text)
	keys := f.Keys()
	var passed [][]byte // the value that each key is looked for in
	for i, key := range keys {
		passed = append(passed, at.of(text))
		next, found, err := at.find(text, key)
		if err != nil {
			return Value{}, err
		}
		if !found || string(next.of(text)) == "null" {
			return Value{}, absent(f, i+1, len(keys) > 1 && !f.IsList() && slices.ContainsFunc(passed, hasOtherKeys))
		}
		at = next
	}
	part := at.of(body)
	if part[0] != '"' {
		return New(part), nil
	}
	if !WholeCharacters(part) {
		return Value{}, fmt.Errorf("%w: the string at %q has an escape for half of a surrogate pair", ErrNotJSON, f)
	}
	var unquoted string
	if json.Unmarshal(part, &unquoted) != nil {
		return Value{}, ErrNotJSON
	}
	return New([]byte(unquoted)), nil
}

// listOf returns the list of keys that a string with other characters may mean.
func listOf(s string) Field {
	if f, err := ParseFieldKeys(Field(s).Keys()); err == nil && f.IsList() { // as in a document, if s begins with a slash
		return f
	}
	return fieldOf([]string{strings.ToValidUTF8(s, "")})
}

// absent returns the error for a field with nothing at its first n keys. Several keys may have been meant as one.
func absent(f Field, n int, asOne bool) error {
	err := fmt.Errorf("%w: there is nothing at %q", ErrFieldAbsent, fieldOf(f.Keys()[:n]))
	if asOne {
		err = fmt.Errorf("%w. The dots in a field separate keys. If they are part of a key, write the keys as a list, for example field = %s", err, fieldOf([]string{string(f)}))
	}
	return err
}

// hasOtherKeys reports whether a valid JSON value is an object with a key that a field cannot name.
func hasOtherKeys(text []byte) bool {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return false
	}
	for key := range object {
		if key != "" && needsList(key) {
			return true
		}
	}
	return false
}

// WholeCharacters reports whether every \u escape of a valid JSON string is a
// character or a whole surrogate pair. For half a pair, encoding/json writes U+FFFD,
// and other readers something else.
func WholeCharacters(s []byte) bool {
	unit := func(s []byte) uint64 {
		if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
			return 0
		}
		u, _ := strconv.ParseUint(string(s[2:6]), 16, 16)
		return u
	}
	for len(s) > 0 {
		if s[0] != '\\' {
			s = s[1:]
			continue
		}
		switch u := unit(s); {
		case u >= 0xD800 && u < 0xDC00:
			if low := unit(s[6:]); low < 0xDC00 || low >= 0xE000 {
				return false
			}
			s = s[12:]
		case u >= 0xDC00 && u < 0xE000:
			return false
		default:
			s = s[2:]
		}
	}
	return true
}
