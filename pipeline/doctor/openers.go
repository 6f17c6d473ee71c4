package doctor

import (
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// The actions that give someone what is in a document. ReEncryptFrom moves it to another
// key, under which its holder decrypts it:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
const (
	decrypting = "kms:decrypt"
	moving     = "kms:reencryptfrom"
)

// who has the principals that can do one action.
type who struct {
	names  []string // ARNs, or descriptions of several principals
	open   bool     // a name means more than one principal
	closed bool     // a Deny keeps out everyone but those that it names
}

type policy struct{ Statement list[statement] }

type statement struct {
	Sid          string
	Effect       string
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Action       list[string]
	NotAction    list[string]
	Resource     list[string]
	NotResource  list[string]
	Condition    map[string]map[string]list[any] // values can be texts, numbers and booleans
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

// effective parses the policies of a key, and returns the statements that KMS takes notice
// of.
func effective(documents ...string) ([]statement, error) {
	var all []statement
	for _, document := range documents {
		var p policy
		if err := json.Unmarshal([]byte(document), &p); err != nil {
			return nil, errors.New("it is not a policy document")
		}
		for _, s := range p.Statement {
			if s.effective() {
				all = append(all, s)
			}
		}
	}
	return all, nil
}

// openers returns who can decrypt with a key, and who can move a document from it to
// another key, by the policies and the grants of the key.
func openers(keyARN string, documents []string, grants []grantee) (opening, movers who, err error) {
	statements, err := effective(documents...)
	if err != nil {
		return who{}, who{}, err
	}
	return able(keyARN, statements, grants, decrypting), able(keyARN, statements, grants, moving), nil
}

// able returns whom statements and grants let do an action with a key. It ignores
// conditions of an Allow, and a Deny that it does not understand, so that it may list too
// many principals, and never too few.
func able(keyARN string, statements []statement, grants []grantee, action string) who {
	var names, granted []string
	for _, s := range statements {
		if s.Effect == "Allow" && s.isAbout(action) {
			names = append(names, s.principals()...)
		}
	}
	for _, g := range grants {
		if g.gives(action) {
			granted = append(granted, g.principal)
		}
	}
	w := who{}
	for _, s := range statements {
		if except, ok := s.deniesAllBut(keyARN, action); ok {
			names, granted = restrict(names, except), restrict(granted, except)
			w.closed = w.closed || !slices.ContainsFunc(except, isPattern)
		}
	}
	w.add(names, "")
	w.add(granted, byGrant)
	return w
}

// add adds principals, in order and once.
func (w *who) add(names []string, how string) {
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		a, _ := arn.Parse(name)
		switch {
		case name == "*":
			name, w.open = "everyone", true
		case a.Resource == "root" && a.HasAccount():
			name, w.open = "anyone whom the IAM policies of account "+a.Account+" allow", true
		case !principalForm.MatchString(name):
			name, w.open = "a principal of an unknown form", true
		case isPattern(name):
			name, w.open = "every principal that matches "+name, true
		}
		if !slices.Contains(w.names, name+how) {
			w.names = append(w.names, name+how)
		}
	}
}

// besides returns the names that are not among those of another, by whatever way.
func (w who) besides(other who) []string {
	return slices.DeleteFunc(slices.Clone(w.names), func(name string) bool {
		base := strings.TrimSuffix(name, byGrant)
		return slices.Contains(other.names, base) || slices.Contains(other.names, base+byGrant)
	})
}

// isPattern reports whether a value of a condition can match several principals.
func isPattern(value string) bool { return strings.ContainsAny(value, "*?") }

// principalForm matches the characters of ARNs, unique IDs and names of services, and
// of patterns for them. Anything else is not printed:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
var principalForm = lazyregexp.New(`^[\w+=,.@:/*?-]{1,600}$`)

// isAbout reports whether a statement has an action, which is in lower case.
func (s statement) isAbout(action string) bool {
	covers := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(strings.ToLower(p), action) })
	}
	if s.NotAction != nil {
		return !covers(s.NotAction)
	}
	return covers(s.Action)
}

// principals returns the principals of a statement. An AWS service is one for the
// calls that it makes itself. NotPrincipal is nearly everyone.
func (s statement) principals() []string {
	if s.NotPrincipal != nil {
		return []string{"*"}
	}
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
	for kind, more := range kinds {
		if kind != "AWS" {
			names = append(names, more...)
		}
	}
	return names
}

// covers reports whether a statement surely applies to a key, and to everyone but for its
// conditions. In a key policy, the resource "*" is the key itself.
func (s statement) covers(keyARN string) bool {
	return s.NotPrincipal == nil && slices.Contains(s.principals(), "*") && slices.ContainsFunc(s.Resource, func(pattern string) bool { return matches(pattern, keyARN) })
}

// deniesAllBut returns the exceptions of a Deny of everyone, if its only condition
// makes them.
func (s statement) deniesAllBut(keyARN, action string) (except []string, ok bool) {
	if s.Effect != "Deny" || !s.isAbout(action) || !s.covers(keyARN) {
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
				return texts(values)
			}
		}
	}
	return nil, false
}

// texts returns the values of a condition if all are texts without policy variables.
func texts(values []any) (all []string, ok bool) {
	for _, v := range values {
		text, is := v.(string)
		if !is || strings.Contains(text, "${") {
			return nil, false
		}
		all = append(all, text)
	}
	return all, true
}

// restrict returns the names that are among the exceptions. A name that means several
// principals is replaced by the exceptions that it may cover.
func restrict(names, except []string) []string {
	var kept []string
	for _, name := range names {
		account, _ := arn.Parse(name)
		for _, e := range except {
			switch {
			case name == "*", account.Resource == "root" && mayBeOf(e, account.Account):
				kept = append(kept, e)
			case matches(e, name), isSession(name, e):
				kept = append(kept, name)
			}
		}
	}
	return kept
}

// mayBeOf reports whether a pattern for ARNs can match one of an account.
func mayBeOf(pattern, account string) bool {
	a, ok := arn.Parse(pattern)
	if !ok {
		return isPattern(pattern)
	}
	return matches(a.Account, account)
}

// isSession reports whether a principal can be a session of a role, whose ARN a
// condition on aws:PrincipalArn sees. The ARN of a session does not have the role's
// path.
func isSession(session, role string) bool {
	s, _ := arn.Parse(session)
	r, _ := arn.Parse(role)
	name, is := strings.CutPrefix(s.Resource, "assumed-role/")
	name, _, _ = strings.Cut(name, "/")
	path := r.Resource[strings.LastIndexByte(r.Resource, '/')+1:]
	return is && mayBeOf(role, s.Account) && (isPattern(role) || path == name)
}

// matches compares text with a pattern, in which * matches any characters and ? any
// single one.
func matches(pattern, text string) bool {
	hide := strings.NewReplacer("/", "\x00", "[", "\x01", `\`, "\x02") // these are special in path.Match
	ok, err := path.Match(hide.Replace(pattern), hide.Replace(text))
	return ok && err == nil
}
