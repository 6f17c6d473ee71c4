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
	keys := strings.Split(string(f), ".")
	var passed [][]byte // the value that each key is looked for in
	for i, key := range keys {
		passed = append(passed, at.of(text))
		next, found, err := at.find(text, key)
		if err != nil {
			return Value{}, err
		}
		if !found || string(next.of(text)) == "null" {
			return Value{}, absent(keys[:i+1], len(keys) > 1 && slices.ContainsFunc(passed, hasOtherKeys))
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
