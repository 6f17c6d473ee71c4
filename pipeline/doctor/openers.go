package doctor

import (
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
)

// who has the principals that can decrypt.
type who struct {
	names  []string // ARNs, or descriptions of several principals
	open   bool     // a name means more than one principal
	closed bool     // a Deny keeps out everyone but those that it names
}

type policy struct{ Statement list[statement] }

type statement struct {
	Sid         string
	Effect      string
	Principal   json.RawMessage
	Action      list[string]
	NotAction   list[string]
	Resource    json.RawMessage
	NotResource json.RawMessage
	Condition   map[string]map[string]list[string]
}

func (s statement) hasAction() bool { return s.Action != nil || s.NotAction != nil }

// effective reports whether KMS takes notice of a statement.
func (s statement) effective() bool {
	return s.hasAction() && (s.Resource != nil || s.NotResource != nil)
}

// A list is a JSON value, or a list of such values.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(b []byte) error {
	var many []T
	if err := json.Unmarshal(b, &many); err == nil {
		*l = many
		return nil
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = list[T]{one}
	return err
}

// byGrant is what a name that a grant has ends in.
const byGrant = " (by a grant)"

// openers parses the policies of a key, and adds the grants. It ignores a Deny that
// it does not understand, so that it may list too many principals, and never too few.
func openers(documents []string, grants []grantee) (who, error) {
	var statements []statement
	for _, document := range documents {
		var p policy
		if err := json.Unmarshal([]byte(document), &p); err != nil {
			return who{}, errors.New("it is not a policy document")
		}
		for _, s := range p.Statement {
			if s.effective() {
				statements = append(statements, s)
			}
		}
	}
	var names, granted []string
	for _, s := range statements {
		if s.Effect == "Allow" && s.decrypts() {
			names = append(names, s.principals()...)
		}
	}
	for _, g := range grants {
		granted = append(granted, g.principal)
	}
	w := who{}
	for _, s := range statements {
		if except, ok := s.deniesAllBut(); ok {
			names, granted, w.closed = restrict(names, except), restrict(granted, except), true
		}
	}
	w.add(names, "")
	w.add(granted, byGrant)
	return w, nil
}

// add adds principals, in order and once.
func (w *who) add(names []string, how string) {
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		a, _ := arn.Parse(name)
		switch {
		case name == "*":
			name, w.open = "everyone", true
		case a.Resource == "root":
			name, w.open = "anyone whom the IAM policies of account "+a.Account+" allow", true
		case strings.ContainsAny(name, "*?"):
			name, w.open = "every principal that matches "+name, true
		}
		w.names = append(w.names, awsfault.Printable(name)+how)
	}
}

func (s statement) decrypts() bool {
	const action = "kms:decrypt"
	covers := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(strings.ToLower(p), action) })
	}
	if len(s.NotAction) > 0 {
		return !covers(s.NotAction)
	}
	return covers(s.Action)
}

// principals returns the principals of a statement. An AWS service is one for the
// calls that it makes itself.
func (s statement) principals() []string {
	var all string
	if json.Unmarshal(s.Principal, &all) == nil {
		return []string{all}
	}
	var kinds map[string]list[string]
	if json.Unmarshal(s.Principal, &kinds) != nil {
		return nil
	}
	names := slices.Clone(kinds["AWS"])
	for i, name := range names {
		if root := (arn.ARN{Partition: "aws", Service: "iam", Account: name, Resource: "root"}); root.HasAccount() {
			names[i] = root.String()
		}
	}
	for _, kind := range []string{"Service", "Federated", "CanonicalUser"} {
		names = append(names, kinds[kind]...)
	}
	return names
}

// deniesAllBut returns the exceptions of a Deny of everyone, if its only condition
// makes them.
func (s statement) deniesAllBut() (except []string, ok bool) {
	if s.Effect != "Deny" || !s.decrypts() || !slices.Contains(s.principals(), "*") {
		return nil, false
	}
	if len(s.Condition) == 0 {
		return nil, true
	}
	if len(s.Condition) > 1 {
		return nil, false
	}
	for operator, keys := range s.Condition {
		switch operator {
		case "StringNotEquals", "StringNotLike", "ArnNotEquals", "ArnNotLike":
		default:
			return nil, false
		}
		for key, values := range keys {
			if len(keys) == 1 && strings.EqualFold(key, "aws:PrincipalArn") {
				return values, true
			}
		}
	}
	return nil, false
}

// restrict returns the names that are among the exceptions. A name that means several
// principals is replaced by the exceptions that it covers.
func restrict(names, except []string) []string {
	var kept []string
	for _, name := range names {
		account, _ := arn.Parse(name)
		for _, e := range except {
			of, _ := arn.Parse(e)
			of.Resource = "root"
			switch {
			case name == "*", of == account:
				kept = append(kept, e)
			case matches(e, name), isSession(name, e):
				kept = append(kept, name)
			}
		}
	}
	return kept
}

// isSession reports whether a principal is a session of a role, whose ARN a condition
// on aws:PrincipalArn sees. The ARN of a session does not have the role's path.
func isSession(session, role string) bool {
	s, _ := arn.Parse(session)
	r, _ := arn.Parse(role)
	name, is := strings.CutPrefix(s.Resource, "assumed-role/")
	name, _, _ = strings.Cut(name, "/")
	path := r.Resource[strings.LastIndexByte(r.Resource, '/')+1:]
	return is && s.Account == r.Account && matches(path, name)
}

// matches compares text with a pattern, in which * matches any characters and ? any
// single one.
func matches(pattern, text string) bool {
	hide := strings.NewReplacer("/", "\x00", "[", "\x01", `\`, "\x02") // these are special in path.Match
	ok, err := path.Match(hide.Replace(pattern), hide.Replace(text))
	return ok && err == nil
}
