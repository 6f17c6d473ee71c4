package starter

import (
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// A piece is a part of a string: text as it is, or the inside of a variable.
type piece struct {
	text     string
	variable bool
}

// cut cuts a string into its pieces. It reports whether every variable is closed; what
// follows one that is not is no piece.
func cut(s string) (all []piece, closed bool) {
	for s != "" {
		before, rest, found := strings.Cut(s, "${")
		if before != "" {
			all = append(all, piece{text: before})
		}
		if !found {
			break
		}
		end := closing(rest)
		if end < 0 {
			return all, false
		}
		all = append(all, piece{rest[:end], true})
		s = rest[end+1:]
	}
	return all, true
}

// closing returns the index of the brace that closes the one before s, or -1.
func closing(s string) int {
	depth := 1
	for at := range len(s) {
		switch s[at] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return at
			}
		}
	}
	return -1
}

// alternatives splits the inside of a variable at its commas. Each part is the
// default for those before it.
func alternatives(s string) (all []string) {
	depth, begin, quote := 0, 0, byte(0)
	for at := range len(s) {
		switch c := s[at]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'', c == '"':
			quote = c
		case c == '{', c == '(':
			depth++
		case c == '}', c == ')':
			depth--
		case c == ',' && depth == 0:
			all = append(all, strings.TrimSpace(s[begin:at]))
			begin = at + 1
		}
	}
	return append(all, strings.TrimSpace(s[begin:]))
}

// unwrapped removes the second pair of braces of ${{…}}, which provider.variableSyntax
// often sets.
func unwrapped(s string) string {
	if inside, ok := strings.CutPrefix(s, "{"); ok && inside != "" && closing(inside) == len(inside)-1 {
		return strings.TrimSpace(inside[:len(inside)-1])
	}
	return s
}

var (
	// sourcePattern matches SOURCE(PARAMETERS):ADDRESS, and SOURCE.REGION:ADDRESS, the
	// former syntax.
	sourcePattern = lazyregexp.New(`(?s)^([A-Za-z0-9_-]*)(?:\.([a-z0-9-]+|\$\{[^{}]*\}))?(?:\(([^()]*)\))?(?::(.*))?$`)

	// ssmAddress matches the address of a resolver of version 4 that reads a parameter.
	ssmAddress = lazyregexp.New(`(?s)^ssm(?:\(([^()]*)\))?:(.*)$`)

	simpleName = lazyregexp.New(`^[A-Za-z0-9_.-]+$`)
)

// A reference is a variable without its defaults.
type reference struct {
	source, region, parameters, address string
}

// split splits a variable as sourcePattern does. It returns nil for what is no variable.
func split(s string) *reference {
	if !strings.Contains(s, ":") && !strings.HasPrefix(s, "file(") && !strings.HasPrefix(s, "strToBool(") {
		return nil
	}
	m := sourcePattern.FindStringSubmatch(s)
	if m == nil {
		return nil
	}
	return &reference{m[1], m[2], m[3], m[4]}
}

// isPlace reports whether the variable names a place in the source or in a file.
func (r *reference) isPlace() bool {
	return r.source == "self" || r.source == "" || r.source == "file"
}

// file returns the name of the file that the variable names, or nil for the source.
func (r *reference) file() *string {
	if r.source != "file" {
		return nil
	}
	return &r.parameters
}

// source names an alternative in notes: its source, but not its address, unless that
// is only a name, or names with variables between them.
func source(s string) string {
	m := split(s)
	if m == nil || m.source == "" && m.address != "" {
		return "another value"
	}
	address := addressOf(m.address, 0)
	switch {
	case m.source == "file" && address == "":
		return "${file(...)}"
	case m.source == "file":
		return "${file(...):" + address + "}"
	case address == "":
		address = "..."
	}
	return "${" + m.source + ":" + address + "}"
}

// addressOf returns an address that is a name, or names with variables between them. It
// returns "" for others, and for long ones. Defaults of the variables are left out.
func addressOf(address string, depth int) string {
	const most = 90
	var b strings.Builder
	pieces, closed := cut(address)
	if !closed {
		return ""
	}
	for _, p := range pieces {
		name := p.text
		switch {
		case p.variable:
			name = variableOf(p.text, depth)
		case !simpleName.MatchString(name):
			name = ""
		}
		if name == "" {
			return ""
		}
		b.WriteString(name)
	}
	if b.Len() > most {
		return ""
	}
	return b.String()
}

// variableOf returns a variable in such an address, without its defaults, or "".
func variableOf(inside string, depth int) string {
	const deepest = 3
	m := split(alternatives(inside)[0])
	if depth == deepest || m == nil || m.source == "file" || m.source == "" {
		return ""
	}
	address := addressOf(m.address, depth+1)
	if address == "" {
		return ""
	}
	return "${" + m.source + ":" + address + "}"
}
