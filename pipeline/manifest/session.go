package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// Session is how the environment's role is assumed.
type Session struct {
	Name           Text // of the session; "" for a name that identifies the run
	ExternalID     Text // "" for none
	SourceIdentity Text // "" for none
	Tags           []Tag
}

// Tag is a session tag, with the place of its value.
type Tag struct {
	Key   string
	Value Text
}

// Plain lists the settings of a session as strings, as in guard files: external_id=VALUE, tags.KEY=VALUE.
func (s Session) Plain() []Text {
	var all []Text
	add := func(name string, value Text) { all = append(all, Text{name + "=" + value.Value, value.Range}) }
	for name, value := range map[string]Text{"session_name": s.Name, "external_id": s.ExternalID, "source_identity": s.SourceIdentity} {
		if value.Value != "" {
			add(name, value)
		}
	}
	for _, tag := range s.Tags {
		name := "tags." + tag.Key
		if strings.Contains(tag.Key, "=") { // otherwise, it would look like another key with a longer value
			name = fmt.Sprintf("tags[%q]", tag.Key)
		}
		add(name, tag.Value)
	}
	slices.SortFunc(all, func(a, b Text) int { return strings.Compare(a.Value, b.Value) })
	return all
}

// Limits of https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
const (
	maxSessionTags = 50
	maxTagKey      = 128
	maxTagValue    = 256
)

var tagPattern = lazyregexp.New(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// sessionText is a string attribute of a session.
type sessionText struct {
	name        string
	least, most int
	pattern     *lazyregexp.Regexp
	allowed     string
}

var (
	sessionNamePattern = lazyregexp.New(`^[A-Za-z0-9_+=,.@-]*$`)
	externalIDPattern  = lazyregexp.New(`^[A-Za-z0-9_+=,.@:/-]*$`)
)

func sessionTexts() []sessionText {
	return []sessionText{
		{"session_name", 2, 64, sessionNamePattern, "_ + = , . @ and -"},
		{"external_id", 2, 1224, externalIDPattern, "_ + = , . @ : / and -"},
		{"source_identity", 2, 256, sessionNamePattern, "_ + = , . @ and -"},
	}
}

// sessionAttributes returns the attributes of an environment block that say how its role is assumed.
func sessionAttributes() []string {
	names := []string{"tags"}
	for _, t := range sessionTexts() {
		names = append(names, t.name)
	}
	return names
}

// session evaluates how the role is assumed. Without a role, its attributes are errors.
func (e *evaluator) session(b *block, s *scope, role state) Session {
	var session Session
	places := map[string]*Text{"session_name": &session.Name, "external_id": &session.ExternalID, "source_identity": &session.SourceIdentity}
	for _, t := range sessionTexts() {
		value, has := e.text(b, t.name, s)
		if has == found && !e.withoutRole(b, t.name, role) && e.sound(b, t, value) {
			*places[t.name] = value
		}
	}
	session.Tags = e.tags(b, s, role)
	return session
}

// withoutRole reports an attribute of a session if there is no role.
func (e *evaluator) withoutRole(b *block, name string, role state) bool {
	if role != absent || b.partial || e.m.partial {
		return false
	}
	a := b.attrs.named(name)
	e.wrong(a, "No role", fmt.Sprintf("%s is only used to assume the environment's role, and this environment has no role. Add the line: role = \"arn:aws:iam::ACCOUNT:role/NAME\", or remove %s.", name, name), a.NameRange)
	return true
}

func (e *evaluator) sound(b *block, t sessionText, value Text) bool {
	switch n := len(value.Value); {
	case !t.pattern.MatchString(value.Value):
		e.wrong(b.attrs.named(t.name), fmt.Sprintf("Invalid attribute %q", t.name), fmt.Sprintf("The value of %s contains characters that AWS does not accept. Use letters, digits and %s, without spaces.", t.name, t.allowed), value.Range)
	case n < t.least || n > t.most:
		e.wrong(b.attrs.named(t.name), fmt.Sprintf("Invalid attribute %q", t.name),
			fmt.Sprintf("The value of %s must have %d to %d characters, not %d.", t.name, t.least, t.most, n), value.Range)
	default:
		return true
	}
	return false
}

// tags evaluates the session tags. Each has its own place if the object is a literal.
func (e *evaluator) tags(b *block, s *scope, role state) []Tag {
	const example = `tags = { team = "shop" }`
	a, v, has := e.get(b, "tags", s)
	switch {
	case has != found || e.withoutRole(b, "tags", role):
		return nil
	case !v.Type().IsObjectType() && !v.Type().IsMapType():
		e.wrongType(a, objectKind, example, v, a.Expr.Range())
		return nil
	case v.LengthInt() > maxSessionTags:
		e.wrong(a, "Too many tags", fmt.Sprintf("A session can have at most %d tags, and this map has %d. Remove some.", maxSessionTags, v.LengthInt()), a.Expr.Range())
		return nil
	}
	places := written(a, s)
	values := v.AsValueMap()
	folded := map[string]string{}
	var tags []Tag
	for _, key := range slices.Sorted(maps.Keys(values)) {
		place, ok := places[key]
		if !ok {
			place = a.Expr.Range()
		}
		value := values[key]
		if value.IsNull() || value.Type() != cty.String {
			e.wrong(a, "Wrong type", fmt.Sprintf("The value of tag %q must be a string, not %s. Write it in quotes: %s.", key, articled(value.Type().FriendlyName()), example), place)
			return nil
		}
		problem := badTag(key, value.AsString())
		if other, ok := folded[strings.ToLower(key)]; ok {
			problem = fmt.Sprintf("Tags %q and %q differ only in case, and AWS treats them as the same. Remove one of the two.", other, key)
		}
		if problem != "" {
			e.wrong(a, "Invalid tag", problem, place)
			return nil
		}
		folded[strings.ToLower(key)] = key
		tags = append(tags, Tag{key, Text{value.AsString(), place}})
	}
	return tags
}

func badTag(key, value string) string {
	const allowed = "Use letters, digits, spaces and _ . : / = + - @."
	switch n := utf8.RuneCountInString(key); {
	case n == 0 || n > maxTagKey:
		return fmt.Sprintf("The key of a tag must have 1 to %d characters, not %d.", maxTagKey, n)
	case !tagPattern.MatchString(key):
		return "The key of this tag contains characters that AWS does not accept. " + allowed
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return "Keys that begin with aws: are reserved for AWS. Use another key."
	}
	switch n := utf8.RuneCountInString(value); {
	case n > maxTagValue:
		return fmt.Sprintf("The value of a tag can have at most %d characters, and the value of %q has %d. Shorten it.", maxTagValue, key, n)
	case !tagPattern.MatchString(value):
		return fmt.Sprintf("The value of tag %q contains characters that AWS does not accept. %s", key, allowed)
	}
	return ""
}

// written returns the places of an object's values by their keys.
func written(a *hcl.Attribute, s *scope) map[string]hcl.Range {
	pairs, diags := hcl.ExprMap(a.Expr)
	if diags.HasErrors() {
		return nil
	}
	places := map[string]hcl.Range{}
	for _, pair := range pairs {
		key, diags := pair.Key.Value(s.ctx)
		if diags.HasErrors() || !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
			continue
		}
		places[key.AsString()] = pair.Value.Range()
	}
	return places
}
