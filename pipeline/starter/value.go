package starter

import (
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// A value is what is known of a value in the source.
type value struct {
	kind kind
	text Text   // for known, the string; for fromParameter, the parameter's name
	why  string // for unknown: the reason

	region   string // for fromParameter, if the source names one
	optional bool   // for fromParameter: the source has a default for it
}

type kind int

const (
	known         kind = iota // a string
	computed                  // a string that AWS computes from resources
	fromParameter             // the value of a parameter
	unknown
)

func text(t Text) value { return value{kind: known, text: t} }

func not(why string) value { return value{kind: unknown, why: why} }

// plain returns a string that is known and the same in all environments, otherwise "".
func (v value) plain() string {
	if v.kind != known {
		return ""
	}
	s, _ := v.text.plain()
	return s
}

// secretsManager is why a reference to Secrets Manager is not imported.
const secretsManager = "it is in Secrets Manager, which a manifest cannot name; copy it to a parameter"

// join joins the pieces of a string. A string that is only partly a parameter is not
// a secret.
func join(all []value) value {
	if len(all) == 1 {
		return all[0]
	}
	var whole Text
	result := text(nil)
	for _, v := range all {
		switch v.kind {
		case unknown:
			return v
		case fromParameter:
			return not("it is built from a parameter and other text; put the whole value in its own parameter")
		case computed:
			result.kind = computed
		}
		whole = append(whole, v.text...)
	}
	result.text = whole
	if length(whole) > maxText {
		return not("it is too long for a name")
	}
	return result
}

// maxText is the largest length of a string of the source, with variables replaced.
const maxText = 4096

func length(t Text) (n int) {
	for _, p := range t {
		n += len(p.literal) + 1
	}
	return n
}

var dynamic = lazyregexp.New(`^\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]*)\}\}$`)

// resolved recognizes CloudFormation's dynamic references in a value that is
// otherwise known.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
func resolved(v value) value {
	if v.kind != known && v.kind != computed {
		return v
	}
	var first, last string
	if len(v.text) > 0 {
		first, last = v.text[0].literal, v.text[len(v.text)-1].literal
	}
	whole := v.text.in("\x00")
	switch m := dynamic.FindStringSubmatch(whole); {
	case !strings.Contains(whole, "{{resolve:"):
		return v
	case strings.Contains(whole, "{{resolve:secretsmanager:"):
		return not(secretsManager)
	case m == nil:
		return not("it is built from a parameter and other text; put the whole value in its own parameter")
	case v.kind == computed:
		return not("the name of its parameter is computed from resources")
	default:
		prefix := "{{resolve:" + m[1] + ":"
		if !strings.HasPrefix(first, prefix) || !strings.HasSuffix(last, "}}") {
			return not("it is a dynamic reference that is built from parts")
		}
		return value{kind: fromParameter, text: inner(v.text, len(prefix), len("}}"))}
	}
}

// inner removes bytes from both ends of t, which must be literal.
func inner(t Text, front, back int) Text {
	t = append(Text(nil), t...)
	t[0].literal = t[0].literal[front:]
	last := &t[len(t)-1]
	last.literal = last.literal[:len(last.literal)-back]
	return t
}
