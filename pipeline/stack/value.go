package stack

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// A value is JSON with its members in order: a string, a number or a bool, a list
// ([]any of values), an object, or a reference.
type value = any

// An object is a JSON object in the order in which it is written.
type object []member

type member struct {
	name  string
	value value
}

// all are the members that are strings.
func (o object) all() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, m := range o {
			if text, ok := m.value.(string); ok && !yield(m.name, text) {
				return
			}
		}
	}
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := plainJSON(m.name)
		if err != nil {
			return nil, err
		}
		content, err := plainJSON(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(content)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plainJSON is JSON with <, > and & as they are.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// valueOf returns a document as a value, with references in the place of the ARNs of
// what the resources create.
func (st *Stack) valueOf(document any) (value, error) {
	b, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	return st.next(d)
}

// byReference puts references first, by their names: the output must not change when a
// key exists and has another ARN. The order in a list means nothing to IAM.
func byReference(a, b any) int {
	name := func(v any) string {
		if r, ok := v.(reference); ok {
			return r.id
		}
		return "~" // after letters and digits
	}
	return strings.Compare(name(a), name(b))
}

func (st *Stack) next(d *json.Decoder) (value, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			content, err := st.next(d)
			if err != nil {
				return nil, err
			}
			text, _ := name.(string)
			o = append(o, member{text, content})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		l := []any{}
		for d.More() {
			content, err := st.next(d)
			if err != nil {
				return nil, err
			}
			l = append(l, content)
		}
		slices.SortStableFunc(l, byReference)
		_, err = d.Token()
		return l, err
	}
	if text, ok := token.(string); ok {
		if r, known := st.arns[text]; known {
			return r, nil
		}
	}
	return token, nil
}
