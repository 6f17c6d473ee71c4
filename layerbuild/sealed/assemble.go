package sealed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// A ContentError says that a box was opened, but that its content does not
// match the document. It names the box and secrets, and quotes no content.
type ContentError struct {
	Rule   string // "F-24"
	Box    int    // from 1
	Reason string
}

func (e *ContentError) Error() string {
	return fmt.Sprintf("sealed document, box %d: %s (%s)", e.Box, e.Reason, e.Rule)
}

// Assemble turns the plaintexts of all boxes, in order, into the values of all
// secrets, by name. If one box is invalid, it returns a *ContentError and no
// secret (F-32).
func (d *Document) Assemble(plaintexts [][]byte) (map[string][]byte, error) {
	if len(plaintexts) != len(d.Header.Boxes) {
		return nil, fmt.Errorf("sealed document: expected %d plaintexts, one per box, got %d", len(d.Header.Boxes), len(plaintexts))
	}
	secrets := make(map[string][]byte, len(d.Header.Sources))
	for i, box := range d.Header.Boxes {
		if err := d.unpack(box, plaintexts[i], secrets); err != nil {
			err.Box = i + 1
			return nil, err
		}
		if box.Part == box.Parts { // whole secrets, or the last part of a secret
			if err := checkValues(box, secrets); err != nil {
				err.Box = i + 1
				return nil, err
			}
		}
	}
	return secrets, nil
}

// Open returns the value of the only secret in box i, counted from 0, of a
// blind document. The value is a copy of plaintext. If Assemble would refuse
// the plaintext, Open returns a *ContentError. It panics if there is no such
// box.
func (d *Document) Open(i int, plaintext []byte) (value []byte, err error) {
	box, secrets := d.Header.Boxes[i], make(map[string][]byte, 1)
	refused := d.unpack(box, plaintext, secrets)
	if refused == nil {
		refused = checkValues(box, secrets)
	}
	if refused != nil {
		refused.Box = i + 1
		return nil, refused
	}
	return secrets[box.Secrets[0]], nil
}

// checkValues checks the secrets of a box against F-28.
func checkValues(box Box, secrets map[string][]byte) *ContentError {
	for _, name := range box.Secrets {
		if value := secrets[name]; len(value) == 0 || !utf8.Valid(value) {
			return &ContentError{Rule: "F-28", Reason: "the value of " + name + " is empty or not UTF-8"}
		}
	}
	return nil
}

func (d *Document) unpack(box Box, plaintext []byte, into map[string][]byte) *ContentError {
	switch {
	case len(plaintext) == 0 || len(plaintext) > MaxBox:
		return &ContentError{Rule: sizeRule(d.Header.Mode, box), Reason: fmt.Sprintf("the plaintext has %d bytes; expected 1 to %d", len(plaintext), MaxBox)}
	case d.Header.Mode == Blind:
		into[box.Secrets[0]] = bytes.Clone(plaintext)
		return nil
	case box.Parts > 0:
		if box.Part < box.Parts && len(plaintext) != MaxBox {
			return &ContentError{Rule: "F-25", Reason: fmt.Sprintf("part %d/%d of %s has %d bytes; expected %d",
				box.Part, box.Parts, box.Secrets[0], len(plaintext), MaxBox)}
		}
		into[box.Secrets[0]] = append(into[box.Secrets[0]], plaintext...)
		return nil
	}
	return unpackObject(box, plaintext, into)
}

// sizeRule returns the rule that limits the plaintext of a box.
func sizeRule(mode Mode, box Box) string {
	switch {
	case mode == Blind:
		return "F-26"
	case box.Parts > 0:
		return "F-25"
	}
	return "F-23"
}

// unpackObject reads a box of whole secrets (F-24). It never returns an error
// of the JSON decoder, which would quote the content.
func unpackObject(box Box, plaintext []byte, into map[string][]byte) *ContentError {
	members, ok := stringMembers(plaintext)
	if !ok {
		return &ContentError{Rule: "F-24", Reason: "the plaintext is not a JSON object of strings with unique names"}
	}
	if loneSurrogate(plaintext) {
		return &ContentError{Rule: "F-28", Reason: "the plaintext contains half of a surrogate pair"}
	}
	if len(members) != len(box.Secrets) {
		return &ContentError{Rule: "F-24", Reason: "the names in the plaintext differ from those of the box line"}
	}
	for _, name := range box.Secrets {
		value, ok := members[name]
		if !ok {
			return &ContentError{Rule: "F-24", Reason: "the names in the plaintext differ from those of the box line"}
		}
		into[name] = []byte(value)
	}
	return nil
}

// stringMembers reads one JSON object whose members are strings with unique
// names.
func stringMembers(text []byte) (members map[string]string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') || !utf8.Valid(text) {
		return nil, false
	}
	members = make(map[string]string)
	for d.More() {
		name, err1 := d.Token()
		value, err2 := d.Token()
		key, ok1 := name.(string)
		text, ok2 := value.(string)
		if _, twice := members[key]; err1 != nil || err2 != nil || !ok1 || !ok2 || twice {
			return nil, false
		}
		members[key] = text
	}
	if end, err := d.Token(); err != nil || end != json.Delim('}') {
		return nil, false
	}
	_, err := d.Token()
	return members, errors.Is(err, io.EOF)
}
