package awslocal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/sts"
)

// seedFile is a sample file: keys, parameters, secrets, roles and identity providers. Unknown members are refused.
type seedFile struct {
	Region     string
	Keys       []seedKey
	Parameters []seedParameter
	Secrets    []seedSecret
	Roles      []seedRole
	Providers  []seedProvider `json:"identity_providers"`
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
	RAMPolicy   json.RawMessage `json:"ram_policy"` // that Resource Access Manager keeps for a shared key

	line int
}

func (k *seedKey) name() string   { return cmp.Or(k.Alias, k.ID) }
func (k *seedKey) place() string  { return fmt.Sprintf("line %d: key %q", k.line, k.name()) }
func (k *seedKey) disabled() bool { return k.Enabled != nil && !*k.Enabled }

func (k *seedKey) settle(line int) { k.line = line }

func (k *seedKey) text(member string) *string {
	switch member {
	case "id":
		return &k.ID
	case "alias":
		return &k.Alias
	case "description":
		return &k.Description
	case "spec":
		return &k.Spec
	case "usage":
		return &k.Usage
	}
	return nil
}

type seedParameter struct {
	Name     string         `json:"name"`
	Type     string         `json:"type"`
	KeyID    string         `json:"key_id"`
	Tier     string         `json:"tier"`
	DataType string         `json:"data_type"` // "" for text
	Value    string         `json:"value"`
	Values   []string       `json:"values"` // several versions, oldest first
	Labels   map[string]int `json:"labels"` // the version that a label is on

	line int
}

// name is the same for two spellings of one parameter: "foo" and "/foo".
func (p *seedParameter) name() string  { return strings.TrimPrefix(p.Name, "/") }
func (p *seedParameter) place() string { return fmt.Sprintf("line %d: parameter %q", p.line, p.Name) }

func (p *seedParameter) settle(line int) { p.line = line }

func (p *seedParameter) text(member string) *string {
	switch member {
	case "name":
		return &p.Name
	case "type":
		return &p.Type
	case "key_id":
		return &p.KeyID
	case "tier":
		return &p.Tier
	case "data_type":
		return &p.DataType
	case "value":
		return &p.Value
	}
	return nil
}

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

func (r *seedRole) text(string) *string { return nil } // most members are objects

type seedProvider struct {
	sts.Provider
	line int
}

func (p *seedProvider) name() string { return p.ARN() }
func (p *seedProvider) place() string {
	return fmt.Sprintf("line %d: identity_provider %q", p.line, p.URL)
}

func (p *seedProvider) settle(line int) { p.line, p.Account = line, cmp.Or(p.Account, Account) }

func (p *seedProvider) text(string) *string { return nil }

// seedEntry is an entry of a list of a sample file.
type seedEntry interface {
	name() string // what identifies it among its kind
	place() string
	settle(line int)            // sets the line and defaults
	text(member string) *string // the member of that name if it is a string that can be read without the decoder; otherwise nil
}

// parseSeed reads a sample file. Its errors name lines and entries. They never quote the file, because it holds values.
func parseSeed(b []byte) (seedFile, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // some Windows editors begin a file with it
	var in seedFile
	if !utf8.Valid(b) {
		wrong := slices.IndexFunc(bytes.Split(b, []byte("\n")), func(line []byte) bool { return !utf8.Valid(line) })
		return in, fmt.Errorf("line %d: this is not UTF-8", wrong+1)
	}
	r := &seedReader{content: string(b)}
	err := r.file(&in)
	var syntax *json.SyntaxError
	if err != nil && errors.As(json.Unmarshal(b, new(json.RawMessage)), &syntax) { // wherever it is, it comes first
		err = fmt.Errorf("line %d: this is not valid JSON", lineAt(r.content, int(syntax.Offset)-1)) // Offset is behind what is wrong
	}
	in.Region = cmp.Or(in.Region, Region)
	return in, err
}
