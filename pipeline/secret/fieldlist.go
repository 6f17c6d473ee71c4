package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxFieldList is the largest length in bytes of a field with keys that need the list
// form, as in a document (docs/format.md, F-38).
const MaxFieldList = 1024

// ParseFieldKeys parses a field of a manifest that is a list of keys, which can have any
// characters. If every key could be in a field with dots, it returns the same Field as
// ParseField does for that, so that both forms seal the same document.
func ParseFieldKeys(keys []string) (Field, error) {
	if len(keys) == 0 {
		return "", errors.New("the field is an empty list: write at least one key, or remove the attribute to use the whole value")
	}
	for _, key := range keys {
		switch {
		case key == "":
			return "", errors.New("the field has an empty key: write keys of at least one character")
		case !utf8.ValidString(key) || strings.ContainsRune(key, utf8.RuneError):
			return "", fmt.Errorf("the field has the key %q, which is not text in UTF-8", clip(key))
		}
	}
	f := fieldOf(keys)
	if !f.IsList() {
		return ParseField(string(f))
	}
	if len(f) > MaxFieldList {
		return "", fmt.Errorf("the field takes %d bytes in a sealed document: the limit is %d. Every byte other than A-Z a-z 0-9 - . _ ~ takes three", len(f), MaxFieldList)
	}
	return f, nil
}

// fieldOf returns the field of valid keys.
func fieldOf(keys []string) Field {
	if !slices.ContainsFunc(keys, needsList) {
		return Field(strings.Join(keys, "."))
	}
	var list strings.Builder
	for _, key := range keys {
		list.WriteString("/" + escapedKey(key))
	}
	return Field(list.String())
}

// escapedKey returns a key as in the list form of a document (docs/format.md, F-38).
func escapedKey(key string) string {
	b := make([]byte, 0, len(key))
	for _, c := range []byte(key) {
		if isNameChar(rune(c)) || c == '~' {
			b = append(b, c)
		} else {
			b = fmt.Appendf(b, "%%%02X", c)
		}
	}
	return string(b)
}

// needsList reports whether a key cannot be in a field with dots.
func needsList(key string) bool {
	return key == "" || key[0] == '-' || strings.ContainsFunc(key, func(c rune) bool { return !isNameChar(c) || c == '.' })
}

// IsList reports whether the field is in the list form, because one of its keys needs it.
func (f Field) IsList() bool { return strings.HasPrefix(string(f), "/") }

// Keys returns the keys of the field, or none for the whole value.
func (f Field) Keys() []string {
	if f == "" {
		return nil
	}
	if !f.IsList() {
		return strings.Split(string(f), ".")
	}
	keys := strings.Split(string(f[1:]), "/")
	for i, key := range keys {
		if text, err := url.PathUnescape(key); err == nil { // always, as a Field is valid
			keys[i] = text
		}
	}
	return keys
}

// String returns the field as in a manifest, without quotes around keys with dots:
// live.key, or ["spring.datasource.password"].
func (f Field) String() string {
	if !f.IsList() {
		return string(f)
	}
	var quoted []string
	for _, key := range f.Keys() {
		quoted = append(quoted, strings.NewReplacer("${", "$${", "%{", "%%{").Replace(string(jsonString(key))))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// Format writes the field as in a manifest. %q puts keys joined by dots in quotes; a list
// has them already.
func (f Field) Format(s fmt.State, verb rune) {
	text := f.String()
	if verb == 'q' && !f.IsList() {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(s, text)
}

// jsonString returns a string in UTF-8 as JSON, with few escapes.
func jsonString(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can always be written
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
