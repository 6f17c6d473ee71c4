package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	// ErrNotJSON reports a value that a field is extracted from, but that is not JSON
	// that every JSON reader understands in the same way.
	ErrNotJSON = errors.New("the value is not usable JSON")

	// ErrFieldAbsent reports a JSON value in which the field does not exist or is
	// null.
	ErrFieldAbsent = errors.New("the value has no such field")
)

// MaxField is the largest length of a field in bytes.
const MaxField = 256

// Field is the path to a part of a JSON value: keys joined by dots, such as
// "live.key". A key of digits is also the index of an array, from 0. "" is the
// whole value.
type Field string

// ParseField parses a field of a manifest. Each key begins with a letter, a digit or
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
				return "", fmt.Errorf("field %q contains %q: a key starts with a letter, a digit or \"_\", followed by letters, digits, \"_\" or \"-\". %s", s, c, noOtherKeys)
			}
		}
	}
	return Field(s), nil
}

// Field returns the part of a JSON value that f names: the text of a string, or
// anything else (numbers, true, false, objects, arrays) exactly as it is written. The
// error wraps ErrNotJSON if the value is not JSON or the part is ambiguous, and
// ErrFieldAbsent if the part does not exist or is null. Errors contain keys of f and
// nothing of the value.
func (v Value) Field(f Field) (Value, error) {
	if f == "" {
		return v, nil
	}
	at := bytes.TrimPrefix(v.peek(), []byte("\ufeff")) // some Windows editors begin a file with it
	// A JSON parser's error quotes its input, so it is not returned.
	if !utf8.Valid(at) || !json.Valid(at) {
		return Value{}, ErrNotJSON
	}
	keys := strings.Split(string(f), ".")
	var passed [][]byte // the value that each key is looked for in
	for i, key := range keys {
		passed = append(passed, at)
		next, err := step(at, key)
		if err != nil {
			return Value{}, err
		}
		if next == nil || string(next) == "null" {
			return Value{}, absent(keys[:i+1], len(keys) > 1 && slices.ContainsFunc(passed, hasOtherKeys))
		}
		at = next
	}
	if at[0] != '"' {
		return New(at), nil
	}
	if !WholeCharacters(at) {
		return Value{}, fmt.Errorf("%w: the string at %q has an escape for half of a surrogate pair", ErrNotJSON, f)
	}
	var text string
	if json.Unmarshal(at, &text) != nil {
		return Value{}, ErrNotJSON
	}
	return New([]byte(text)), nil
}

// noOtherKeys says what a field cannot name, why, and what to do.
const noOtherKeys = "A JSON key with dots, slashes or other characters in it cannot be named yet: a document of the format bundle/1 has fields only in this form, and bundle/2 will have others. " +
	"Until then, put this part of the value in a parameter of its own"

// absent returns the error for a field with nothing at these keys. Several keys may have been meant as one.
func absent(keys []string, asOne bool) error {
	err := fmt.Errorf("%w: there is nothing at %q", ErrFieldAbsent, strings.Join(keys, "."))
	if asOne {
		err = fmt.Errorf("%w. The dots in a field separate keys. %s", err, noOtherKeys)
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
		if _, err := ParseField(key); err != nil || strings.Contains(key, ".") {
			return true
		}
	}
	return false
}

// step returns the value at key of a valid JSON object or array, or nil if there is
// none.
func step(text []byte, key string) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	open, err := dec.Token()
	if err != nil {
		return nil, ErrNotJSON
	}
	var found json.RawMessage
	for n := 0; open == json.Delim('{') || open == json.Delim('['); n++ {
		if !dec.More() {
			break
		}
		name := any(strconv.Itoa(n))
		if open == json.Delim('{') {
			if name, err = dec.Token(); err != nil {
				return nil, ErrNotJSON
			}
		}
		var element json.RawMessage
		if err := dec.Decode(&element); err != nil {
			return nil, ErrNotJSON
		}
		if name != key {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: the key %q occurs twice", ErrNotJSON, key)
		}
		found = element
	}
	return found, nil
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
