package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// SidRevoked is the Sid of the statement that revokes documents.
const SidRevoked = "DenyRevoked"

// A Revocation is what the statement with SidRevoked says: all but these documents are denied to all but these principals.
type Revocation struct {
	Kept   []string // digests of headers, which are bundle:document in the encryption context
	Exempt []string // ARNs of roles
}

// An InForce is a key policy as KMS has it. Anybody may have written it: only the statement with SidRevoked is understood as a
// whole and changed. Everything else stays as it is, in its order, also what is not known here.
type InForce struct {
	members    []rawMember // of the policy
	statements []json.RawMessage
	single     bool // Statement is one statement and not a list
	own        int  // index of the statement with SidRevoked in statements; -1 if there is none
	revocation Revocation
}

type rawMember struct {
	name  json.RawMessage
	value json.RawMessage // nil for Statement
}

// errForm is the error of a policy that cannot be changed safely.
func errForm(format string, args ...any) error { return fmt.Errorf(format, args...) }

// ParseInForce reads a key policy. It refuses what is no policy, and a policy that denies by bundle:document in another form than
// [Setting.Key] writes, because its meaning together with that statement is not known. Its errors quote nothing of the policy.
func ParseInForce(text string) (*InForce, error) {
	p := &InForce{own: -1}
	if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
		return nil, errors.New("it is not JSON")
	}
	if ambiguous(json.NewDecoder(strings.NewReader(text))) {
		return nil, errForm("an object in it has a name twice")
	}
	members, err := membersOf([]byte(text))
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if name := unquoted(m.name); name != "Statement" {
			if strings.EqualFold(name, "Statement") {
				return nil, errForm("its member Statement is written in other letters")
			}
			p.members = append(p.members, m)
			continue
		}
		if p.statements, p.single, err = statementsOf(m.value); err != nil {
			return nil, err
		}
		p.members = append(p.members, rawMember{name: m.name})
	}
	if p.statements == nil {
		return nil, errForm("it has no Statement")
	}
	for i, raw := range p.statements {
		if err := p.look(i, raw); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// look finds the statement with SidRevoked, and refuses other ones by bundle:document.
func (p *InForce) look(i int, raw json.RawMessage) error {
	s, err := readStatement(raw)
	if err != nil {
		return err
	}
	if s.Sid != SidRevoked {
		if s.Effect != allow && s.names(ofDocument) {
			return errForm("statement %d also denies by bundle:document, and has another Sid than %s", i+1, SidRevoked)
		}
		return nil
	}
	if p.own >= 0 {
		return errForm("it has two statements %s", SidRevoked)
	}
	p.own = i
	p.revocation, err = s.revocation()
	return err
}

// Revocation returns what the statement with SidRevoked says, and whether there is one.
func (p *InForce) Revocation() (Revocation, bool) { return p.revocation, p.own >= 0 }

// With returns the policy with this revocation, or without any for nil. It is indented, unless it is large: KMS counts white
// space. If it is larger than KMS accepts (MaxKey), the error says so.
func (p *InForce) With(r *Revocation) (string, error) {
	statements := slices.Clone(p.statements)
	switch {
	case r == nil && p.own >= 0:
		statements = slices.Delete(statements, p.own, p.own+1)
	case r != nil:
		raw, err := json.Marshal(r.Statement())
		if err != nil {
			return "", err
		}
		if p.own >= 0 {
			statements[p.own] = raw
		} else {
			statements = append(statements, raw)
		}
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range p.members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(m.name)
		b.WriteByte(':')
		if m.value != nil {
			b.Write(m.value)
			continue
		}
		if p.single && len(statements) == 1 {
			b.Write(statements[0])
			continue
		}
		b.WriteByte('[')
		b.Write(bytes.Join(rawBytes(statements), []byte(",")))
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return laidOut(b.Bytes())
}

// MaxIndented is the size in bytes up to which key policies are indented. Larger ones have no
// white space, so that statements can be added by hand before KMS's limit, where it counts.
const MaxIndented = MaxKey / 2

func laidOut(text []byte) (string, error) {
	var compact, indented bytes.Buffer
	if err := errors.Join(json.Compact(&compact, text), json.Indent(&indented, text, "", "  ")); err != nil {
		return "", err
	}
	switch {
	case compact.Len() > MaxKey:
		return "", errForm("it would have %d bytes, and a key policy can have %d: keep fewer documents, or give functions keys of their own", compact.Len(), MaxKey)
	case indented.Len() > MaxIndented:
		return compact.String(), nil
	}
	return indented.String(), nil
}

func rawBytes(all []json.RawMessage) [][]byte {
	var raw [][]byte
	for _, one := range all {
		raw = append(raw, one)
	}
	return raw
}

// Equal reports whether two revocations say the same.
func (r Revocation) Equal(other Revocation) bool {
	return slices.Equal(distinct(slices.Clone(List(r.Kept))), distinct(slices.Clone(List(other.Kept)))) &&
		slices.Equal(distinct(slices.Clone(List(r.Exempt))), distinct(slices.Clone(List(other.Exempt))))
}

// Statement returns the statement of the revocation.
func (r Revocation) Statement() Statement {
	others := map[string]List{ofDocument: distinct(slices.Clone(List(r.Kept)))}
	if len(r.Exempt) > 0 {
		others["aws:PrincipalArn"] = distinct(slices.Clone(List(r.Exempt)))
	}
	return Statement{
		Sid: SidRevoked, Effect: deny, Principal: &Principal{List{"*"}}, Action: List{"kms:Decrypt"}, Resource: List{"*"},
		Condition: Condition{"StringNotEquals": others},
	}
}

// BreakGlass returns the roles that the statement BreakGlass of [Setting.Key] allows.
func (p *InForce) BreakGlass() []string {
	for _, raw := range p.statements {
		if s, err := readStatement(raw); err == nil && s.Sid == "BreakGlass" && s.Effect == allow {
			return s.principals()
		}
	}
	return nil
}

// An Opener is what a statement allows of decrypting.
type Opener struct {
	Functions    []string // BUNDLE/FUNCTION, as in the encryption context; none for any
	Environments []string // none for any
	Roles        []string // principals
}

// Openers returns who is allowed to decrypt, but for the roles of BreakGlass. A role that only manages the key is none of them.
func (p *InForce) Openers() []Opener {
	var all []Opener
	for _, raw := range p.statements {
		s, err := readStatement(raw)
		if err != nil || s.Effect != allow || s.Sid == "BreakGlass" || !s.decrypts() {
			continue
		}
		all = append(all, Opener{Functions: s.equals(ofFunction), Environments: s.equals(ofEnvironment), Roles: s.principals()})
	}
	return all
}

// A rawStatement is a statement that anybody may have written.
type rawStatement struct {
	Sid, Effect                     string
	Principal                       json.RawMessage
	Action, NotAction, Resource     texts
	NotPrincipal, NotResource, more bool
	Condition                       map[string]map[string]texts
}

// texts is a string or a list of strings. Numbers and bools, which KMS also takes, are not understood.
type texts struct {
	all []string
	bad bool
}

// UnmarshalJSON never fails: what it does not understand is bad.
func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	var several []*string
	switch {
	case json.Unmarshal(b, &one) == nil && string(b) != "null":
		t.all = []string{one}
	case json.Unmarshal(b, &several) == nil && !slices.Contains(several, nil) && string(b) != "null":
		for _, s := range several {
			t.all = append(t.all, *s)
		}
	default:
		t.bad = true
	}
	return nil
}

func readStatement(raw json.RawMessage) (s rawStatement, err error) {
	members, err := membersOf(raw)
	if err != nil {
		return s, err
	}
	for _, m := range members {
		var into any
		switch unquoted(m.name) {
		case "Sid":
			into = &s.Sid
		case "Effect":
			into = &s.Effect
		case "Principal":
			s.Principal = m.value
			continue
		case "Action":
			into = &s.Action
		case "NotAction":
			into = &s.NotAction
		case "Resource":
			into = &s.Resource
		case "Condition":
			into = &s.Condition
		default:
			s.more = true
			continue
		}
		if json.Unmarshal(m.value, into) != nil {
			s.more = true
		}
	}
	return s, nil
}

// names reports whether a condition of the statement has a key. Names of condition keys are not case-sensitive.
func (s rawStatement) names(key string) bool {
	for _, keys := range s.Condition {
		for name := range keys {
			if strings.EqualFold(name, key) {
				return true
			}
		}
	}
	return false
}

// equals returns the values that a condition key must equal; none if it need not.
func (s rawStatement) equals(key string) []string {
	var all []string
	for operator, keys := range s.Condition {
		for name, values := range keys {
			if operator == "StringEquals" && strings.EqualFold(name, key) {
				all = append(all, values.all...)
			}
		}
	}
	return all
}

// decrypts reports whether the statement is about kms:Decrypt.
func (s rawStatement) decrypts() bool {
	if s.NotAction.all != nil {
		return true // likely; nothing is denied because of it
	}
	decrypt := "kms:decrypt"
	return slices.ContainsFunc(s.Action.all, func(action string) bool {
		begin, _, pattern := strings.Cut(strings.ToLower(action), "*")
		return begin == decrypt || pattern && strings.HasPrefix(decrypt, begin)
	})
}

func (s rawStatement) principals() []string {
	var anyone string
	var of map[string]texts
	switch {
	case json.Unmarshal(s.Principal, &anyone) == nil:
		return []string{anyone}
	case json.Unmarshal(s.Principal, &of) == nil:
		return of["AWS"].all
	}
	return nil
}

// revocation reads the statement with SidRevoked. Every element must be as [Revocation.Statement] writes it.
func (s rawStatement) revocation() (Revocation, error) {
	other := errForm("its statement %s is of another form than bundle writes", SidRevoked)
	only := func(t texts, word string) bool { return !t.bad && len(t.all) == 1 && t.all[0] == word }
	if s.more || s.Effect != deny || !slices.Equal(s.principals(), []string{"*"}) || s.NotAction.all != nil || s.NotAction.bad ||
		!only(s.Action, "kms:Decrypt") || !only(s.Resource, "*") || len(s.Condition) != 1 {
		return Revocation{}, other
	}
	var r Revocation
	for name, values := range s.Condition["StringNotEquals"] {
		switch {
		case values.bad:
			return Revocation{}, other
		case name == ofDocument:
			r.Kept = values.all
		case name == "aws:PrincipalArn":
			r.Exempt = values.all
		default:
			return Revocation{}, other
		}
	}
	if len(r.Kept) == 0 || slices.ContainsFunc(r.Kept, func(digest string) bool { return !isDigest(digest) }) ||
		slices.ContainsFunc(r.Exempt, func(role string) bool {
			return !strings.HasPrefix(role, "arn:") || strings.Trim(role, roleCharacters) != ""
		}) {
		return Revocation{}, other
	}
	return r, nil
}

const roleCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/+=,.@_-*?"

func isDigest(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

// membersOf returns the members of an object in their order.
func membersOf(raw []byte) ([]rawMember, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, errForm("a part of it is not an object")
	}
	var all []rawMember
	for d.More() {
		begin := d.InputOffset()
		if _, err := d.Token(); err != nil {
			return nil, errForm("it is not JSON")
		}
		m := rawMember{name: bytes.TrimLeft(raw[begin:d.InputOffset()], " \t\r\n,")}
		if err := d.Decode(&m.value); err != nil {
			return nil, errForm("it is not JSON")
		}
		all = append(all, m)
	}
	return all, nil
}

// ambiguous reports whether an object in the next value has a name twice: programs read that in different ways.
func ambiguous(d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		return true
	}
	names := map[string]bool{}
	twice := false
	for d.More() && (token == json.Delim('{') || token == json.Delim('[')) {
		if token == json.Delim('{') {
			name, err := d.Token()
			text, ok := name.(string)
			if err != nil || !ok {
				return true
			}
			twice = twice || names[text]
			names[text] = true
		}
		twice = ambiguous(d) || twice
	}
	if token == json.Delim('{') || token == json.Delim('[') {
		_, err = d.Token()
	}
	return twice || err != nil
}

// statementsOf returns the statements of a policy: a list, or a single one.
func statementsOf(raw json.RawMessage) (all []json.RawMessage, single bool, err error) {
	if json.Unmarshal(raw, &all) == nil && all != nil {
		return all, false, nil
	}
	if _, err := membersOf(raw); err != nil {
		return nil, false, errForm("its Statement is neither a statement nor a list of them")
	}
	return []json.RawMessage{raw}, true, nil
}

func unquoted(name json.RawMessage) string {
	var s string
	_ = json.Unmarshal(name, &s) // has been read as a name
	return s
}
