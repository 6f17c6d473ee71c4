package dotenv

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/pipeline/secret"
)

// errNotObject reports a file that begins like a JSON object and is none.
var errNotObject = errors.New("it is not a JSON object")

// IsJSON reports whether a file begins like a JSON object.
func IsJSON(src []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(src, []byte("\ufeff"))), []byte("{"))
}

// ParseJSON reads a JSON object of strings, numbers and booleans. Members with other
// values are left out. Of a number or a boolean, the value is its text. Its errors are
// an EncryptedError, or say what is wrong with the file.
func ParseJSON(src []byte) (*File, error) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if !utf8.Valid(src) {
		return nil, errors.New("it is not UTF-8. Save the file as UTF-8")
	}
	if err := json.Unmarshal(src, new(json.RawMessage)); err != nil {
		return nil, notJSON(src, err)
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return nil, errNotObject
	}
	m := &members{known: map[string]int{}}
	for dec.More() {
		m.count(src, dec.InputOffset())
		if err := m.member(dec); err != nil {
			return nil, err
		}
	}
	if len(m.file.Variables) == 0 && len(m.file.Notes) == 0 {
		return nil, errors.New("it is an empty JSON object")
	}
	return &m.file, nil
}

// notJSON returns an error with the line at which a file is not JSON.
func notJSON(src []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return errNotObject
	}
	line := 1 + bytes.Count(src[:min(max(syntax.Offset-1, 0), int64(len(src)))], []byte("\n"))
	return fmt.Errorf("it is not valid JSON: see line %d. Look for a comma, a quote or a brace that is missing or too many", line)
}

// members are those of a JSON object so far.
type members struct {
	file    File
	known   map[string]int
	counted int64 // the bytes whose lines are counted
	lines   int
}

// count counts the lines up to the next member.
func (m *members) count(src []byte, to int64) {
	for to < int64(len(src)) && bytes.IndexByte([]byte(" \t\r\n,"), src[to]) >= 0 {
		to++
	}
	m.lines += bytes.Count(src[m.counted:to], []byte("\n"))
	m.counted = to
}

func (m *members) member(dec *json.Decoder) error {
	key, err := dec.Token()
	name, ok := key.(string)
	if err != nil || !ok {
		return errNotObject
	}
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return fmt.Errorf("line %d has a number that cannot be read", m.lines+1) // json.Valid permits 1e999
	}
	v := Variable{Name: name, Line: m.lines + 1}
	text := string(raw)
	switch raw[0] {
	case '{', '[':
		if name == sops {
			return &EncryptedError{Program: sops, format: "json"}
		}
		m.leaveOut(v, "its value is an object or a list. Write a string, a number or a boolean")
		return nil
	case 'n':
		text = ""
	case '"':
		if err := json.Unmarshal(raw, &text); err != nil {
			return errNotObject
		}
	}
	if strings.TrimSpace(name) == "" {
		m.leaveOut(v, "has a value without a name")
		return nil
	}
	if program := encrypterOf(name, text); program != "" {
		return &EncryptedError{Program: program, format: "json"}
	}
	if raw[0] == '"' && !secret.WholeCharacters(raw) {
		m.file.Notes = append(m.file.Notes, Note{v.Line, v.Name, Unread, `its value has a \u escape for half of a surrogate pair, and is not read. Write the whole character`})
		return nil
	}
	v.Value = secret.New([]byte(text))
	m.file.put(v, m.known)
	return nil
}

func (m *members) leaveOut(v Variable, text string) {
	m.file.Notes = append(m.file.Notes, Note{v.Line, v.Name, LeftOut, text})
}
