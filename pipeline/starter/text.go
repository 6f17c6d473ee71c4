package starter

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/secret"
)

// Text is a string of the source. Parts of it may be placeholders: for the name of
// the environment, or for a string that the source leaves open.
type Text []part

type part struct {
	literal     string
	environment bool
	open        *open
}

// An open is a string that the source leaves open, or that differs between
// environments: the manifest declares it in values of each environment.
type open struct {
	name  string // in environment.values
	from  string // how the source names it
	own   string // its value in the source for an environment named like the embedded one, "" if none
	local string // its value in the embedded environment
	whole string // the parameter's name that the source has as a default, "" if none

	// in returns its value in an environment, if the source has one for that
	// environment. It is nil if the source has none at all.
	in func(env string) (string, bool)
}

// value returns the value in an environment, or a stand-in of the same form.
func (o *open) value(env string) string {
	if s, ok := o.known(env); ok {
		return s
	}
	return cmp.Or(o.local, LocalEnvironment)
}

// known returns the value in an environment, if it is known.
func (o *open) known(env string) (string, bool) {
	switch {
	case env == LocalEnvironment:
		return cmp.Or(o.local, LocalEnvironment), true
	case o.in == nil:
		return "", false
	}
	return o.in(env)
}

func literal(s string) Text { return Text{{literal: s}} }

func environment() Text { return Text{{environment: true}} }

// in returns the string in an environment.
func (t Text) in(env string) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.environment:
			b.WriteString(env)
		case p.open != nil:
			b.WriteString(p.open.value(env))
		default:
			b.WriteString(p.literal)
		}
	}
	return b.String()
}

// plain returns the string if it is the same everywhere.
func (t Text) plain() (string, bool) {
	for _, p := range t {
		if p.environment || p.open != nil {
			return "", false
		}
	}
	return t.in(""), true
}

// staged reports whether the string depends on the environment's name, and on
// nothing that the source leaves open.
func (t Text) staged() bool {
	some := false
	for _, p := range t {
		if p.open != nil {
			return false
		}
		some = some || p.environment
	}
	return some
}

// opens returns what the source leaves open in the string.
func (t Text) opens() (all []*open) {
	for _, p := range t {
		if p.open != nil {
			all = append(all, p.open)
		}
	}
	return all
}

// hcl returns the string as written in a manifest.
func (t Text) hcl() string {
	if len(t) == 1 && t[0].open != nil {
		return "environment.values." + t[0].open.name
	}
	return `"` + t.template(manifest.Escape) + `"`
}

// template returns the string with its placeholders as a manifest writes them.
func (t Text) template(escape func(string) string) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.environment:
			b.WriteString("${environment.name}")
		case p.open != nil:
			b.WriteString("${environment.values." + p.open.name + "}")
		default:
			b.WriteString(escape(p.literal))
		}
	}
	return b.String()
}

// called returns the name of a parameter or secret for notes. A string that is no name
// is not shown, because it could be a value.
func (t Text) called(store secret.Store) string {
	what, of := noun(store), origin{store: store}
	if len(t) == 1 && t[0].open != nil {
		if o := t[0].open; o.whole != "" {
			return what + " " + shown(o.whole)
		}
		return "a " + what + " that " + t[0].open.from + " names"
	}
	settle(t, of, "")
	if of.check(t.in(LocalEnvironment)) != nil {
		return "a " + what
	}
	return what + " " + shown(t.template(func(s string) string { return s }))
}

// begins reports whether the string begins with a literal.
func (t Text) begins(with string) bool { return len(t) > 0 && strings.HasPrefix(t[0].literal, with) }

// quote returns a string without placeholders as written in a manifest.
func quote(s string) string { return literal(s).hcl() }

// shown returns a name of the source for notes and comments: short, on one line, in
// ASCII.
func shown(name string) string {
	const most = 200
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "..."
	}
	return strconv.QuoteToASCII(name)
}

// bare is shown without quotes, if none are needed.
func bare(name string) string {
	quoted := shown(name)
	if inside := quoted[1 : len(quoted)-1]; inside == name && !strings.ContainsAny(name, " #") {
		return inside
	}
	return quoted
}
