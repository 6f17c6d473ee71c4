package starter

import (
	"strconv"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
)

// Text is a string of the source. Parts of it may be placeholders for the name of
// the environment.
type Text []part

type part struct {
	literal     string
	environment bool
}

func literal(s string) Text { return Text{{literal: s}} }

func environment() Text { return Text{{environment: true}} }

// in returns the string in an environment.
func (t Text) in(env string) string {
	var b strings.Builder
	for _, p := range t {
		if p.environment {
			b.WriteString(env)
		} else {
			b.WriteString(p.literal)
		}
	}
	return b.String()
}

// plain returns the string if it does not depend on the environment.
func (t Text) plain() (string, bool) {
	for _, p := range t {
		if p.environment {
			return "", false
		}
	}
	return t.in(""), true
}

// hcl returns the string as written in a manifest.
func (t Text) hcl() string {
	var b strings.Builder
	for _, p := range t {
		if p.environment {
			b.WriteString("${environment.name}")
		} else {
			b.WriteString(manifest.Escape(p.literal))
		}
	}
	return `"` + b.String() + `"`
}

// quote returns a string without placeholders as written in a manifest.
func quote(s string) string { return literal(s).hcl() }

// shown returns a name of the source for notes and comments: short, on one line, in
// ASCII.
func shown(name string) string {
	const most = 80
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
