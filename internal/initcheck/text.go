package main

import (
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
)

var (
	reference   = lazyregexp.New(`(?:\$\{|,|\$\{[A-Za-z0-9_-]+:|,\s*[A-Za-z0-9_-]+:)\s*ssm(?:\.[a-z0-9-]+|\.\*|\.\$\{[^{}]*\})?(?:\([^()]*\))?:`)
	dynamic     = lazyregexp.New(`\{\{\s*resolve:(?:ssm|ssm-secure|secretsmanager):`)
	extension   = lazyregexp.New(`http://(?:localhost|127\.0\.0\.1)(?::[^/?]*)?/(?:secretsmanager/get|systemsmanager/parameters/get)/?\?`)
	typed       = lazyregexp.New(`AWS::SSM::Parameter::Value<`)
	innermost   = lazyregexp.New(`\$\{([^{}]*)\}`)
	pointer     = lazyregexp.New(`^(?:self:|file\(([^()]*)\):?)(.*)$`)
	parameter   = lazyregexp.New(`^param:(.+)$`)
	alternative = lazyregexp.New(`(?:\([^()]*\)|[^,()])+`)
	plainName   = lazyregexp.New(`^[A-Za-z0-9]+$`)
)

// count returns the number of references in a string.
func count(s string) (n int) {
	n = len(dynamic.FindAllString(s, -1)) + len(extension.FindAllString(s, -1)) + len(typed.FindAllString(s, -1))
	for at := 0; at < len(s); {
		begin := strings.Index(s[at:], "${")
		if begin < 0 {
			break
		}
		begin += at
		end := matching(s[begin:])
		n += len(reference.FindAllString(s[begin:begin+end], -1))
		at = begin + end
	}
	return n
}

// matching returns the length of a variable with all variables in it, or of the rest.
func matching(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// uncommented removes a comment from a line of YAML.
func uncommented(line string) string {
	quote := byte(0)
	for i := range len(line) {
		switch c := line[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case (c == '"' || c == '\'') && (i == 0 || strings.IndexByte(" \t[{(:,-!", line[i-1]) >= 0):
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i]
		}
	}
	return line
}
