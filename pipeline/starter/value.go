package starter

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/secret"
)

// A value is what is known of a value in the source.
type value struct {
	kind kind
	text Text   // for known, the string; for fromStore, the name of the parameter or secret
	why  string // for unknown: the reason

	missing string   // for unknown: the variable that refers to nothing, "" if the reason is another
	pieces  []string // for unknown: the parameters and secrets that it is built from, with other text

	outside string // for known: why the whole value is not in the source, "" if it is
	option  bool   // for known, outside: whoever deploys sets it; a default is usual
	number  string // for known: why it cannot be part of a name

	// For fromStore:
	origin
	region   string   // if the source names one
	account  string   // if the source names one in an ARN
	optional bool     // the source has a default for it
	remarks  []string // what the manifest does not say
	list     bool     // CloudFormation splits it at its commas
}

type kind int

const (
	known     kind = iota // a string
	computed              // a string that AWS computes from resources
	fromStore             // the value of a parameter, or of a secret of Secrets Manager
	unknown
	nothing // AWS::NoValue
)

func text(t Text) value { return value{kind: known, text: t} }

func not(why string) value { return value{kind: unknown, why: why} }

// called returns the name of the parameter or secret for notes.
func (v value) called() string { return v.text.called(v.store) }

// same reports whether two values are the same part of the same parameter or secret.
func (v value) same(other value) bool {
	return v.text.hcl() == other.text.hcl() && v.part(other.origin)
}

// plain returns a string that is known and the same in all environments, otherwise "".
func (v value) plain() string {
	if v.kind != known || v.number != "" {
		return ""
	}
	s, _ := v.text.plain()
	return s
}

// fixed reports whether the value is a string without anything left open.
func (v value) fixed() bool {
	return v.kind == known && v.number == "" && len(v.text.opens()) == 0
}

// notFixed returns why a value is not fixed.
func (v value) notFixed() string {
	opens := v.text.opens()
	switch {
	case v.number != "":
		return v.number
	case v.kind == unknown:
		return v.reason()
	case v.kind == fromStore:
		return "it is the value of " + v.called()
	case v.outside != "":
		return v.outside
	case len(opens) > 0:
		return "it depends on " + opens[0].from
	}
	return "CloudFormation computes it"
}

// reason returns why a value is unknown.
func (v value) reason() string {
	if v.missing != "" {
		return "it refers to " + v.missing + ", which is not in the source"
	}
	return v.why
}

// absent is the reason of a value that does not exist, so that a default applies.
const absent = "it refers to something that is not in the source"

// join joins the pieces of a string. A string that is only partly a parameter or secret
// is not a secret.
func join(all []value) value {
	if len(all) == 1 {
		return all[0]
	}
	var names []string
	result := text(nil)
	for _, v := range all {
		switch v.kind {
		case unknown:
			return v
		case fromStore:
			if name := v.called(); !slices.Contains(names, name) {
				names = append(names, name)
			}
		case computed:
			result.kind = computed
		}
		if v.outside != "" && result.outside == "" {
			result.outside = v.outside
		}
		if v.number != "" {
			result.number = v.number
		}
		result.text = append(result.text, v.text...)
	}
	if len(names) > 0 {
		if store, ok := dynamicStore(all); ok {
			return nameIn(store, names)
		}
		return built(names)
	}
	result.text = merged(result.text)
	if length(result.text) > maxText {
		return not("it is too long for a name")
	}
	return result
}

// dynamicStore reports whether the pieces of a string are one dynamic reference, and of
// what.
func dynamicStore(all []value) (secret.Store, bool) {
	var b strings.Builder
	for _, v := range all {
		if v.kind == fromStore {
			b.WriteByte('x')
			continue
		}
		b.WriteString(v.text.in("x"))
	}
	m := dynamic.FindStringSubmatch(strings.TrimSpace(b.String()))
	if m == nil {
		return 0, false
	}
	return storeOf(m[1]), true
}

// storeOf returns the store that a dynamic reference names.
func storeOf(service string) secret.Store {
	if service == secret.SecretsManager.String() {
		return secret.SecretsManager
	}
	return secret.ParameterStore
}

// built returns a value that is made of parameters or secrets, and other text.
func built(names []string) value {
	v := not("it is built from " + listed(names) + ", and other text; put the whole value in its own parameter or secret")
	v.pieces = names
	return v
}

// nameIn returns a value in a parameter or secret whose name other parameters or secrets
// have.
func nameIn(store secret.Store, names []string) value {
	return not("the name of its " + noun(store) + " depends on the value of " + listed(names) + "; write the name itself")
}

func listed(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// merged joins literals that follow each other.
func merged(t Text) (all Text) {
	for _, p := range t {
		if last := len(all) - 1; last >= 0 && p.open == nil && !p.environment && all[last].open == nil && !all[last].environment {
			all[last].literal += p.literal
			continue
		}
		all = append(all, p)
	}
	return all
}

// maxText is the largest length of a string of the source, with variables replaced.
const maxText = 4096

func length(t Text) (n int) {
	for _, p := range t {
		n += len(p.literal) + 1
	}
	return n
}

// scalar returns what is known of a scalar without variables in it.
func scalar(n *yaml.Node) value {
	v := text(literal(n.Value))
	v.number = badNumber(n)
	return v
}

var plainNumber = lazyregexp.New(`^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$`)

// badNumber returns why a number cannot be part of a name: programs that read YAML
// change how it is written.
func badNumber(n *yaml.Node) string {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted != 0 || n.Tag != "!!int" && n.Tag != "!!float" || plainNumber.MatchString(n.Value) {
		return ""
	}
	if strings.HasPrefix(n.Value, "0") && len(n.Value) > 1 {
		return "a number in its name begins with 0, which programs that read YAML remove or take for another base; write it in quotes, as an account ID must be"
	}
	return "a number in its name is not in quotes, and programs that read YAML write it in another form; write it in quotes"
}

var (
	dynamic   = lazyregexp.New(`^\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]*)\}\}$`)
	someplace = lazyregexp.New(`\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]*)\}\}`)
)

// resolved recognizes CloudFormation's dynamic references in a value that is
// otherwise known.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
func resolved(v value) value {
	if v.kind != known && v.kind != computed || len(v.text) == 0 {
		return v
	}
	whole, holes := punched(v.text)
	whole = strings.TrimSpace(whole)
	if len(holes) > int(lastHole-firstHole) || !strings.Contains(whole, "{{resolve:") {
		return v
	}
	m := dynamic.FindStringSubmatch(whole)
	switch {
	case m == nil && v.kind == computed && someplace.FindString(whole) == "":
		return not("the name of its parameter or secret is computed from resources; write the name itself")
	case m == nil:
		if names := namedIn(whole, holes); len(names) > 0 {
			return built(names)
		}
		return not("it is a dynamic reference that is not closed or has other braces in it")
	case v.number != "":
		return not(v.number)
	case v.kind == computed:
		return not("the name of its " + noun(storeOf(m[1])) + " is computed from resources; write the name itself")
	}
	return referred(m[1], m[2], holes)
}

// referred returns what is known of a dynamic reference, given the name of the service
// and what follows it.
func referred(service, rest string, holes Text) value {
	if storeOf(service) == secret.SecretsManager {
		return dynamicSecret(rest, holes)
	}
	return fromParameters(fill(strings.TrimSpace(rest), holes), "")
}

// fromParameters returns a parameter, or a secret that is read through Parameter Store.
func fromParameters(name Text, region string) value {
	if name.begins(ssmReference) {
		return throughParameters(name, region)
	}
	return value{kind: fromStore, text: name, region: region}
}

// namedIn returns the parameters and secrets of the dynamic references within a string.
func namedIn(whole string, holes Text) (names []string) {
	for _, one := range someplace.FindAllString(whole, -1) {
		m := someplace.FindStringSubmatch(one)
		name := "a " + noun(storeOf(m[1]))
		if v := referred(m[1], m[2], holes); v.kind == fromStore {
			name = v.called()
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// punched returns a string with placeholders as text, in which each is one rune of a
// private range, so that pieces of it can be told apart and put back with fill.
func punched(t Text) (whole string, holes Text) {
	var b strings.Builder
	for _, p := range t {
		if p.environment || p.open != nil {
			b.WriteRune(firstHole + rune(len(holes)))
			holes = append(holes, p)
			continue
		}
		b.WriteString(strings.Map(func(r rune) rune {
			if r >= firstHole && r <= lastHole {
				return '\uFFFD'
			}
			return r
		}, p.literal))
	}
	return b.String(), holes
}

const firstHole, lastHole = '\uE000', '\uF8FF'

// fill puts placeholders back into a string.
func fill(s string, holes Text) (t Text) {
	begin := 0
	for at, r := range s {
		if r < firstHole || int(r-firstHole) >= len(holes) {
			continue
		}
		if at > begin {
			t = append(t, part{literal: s[begin:at]})
		}
		t = append(t, holes[r-firstHole])
		begin = at + len(string(r))
	}
	if begin < len(s) || len(t) == 0 {
		t = append(t, part{literal: s[begin:]})
	}
	return t
}

func itoa(n int) string { return strconv.Itoa(n) }
