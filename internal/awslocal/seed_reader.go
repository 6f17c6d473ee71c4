package awslocal

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// seedReader reads a sample file in one pass. It accepts nothing that is not JSON, but its errors do not tell what of it is not.
type seedReader struct {
	content string // UTF-8; what is read has parts of it
	at      int    // the next byte
	counted int    // bytes, with so many line ends
	ends    int
}

func lineAt(content string, offset int) int {
	return strings.Count(content[:max(0, min(offset, len(content)))], "\n") + 1
}

// line is the line of the next token.
func (r *seedReader) line() int {
	r.space()
	r.ends += strings.Count(r.content[r.counted:r.at], "\n")
	r.counted = r.at
	return r.ends + 1
}

func (r *seedReader) space() {
	for r.at < len(r.content) && strings.IndexByte(" \t\r\n", r.content[r.at]) >= 0 {
		r.at++
	}
}

// takes reads a character, and reports whether it is the next token.
func (r *seedReader) takes(c byte) bool {
	r.space()
	if r.at == len(r.content) || r.content[r.at] != c {
		return false
	}
	r.at++
	return true
}

// each reads the items of a list or the members of an object, up to the character that ends it.
func (r *seedReader) each(end byte, read func() error) error {
	if r.takes(end) {
		return nil
	}
	for {
		if err := read(); err != nil {
			return err
		}
		if r.takes(end) {
			return nil
		}
		if !r.takes(',') {
			return errNotPlain()
		}
	}
}

// errNotPlain is the error for what is not JSON, or what only the decoder reads.
func errNotPlain() error { return errors.New("this is not plain JSON") }

func (r *seedReader) file(in *seedFile) error {
	if err := r.open('{', "the file"); err != nil {
		return err
	}
	seen := map[string]bool{}
	err := r.each('}', func() error { return r.member(in, seen) })
	if r.space(); err == nil && r.at < len(r.content) {
		return errNotPlain()
	}
	return err
}

func (r *seedReader) member(in *seedFile, seen map[string]bool) error {
	line := r.line()
	member, ok := r.text()
	if !ok || !r.takes(':') {
		return errNotPlain()
	}
	if seen[member] {
		return fmt.Errorf("line %d: member %q is there twice", line, member)
	}
	seen[member] = true
	var err error
	switch member {
	case "region":
		err = r.value(&in.Region, func() string { return `member "region"` })
	case "keys":
		in.Keys, err = entries[seedKey](r, "key")
	case "parameters":
		in.Parameters, err = entries[seedParameter](r, "parameter")
		for i := range in.Parameters {
			if p := &in.Parameters[i]; err == nil && len(p.Values) > 0 && p.Value != "" {
				err = wrong(p, errors.New("it has both value and values"))
			}
		}
	case "secrets":
		in.Secrets, err = entries[seedSecret](r, "secret")
		for i := range in.Secrets {
			if x := &in.Secrets[i]; err == nil && x.check() != nil {
				err = wrong(x, x.check())
			}
		}
	case "roles":
		in.Roles, err = entries[seedRole](r, "role")
	case "identity_providers":
		in.Providers, err = entries[seedProvider](r, "identity_provider")
	default:
		err = fmt.Errorf("line %d: unknown field %q", line, member)
	}
	return err
}

// open reads the beginning of a list or an object. what is what the error calls it.
func (r *seedReader) open(delimiter byte, what string) error {
	line := r.line()
	if !r.takes(delimiter) {
		return fmt.Errorf("line %d: %s must be %s", line, what, map[byte]string{'{': "an object", '[': "a list"}[delimiter])
	}
	return nil
}

// text reads a string. It reports whether that is the next token.
func (r *seedReader) text() (text string, ok bool) {
	if !r.takes('"') {
		return "", false
	}
	begin, plain := r.at, true
	for ; r.at < len(r.content); r.at++ {
		switch c := r.content[r.at]; {
		case c == '"' && plain:
			r.at++
			return r.content[begin : r.at-1], true
		case c == '"':
			r.at++
			return unescaped(r.content[begin-1 : r.at])
		case c == '\\':
			plain = false
			r.at++
		case c < ' ': // not JSON
			return "", false
		}
	}
	return "", false
}

// unescaped decodes a string. It reports whether it is one.
func unescaped(quoted string) (text string, ok bool) {
	err := json.Unmarshal([]byte(quoted), &text)
	return text, err == nil
}

// plain reads an object that has only strings that the entry gives a place. Anything else needs the decoder.
func (r *seedReader) plain(e seedEntry) error {
	if !r.takes('{') {
		return errNotPlain()
	}
	read := make([]*string, 0, 8)
	return r.each('}', func() error {
		member, named := r.text()
		place := e.text(member)
		if !named || place == nil || slices.Contains(read, place) || !r.takes(':') {
			return errNotPlain()
		}
		read = append(read, place)
		text, ok := r.text()
		if !ok {
			return errNotPlain()
		}
		*place = text
		return nil
	})
}

// wrongType is the error for a value of the wrong type, without the value. what is what has the member.
func wrongType(line int, what string, wrong *json.UnmarshalTypeError) error {
	if member := memberOf(wrong); member != "" {
		what = fmt.Sprintf("member %q of %s", member, what)
	}
	return fmt.Errorf("line %d: %s must be %s", line, what, typeOf(wrong))
}

// memberOf returns the name of the member that has the wrong type, or in which something has.
func memberOf(wrong *json.UnmarshalTypeError) string {
	path := strings.TrimPrefix(strings.TrimPrefix(wrong.Field, "Role."), "Provider.") // of an embedded struct
	member, _, _ := strings.Cut(path, ".")
	return member
}

// typeOf names the type that a value should have. Of a list or an object, it may be that of an element.
func typeOf(wrong *json.UnmarshalTypeError) string {
	member := memberOf(wrong)
	switch {
	case member == "values", member == "binary", member == "audiences":
		return "a list of strings"
	case member == "labels", member == "stages":
		return "an object of numbers"
	}
	switch wrong.Type.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		if wrong.Type.Elem().Kind() == reflect.Uint8 {
			return "a string in base64"
		}
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a number"
}

// value decodes the next value. what returns what an error calls it, after as much as possible was decoded.
func (r *seedReader) value(v any, what func() string) error {
	r.space()
	d := json.NewDecoder(strings.NewReader(r.content[r.at:]))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return wrongType(lineAt(r.content, r.at+int(wrong.Offset)), what(), wrong)
	case err != nil: // "json: unknown field …"
		return fmt.Errorf("line %d: %s", lineAt(r.content, r.at), strings.TrimPrefix(err.Error(), "json: "))
	}
	end := r.at + int(d.InputOffset())
	if err := noneTwice(r.content, r.at, end, what()); err != nil {
		return err
	}
	r.at = end
	return nil
}

// noneTwice refuses JSON in which an object has a member twice: the decoder would take the last of them. It also reads the
// member "Name" of an entry as "name". what is what has the member.
func noneTwice(content string, begin, end int, what string) error {
	d := json.NewDecoder(strings.NewReader(content[begin:end]))
	var open []map[string]bool // of each object and list around the next token; nil for a list
	name := false              // the next token is a member's name, unless it ends the object
	for {
		token, err := d.Token()
		if err != nil {
			return nil // the end: the decoder has read it
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if text, ok := token.(string); ok && name {
				seen := open[len(open)-1]
				key := text
				if len(open) == 1 {
					key = strings.ToLower(text)
				}
				if !seen[key] {
					seen[key] = true
					name = false
					continue
				}
				return fmt.Errorf("line %d: member %q of %s is there twice", lineAt(content, begin+int(d.InputOffset())-1), text, what)
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// entries reads a list; kind is the singular of its name.
func entries[E any, P interface {
	*E
	seedEntry
}](r *seedReader, kind string) ([]E, error) {
	if err := r.open('[', fmt.Sprintf("member %q", kind+"s")); err != nil {
		return nil, err
	}
	list, _, _ := strings.Cut(r.content[r.at:], "]")
	likely := min(strings.Count(list, "{"), 10_000) // exact for a list of plain objects, unless it is long
	all, seen := make([]E, 0, likely), make(map[string]bool, likely)
	err := r.each(']', func() error {
		var none E
		all = append(all, none)
		p, line := P(&all[len(all)-1]), r.line()
		if begin := r.at; r.plain(p) != nil {
			r.at, *p = begin, none
			called := func() string {
				if _, named, _ := strings.Cut(p.place(), ": "); !strings.HasSuffix(named, ` ""`) {
					return named
				}
				return "a " + kind
			}
			if err := r.value(p, called); err != nil {
				return err
			}
		}
		p.settle(line)
		if seen[p.name()] {
			return wrong(p, errors.New("it is declared twice"))
		}
		seen[p.name()] = true
		return nil
	})
	return all, err
}
