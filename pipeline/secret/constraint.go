package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrConstraint reports a value that does not meet its constraint. It does not
// tell more: an answer in two parts would be two answers.
var ErrConstraint = errors.New("the value does not meet its constraint")

// Constraints are what a value is held to before it is sealed: together they are
// one question about it, with one answer. The zero value asks for nothing.
type Constraints struct {
	minLength  int // in bytes
	expression string
	whole      *regexp.Regexp // the expression, from the value's beginning to its end
}

// ParseConstraints reads constraints as a manifest writes them: the least length
// in bytes, 0 for none, and a regular expression in the syntax of Go, "" for none,
// which the whole value has to match: https://pkg.go.dev/regexp/syntax
func ParseConstraints(minLength int, expression string) (Constraints, error) {
	c := Constraints{minLength: minLength, expression: expression}
	if expression == "" {
		return c, nil
	}
	if _, err := regexp.Compile(expression); err != nil { // alone: the one below could be valid by chance
		return Constraints{}, fmt.Errorf("the regular expression is not valid: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	var err error
	if c.whole, err = regexp.Compile(`\A(?:` + expression + `)\z`); err != nil {
		return Constraints{}, errors.New("the regular expression is too complex")
	}
	return c, nil
}

// Any reports whether there is a constraint at all.
func (c Constraints) Any() bool { return c.minLength > 0 || c.expression != "" }

// String names the constraints as a sealed document does (docs/format.md, F-34):
// the expression by its SHA-256. It is "" where there are none.
func (c Constraints) String() string {
	var all []string
	if c.minLength > 0 {
		all = append(all, "min_length="+strconv.Itoa(c.minLength))
	}
	if c.expression != "" {
		sum := sha256.Sum256([]byte(c.expression))
		all = append(all, "matches="+hex.EncodeToString(sum[:]))
	}
	return strings.Join(all, ",")
}

// Check holds a value to the constraints. Its error, ErrConstraint, says nothing
// else about the value.
func (v Value) Check(c Constraints) error {
	if v.Len() < c.minLength || c.whole != nil && !c.whole.Match(v.peek()) {
		return ErrConstraint
	}
	return nil
}

// HasExpression reports whether the value has to match something.
func (c Constraints) HasExpression() bool { return c.expression != "" }

// MinLength is the least length, 0 for none.
func (c Constraints) MinLength() int { return c.minLength }

// Equal reports whether two constraints are the same question.
func (c Constraints) Equal(other Constraints) bool {
	return c.minLength == other.minLength && c.expression == other.expression
}

// Plain is the constraints as one text, as a guard file allows them: like String,
// but the expression as it is.
func (c Constraints) Plain() string {
	var all []string
	if c.minLength > 0 {
		all = append(all, "min_length="+strconv.Itoa(c.minLength))
	}
	if c.expression != "" {
		all = append(all, "matches="+c.expression)
	}
	return strings.Join(all, ",")
}

// Written is the constraints as a manifest writes them: matches = "…" and
// min_length = N. quote writes a text of the manifest.
func (c Constraints) Written(quote func(string) string) string {
	var all []string
	if c.expression != "" {
		all = append(all, "matches = "+quote(c.expression))
	}
	if c.minLength > 0 {
		all = append(all, "min_length = "+strconv.Itoa(c.minLength))
	}
	return strings.Join(all, " and ")
}

// Merge makes one constraint of several: the greatest length, and an expression
// that matches what any of theirs does.
func Merge(all []Constraints) Constraints {
	var merged Constraints
	var expressions []string
	for _, c := range all {
		merged.minLength = max(merged.minLength, c.minLength)
		if c.expression != "" && !slices.Contains(expressions, c.expression) {
			expressions = append(expressions, c.expression)
		}
	}
	if len(expressions) == 1 {
		merged.expression = expressions[0]
	} else if len(expressions) > 1 {
		merged.expression = "(?:" + strings.Join(expressions, ")|(?:") + ")"
	}
	return merged
}

// maxRepeat is how often an expression may repeat something.
const maxRepeat = 1000

// AtLeast is an expression for any value of at least n characters.
func AtLeast(n int) string { return "(?s)" + repeated(".", n) }

// repeated is an expression for at least n characters of a class.
func repeated(class string, n int) string {
	var b strings.Builder
	for ; n > maxRepeat; n -= maxRepeat {
		fmt.Fprintf(&b, "%s{%d}", class, maxRepeat)
	}
	fmt.Fprintf(&b, "%s{%d,}", class, n)
	return b.String()
}

// Around makes a constraint for a whole JSON value of one for a field that is a
// text in it.
func (f Field) Around(c Constraints) Constraints {
	key := string(f[strings.LastIndexByte(string(f), '.')+1:])
	inner := c.expression
	if inner == "" {
		inner = repeated(`[^"]`, c.minLength)
	}
	return Constraints{expression: `(?s).*"` + regexp.QuoteMeta(key) + `"\s*:\s*"(?:` + inner + `)".*`}
}

// Above reports whether other is a part of what f names.
func (f Field) Above(other Field) bool {
	return f != other && (f == "" || strings.HasPrefix(string(other), string(f)+"."))
}
