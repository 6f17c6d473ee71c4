// Package iam parses and evaluates AWS policy documents. It has no state, no clock and no I/O.
//
// It knows the part of the policy language that this repository writes or relies on, and it fails closed: an
// unknown element, operator or form is refused when the document is parsed, and never ignored during
// evaluation. It implements
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// MaxPolicy is the maximum size of a policy document in bytes: the quota of a KMS key policy, which is the largest
// kind that this package reads (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html).
const MaxPolicy = 32 << 10

// ErrMalformed is wrapped by every error of a parser.
var ErrMalformed = errors.New("malformed policy document")

// Policy is a policy document that a parser accepted. The zero Policy grants and denies nothing.
type Policy struct {
	document   json.RawMessage
	statements []statement
}

// statement is one entry of a policy, already checked.
type statement struct {
	deny         bool
	everyone     bool     // Principal "*" or {"AWS": "*"}
	principals   []string // ARNs of users, roles, sessions and account roots; account ids as root ARNs
	federated    []string // ARNs of identity providers
	actions      []string // lower case
	notActions   bool
	resources    []string
	notResources bool
	variables    bool // the resources have variables
	conditions   []condition
	begin, end   int // in the document
}

// kind is what a policy is for.
type kind int

const (
	ofIdentity kind = iota
	ofResource
	ofKey
	ofTrust
)

// ParseIdentity parses an identity policy, or a session policy: it must not name a Principal.
func ParseIdentity(document []byte) (Policy, error) { return parse(document, ofIdentity) }

// ParseResource parses a resource policy, such as a key policy: every statement must name a Principal.
func ParseResource(document []byte) (Policy, error) { return parse(document, ofResource) }

// ParseKey parses the policy of a KMS key: a resource policy, in which a statement without Action or without Resource is accepted and
// has no effect (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).
func ParseKey(document []byte) (Policy, error) { return parse(document, ofKey) }

// With returns a policy with the statements of both, and the document of p: a Deny of either outranks every Allow.
func (p Policy) With(other Policy) Policy {
	return Policy{document: p.document, statements: slices.Concat(p.statements, other.statements)}
}

// Shares reports whether an Allow names an account, one of its principals, or everyone.
func (p Policy) Shares(account string) bool {
	return slices.ContainsFunc(p.statements, func(s statement) bool {
		return !s.deny && (s.everyone || slices.ContainsFunc(s.principals, func(arn string) bool { return accountOf(arn) == account }))
	})
}

// Public reports whether an Allow names everyone, without a condition.
func (p Policy) Public() bool {
	return slices.ContainsFunc(p.statements, func(s statement) bool { return !s.deny && s.everyone && len(s.conditions) == 0 })
}

// ParseTrust parses a role's trust policy: every statement must name a Principal, and none a Resource, which is the role.
func ParseTrust(document []byte) (Policy, error) { return parse(document, ofTrust) }

// Document returns the document as it was parsed, and nil for the zero Policy.
func (p Policy) Document() []byte { return bytes.Clone(p.document) }

// Conditional reports whether the policy has conditions. An access is decided without condition keys if no policy has.
func (p Policy) Conditional() bool {
	return slices.ContainsFunc(p.statements, func(s statement) bool { return len(s.conditions) > 0 })
}

// MarshalJSON returns the document as it was parsed, and null for the zero Policy.
func (p Policy) MarshalJSON() ([]byte, error) {
	if p.document == nil {
		return []byte("null"), nil
	}
	return p.Document(), nil
}

// UnmarshalJSON accepts an identity policy, or null for the zero Policy. Use ParseResource for a resource policy.
func (p *Policy) UnmarshalJSON(document []byte) error {
	if string(document) == "null" {
		*p = Policy{}
		return nil
	}
	parsed, err := ParseIdentity(document)
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func parse(document []byte, of kind) (Policy, error) {
	if len(document) > MaxPolicy {
		return Policy{}, malformed("%d bytes, the limit is %d", len(document), MaxPolicy)
	}
	if err := checkSyntax(document); err != nil {
		return Policy{}, err
	}
	var elements map[string]json.RawMessage
	if err := json.Unmarshal(document, &elements); err != nil || elements == nil {
		return Policy{}, malformed("not a JSON object")
	}
	p := Policy{document: bytes.Clone(document)}
	var version string
	for name, raw := range elements {
		switch name {
		case "Version":
			if json.Unmarshal(raw, &version) != nil || version != "2012-10-17" && version != "2008-10-17" {
				return Policy{}, malformed("Version must be 2012-10-17 or 2008-10-17")
			}
		case "Id":
			var id string
			if json.Unmarshal(raw, &id) != nil {
				return Policy{}, malformed("Id must be a string")
			}
		case "Statement":
		default:
			return Policy{}, malformed("unknown element %q", name)
		}
	}
	raws, err := oneOrMany[json.RawMessage](elements["Statement"])
	if err != nil || len(raws) == 0 {
		return Policy{}, malformed("Statement must be an object or a list of objects")
	}
	if err := p.addStatements(raws, of, version == "2012-10-17"); err != nil {
		return Policy{}, err
	}
	return p, nil
}

// addStatements parses statements. Without variables, ${ is text.
func (p *Policy) addStatements(raws []json.RawMessage, of kind, variables bool) error {
	var sids []string
	end := 0
	for i, raw := range raws {
		s, sid, err := parseStatement(raw, of)
		if err == nil && variables {
			err = s.checkVariables()
		}
		if err != nil {
			return fmt.Errorf("statement %d: %w", i+1, err)
		}
		if sid != "" && slices.Contains(sids, sid) {
			return malformed("two statements have the Sid %q", sid)
		}
		sids = append(sids, sid)
		s.begin = end + max(0, bytes.Index(p.document[end:], raw))
		s.end = s.begin + len(raw)
		end = s.end
		if s.actions != nil && s.resources != nil { // otherwise it is ineffective
			p.statements = append(p.statements, s)
		}
	}
	return nil
}

func parseStatement(raw json.RawMessage, of kind) (s statement, sid string, err error) {
	var elements map[string]json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil || elements == nil {
		return s, "", malformed("not an object")
	}
	for name, raw := range elements {
		switch name {
		case "Sid":
			if json.Unmarshal(raw, &sid) != nil {
				err = malformed("Sid must be a string")
			}
		case "Effect":
			s.deny, err = parseEffect(raw)
		case "Action", "NotAction":
			s.notActions = name == "NotAction"
			s.actions, err = parseActions(name, raw)
		case "Resource", "NotResource":
			s.notResources = name == "NotResource"
			s.resources, err = parseResources(name, raw)
		case "Principal":
			err = s.parsePrincipal(raw)
		case "NotPrincipal":
			err = malformed("NotPrincipal is not supported: use Principal \"*\" with a condition on aws:PrincipalArn")
		case "Condition":
			s.conditions, err = parseConditions(raw)
		default:
			err = malformed("unknown element %q", name)
		}
		if err != nil {
			return s, "", err
		}
	}
	if of == ofTrust && s.resources == nil {
		s.resources = []string{"*"}
	}
	return s, sid, s.checkElements(elements, of)
}

// checkElements checks which elements a statement must or must not have.
func (s *statement) checkElements(elements map[string]json.RawMessage, of kind) error {
	has := func(name string) bool { _, ok := elements[name]; return ok }
	both := has("Action") && has("NotAction") || has("Resource") && has("NotResource")
	switch {
	case !has("Effect"):
		return malformed("Effect is missing")
	case of == ofKey && has("Principal") && !both && (s.actions == nil || s.resources == nil):
		return nil // without effect
	case has("Action") == has("NotAction"):
		return malformed("exactly one of Action and NotAction is needed")
	case of == ofTrust && (has("Resource") || has("NotResource")):
		return malformed("a trust policy must not have a Resource")
	case of != ofTrust && has("Resource") == has("NotResource"):
		return malformed("exactly one of Resource and NotResource is needed")
	case of != ofIdentity && !has("Principal"):
		return malformed("Principal is missing")
	case of == ofIdentity && has("Principal"):
		return malformed("an identity policy must not have a Principal")
	}
	for _, c := range s.conditions {
		if !s.deny && c.forAll && c.singleValued() {
			return malformed("ForAllValues on the single-valued key %q in an Allow is overly permissive: a missing key would match", c.key)
		}
	}
	return nil
}

func parseEffect(raw json.RawMessage) (deny bool, err error) {
	var effect string
	if json.Unmarshal(raw, &effect) != nil || effect != "Allow" && effect != "Deny" {
		return false, malformed("Effect must be Allow or Deny")
	}
	return effect == "Deny", nil
}

func parseActions(name string, raw json.RawMessage) ([]string, error) {
	actions, err := oneOrMany[string](raw)
	if err != nil || len(actions) == 0 {
		return nil, malformed("%s must be a string or a list of strings", name)
	}
	for i, action := range actions {
		service, operation, ok := strings.Cut(action, ":")
		if action != "*" && (!ok || service == "" || operation == "" || strings.ContainsAny(service, "*?")) {
			return nil, malformed("%s %q is not of the form service:Operation", name, action)
		}
		actions[i] = strings.ToLower(action)
	}
	return actions, nil
}

func parseResources(name string, raw json.RawMessage) ([]string, error) {
	resources, err := oneOrMany[string](raw)
	if err != nil || len(resources) == 0 {
		return nil, malformed("%s must be a string or a list of strings", name)
	}
	for _, resource := range resources {
		if resource != "*" && (!strings.HasPrefix(resource, "arn:") || strings.Count(resource, ":") < 5) {
			return nil, malformed("%s %q is neither an ARN nor \"*\"", name, resource)
		}
	}
	return resources, nil
}

// parsePrincipal reads the forms "*", {"AWS": …}, {"Service": …} and {"Federated": …}. A service is accepted but matches no
// caller: the callers of this server are users, roles and their sessions, and the tokens of identity providers.
func (s *statement) parsePrincipal(raw json.RawMessage) error {
	var all string
	if json.Unmarshal(raw, &all) == nil {
		if all != "*" {
			return malformed("Principal %q must be \"*\" or an object", all)
		}
		s.everyone = true
		return nil
	}
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(raw, &kinds); err != nil || len(kinds) == 0 {
		return malformed("Principal must be \"*\" or an object")
	}
	for kind, raw := range kinds {
		names, err := oneOrMany[string](raw)
		if err != nil || len(names) == 0 {
			return malformed("Principal %s must be a string or a list of strings", kind)
		}
		switch kind {
		case "Service":
		case "Federated":
			s.federated = names
		case "AWS":
			if err := s.addPrincipals(names); err != nil {
				return err
			}
		default:
			return malformed("unknown kind of Principal %q", kind)
		}
	}
	return nil
}

func (s *statement) addPrincipals(names []string) error {
	for _, name := range names {
		if name == "*" {
			s.everyone = true
			continue
		}
		arn, err := principalARN(name)
		if err != nil {
			return err
		}
		s.principals = append(s.principals, arn)
	}
	return nil
}

// principalARN turns a value of a Principal element into an ARN: an account ID means its root.
func principalARN(name string) (string, error) {
	if isAccount(name) {
		return "arn:aws:iam::" + name + ":root", nil
	}
	parts := strings.SplitN(name, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" && parts[2] != "sts" || !isAccount(parts[4]) || parts[5] == "" {
		return "", malformed("Principal %q is not the ARN of a user, role, session or account", name)
	}
	if strings.ContainsAny(name, "*?$") {
		return "", malformed("Principal %q: wildcards are only allowed as \"*\" alone", name)
	}
	return name, nil
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// oneOrMany reads a JSON value that may be one item or a list of items.
func oneOrMany[T any](raw json.RawMessage) ([]T, error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] != '[' {
		var one *T
		if err := json.Unmarshal(raw, &one); err != nil || one == nil {
			return nil, ErrMalformed
		}
		return []T{*one}, nil
	}
	var many []*T
	if err := json.Unmarshal(raw, &many); err != nil {
		return nil, ErrMalformed
	}
	values := make([]T, 0, len(many))
	for _, one := range many {
		if one == nil {
			return nil, ErrMalformed
		}
		values = append(values, *one)
	}
	return values, nil
}

// checkSyntax refuses a document that is not one JSON value, or in which an object has a member twice: it would be
// unclear which of the two counts.
func checkSyntax(document []byte) error {
	if !json.Valid(document) {
		return malformed("not JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(document))
	type object struct {
		names map[string]bool // nil in a list
		value bool            // the next token is a value
	}
	var open []object
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return malformed("not JSON")
		}
		last := len(open) - 1
		if name, ok := token.(string); ok && last >= 0 && open[last].names != nil && !open[last].value {
			if open[last].names[name] {
				return malformed("member %q is there twice", name)
			}
			open[last].names[name] = true
			open[last].value = true
			continue
		}
		if last >= 0 {
			open[last].value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, object{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, object{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:last]
		}
	}
}
