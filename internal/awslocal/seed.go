package awslocal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/sts"
)

// seedFile is a sample file: keys, parameters, roles and identity providers. Unknown members are refused.
type seedFile struct {
	Region     string
	Keys       []seedKey
	Parameters []seedParameter
	Roles      []seedRole
	Providers  []seedProvider
}

type seedKey struct {
	ID          string          `json:"id"`       // fixed, for test vectors; "" for a random one
	Material    []byte          `json:"material"` // required with a fixed ID
	Alias       string          `json:"alias"`    // optional if the ID is fixed
	Description string          `json:"description"`
	Spec        string          `json:"spec"`
	Usage       string          `json:"usage"`
	MultiRegion bool            `json:"multi_region"`
	Enabled     *bool           `json:"enabled"`
	Policy      json.RawMessage `json:"policy"`

	line int
}

func (k *seedKey) name() string   { return cmp.Or(k.Alias, k.ID) }
func (k *seedKey) place() string  { return fmt.Sprintf("line %d: key %q", k.line, k.name()) }
func (k *seedKey) disabled() bool { return k.Enabled != nil && !*k.Enabled }

func (k *seedKey) settle(line int) { k.line = line }

type seedParameter struct {
	Name   string         `json:"name"`
	Type   string         `json:"type"`
	KeyID  string         `json:"key_id"`
	Tier   string         `json:"tier"`
	Value  string         `json:"value"`
	Values []string       `json:"values"` // several versions, oldest first
	Labels map[string]int `json:"labels"` // the version that a label is on

	line int
}

// name is the same for two spellings of one parameter: "foo" and "/foo".
func (p *seedParameter) name() string  { return strings.TrimPrefix(p.Name, "/") }
func (p *seedParameter) place() string { return fmt.Sprintf("line %d: parameter %q", p.line, p.Name) }

func (p *seedParameter) settle(line int) { p.line = line }

// versions are the values of the parameter, oldest first; at least one.
func (p *seedParameter) versions() []string {
	if len(p.Values) > 0 {
		return p.Values
	}
	return []string{p.Value}
}

type seedRole struct {
	sts.Role
	line int
}

func (r *seedRole) name() string  { return r.ARN() }
func (r *seedRole) place() string { return fmt.Sprintf("line %d: role %q", r.line, r.Name) }

func (r *seedRole) settle(line int) { r.line, r.Account = line, cmp.Or(r.Account, Account) }

type seedProvider struct {
	sts.Provider
	line int
}

func (p *seedProvider) name() string { return p.ARN() }
func (p *seedProvider) place() string {
	return fmt.Sprintf("line %d: identity_provider %q", p.line, p.URL)
}

func (p *seedProvider) settle(line int) { p.line, p.Account = line, cmp.Or(p.Account, Account) }

// seedEntry is an entry of a list of a sample file.
type seedEntry interface {
	name() string // what identifies it among its kind
	place() string
	settle(line int) // sets the line and defaults
}

// parseSeed reads a sample file. Its errors name lines and entries. They never quote the file, because it holds values.
func parseSeed(b []byte) (seedFile, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // some Windows editors begin a file with it
	var in seedFile
	var syntax *json.SyntaxError
	if !utf8.Valid(b) {
		wrong := slices.IndexFunc(bytes.Split(b, []byte("\n")), func(line []byte) bool { return !utf8.Valid(line) })
		return in, fmt.Errorf("line %d: this is not UTF-8", wrong+1)
	}
	if !json.Valid(b) && errors.As(json.Unmarshal(b, new(json.RawMessage)), &syntax) {
		return in, fmt.Errorf("line %d: this is not valid JSON", lineAt(b, int(syntax.Offset)-1)) // Offset is behind what is wrong
	}
	r := &seedReader{content: b, d: json.NewDecoder(bytes.NewReader(b))}
	r.d.DisallowUnknownFields()
	err := r.file(&in)
	in.Region = cmp.Or(in.Region, Region)
	return in, err
}

// seedReader reads valid JSON.
type seedReader struct {
	content []byte
	d       *json.Decoder
	counted int // bytes, with so many line ends
	ends    int
}

// next is where the next token begins.
func (r *seedReader) next() (offset int) {
	read := int(r.d.InputOffset())
	return len(r.content) - len(bytes.TrimLeft(r.content[read:], " \t\r\n,:"))
}

func lineAt(b []byte, offset int) int {
	return bytes.Count(b[:max(0, min(offset, len(b)))], []byte("\n")) + 1
}

// line is the line of the next token.
func (r *seedReader) line() int {
	next := r.next()
	r.ends += bytes.Count(r.content[r.counted:next], []byte("\n"))
	r.counted = next
	return r.ends + 1
}

func (r *seedReader) file(in *seedFile) error {
	if err := r.open('{', "the file"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.d.More() {
		line := r.line()
		token, err := r.d.Token()
		if err != nil {
			return err
		}
		member := fmt.Sprint(token)
		if seen[member] {
			return fmt.Errorf("line %d: member %q is there twice", line, member)
		}
		seen[member] = true
		switch member {
		case "region":
			err = r.value(&in.Region, func() string { return `member "region"` })
		case "keys":
			in.Keys, err = entries[seedKey](r, "key")
		case "parameters":
			in.Parameters, err = entries[seedParameter](r, "parameter")
			for _, p := range in.Parameters {
				if err == nil && len(p.Values) > 0 && p.Value != "" {
					err = wrong(&p, errors.New("it has both value and values"))
				}
			}
		case "roles":
			in.Roles, err = entries[seedRole](r, "role")
		case "identity_providers":
			in.Providers, err = entries[seedProvider](r, "identity_provider")
		default:
			err = fmt.Errorf("line %d: unknown field %q", line, member)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open reads the beginning of a list or an object. what is what the error calls it.
func (r *seedReader) open(delimiter json.Delim, what string) error {
	line := r.line()
	if token, err := r.d.Token(); err != nil || token != delimiter {
		return fmt.Errorf("line %d: %s must be %s", line, what, map[json.Delim]string{'{': "an object", '[': "a list"}[delimiter])
	}
	return nil
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
	case member == "values", member == "audiences":
		return "a list of strings"
	case member == "labels":
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
	start := r.next()
	err := r.d.Decode(v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return wrongType(lineAt(r.content, start+int(wrong.Offset)), what(), wrong)
	case err != nil: // "json: unknown field …"
		return fmt.Errorf("line %d: %s", lineAt(r.content, start), strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// entries reads a list; kind is the singular of its name.
func entries[E any, P interface {
	*E
	seedEntry
}](r *seedReader, kind string) ([]E, error) {
	if err := r.open('[', fmt.Sprintf("member %q", kind+"s")); err != nil {
		return nil, err
	}
	var all []E
	seen := map[string]bool{}
	for r.d.More() {
		p := P(new(E))
		line := r.line()
		called := func() string {
			if _, named, _ := strings.Cut(p.place(), ": "); !strings.HasSuffix(named, ` ""`) {
				return named
			}
			return "a " + kind
		}
		if err := r.value(p, called); err != nil {
			return nil, err
		}
		p.settle(line)
		if seen[p.name()] {
			return nil, wrong(p, errors.New("it is declared twice"))
		}
		seen[p.name()] = true
		all = append(all, *p)
	}
	_, err := r.d.Token()
	return all, err
}
