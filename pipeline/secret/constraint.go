package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// ErrConstraint reports a value that does not meet its constraint. It does not say
// which part, because that would reveal more about the value.
var ErrConstraint = errors.New("the value does not meet its constraint")

// Constraints are what a value is checked against before it is sealed. Together they
// are one question about it, with one answer. The zero value allows every value.
type Constraints struct {
	minLength  int // in bytes
	expression string
}

// maxSteps is the largest size of an expression, as counted by steps, with every
// repetition and every range of a character class written out. The program that
// Go's regexp package compiles it to is about as long.
const maxSteps = 100_000

// maxClasses is how many Unicode classes, such as \pL, all expressions of a manifest
// can use together. Parsing one takes about 100 µs, because it has hundreds of
// ranges.
const maxClasses = 500

// Expressions parses the constraints of one manifest, each distinct expression once.
// The zero value is ready to use.
type Expressions struct {
	read    map[string]error
	classes int
}

// Parse is [ParseConstraints] with a limit on all expressions together.
func (e *Expressions) Parse(minLength int, expression string) (Constraints, error) {
	if expression == "" {
		return ParseConstraints(minLength, "")
	}
	err, known := e.read[expression]
	if !known {
		classes := strings.Count(expression, `\p`) + strings.Count(expression, `\P`)
		if e.classes += classes; classes > 0 && e.classes > maxClasses {
			err = fmt.Errorf("the regular expressions of the manifest name more than %d classes such as \\pL: write fewer, or a range of characters instead", maxClasses)
		} else {
			_, err = ParseConstraints(minLength, expression)
		}
		if e.read == nil {
			e.read = make(map[string]error)
		}
		e.read[expression] = err
	}
	if err != nil {
		return Constraints{}, err
	}
	return Constraints{minLength: minLength, expression: expression}, nil
}

// ParseConstraints parses the constraints of a manifest: the smallest length in
// bytes, or 0, and a regular expression in Go's syntax that the whole value must
// match, or "": https://pkg.go.dev/regexp/syntax
func ParseConstraints(minLength int, expression string) (Constraints, error) {
	c := Constraints{minLength: minLength, expression: expression}
	if expression == "" {
		return c, nil
	}
	alone, err := syntax.Parse(expression, syntax.Perl) // parsed alone, because the whole could be valid by chance
	if err != nil {
		return Constraints{}, fmt.Errorf("the regular expression is not valid: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if _, err := syntax.Parse(c.whole(), syntax.Perl); err != nil || steps(alone) > maxSteps {
		return Constraints{}, errors.New("the regular expression is too complex: write one with fewer or smaller repetitions")
	}
	return c, nil
}

// whole returns the expression anchored at both ends.
func (c Constraints) whole() string { return `\A(?:` + c.expression + `)\z` }

// steps counts the steps of an expression.
func steps(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += steps(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxSteps+1)
}

// Any reports whether there is a constraint at all.
func (c Constraints) Any() bool { return c.minLength > 0 || c.expression != "" }

// Matches reports whether there is an expression, which says what the whole value looks like.
func (c Constraints) Matches() bool { return c.expression != "" }

// String returns the constraints as in a document (docs/format.md, F-34), with the
// expression's SHA-256, or "" if there are none.
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

// Check checks a value against the constraints. Its error is ErrConstraint, which
// says nothing else about the value.
func (v Value) Check(c Constraints) error {
	if v.Len() < c.minLength {
		return ErrConstraint
	}
	if c.expression == "" {
		return nil
	}
	// Compiled for this value only: the programs of thousands of secrets would take
	// gigabytes.
	whole, err := regexp.Compile(c.whole())
	if err != nil || !whole.Match(v.peek()) {
		return ErrConstraint
	}
	return nil
}

// HasExpression reports whether there is an expression.
func (c Constraints) HasExpression() bool { return c.expression != "" }

// MinLength returns the smallest length in bytes, or 0.
func (c Constraints) MinLength() int { return c.minLength }

// Equal reports whether two constraints are the same.
func (c Constraints) Equal(other Constraints) bool {
	return c.minLength == other.minLength && c.expression == other.expression
}

// Plain returns the constraints as one string, as in a guard file: like String, but
// with the expression itself.
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

// Written returns the constraints as in a manifest: matches = "…" and
// min_length = N. quote quotes a string for the manifest.
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

// Merge merges constraints: it keeps the greatest length, and an expression that
// matches whatever any of theirs does.
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

// maxRepeat is the largest repetition count in a regular expression.
const maxRepeat = 1000

// AtLeast returns an expression for any value of at least n characters.
func AtLeast(n int) string { return "(?s)" + repeated(".", n) }

// repeated returns an expression for at least n characters of a class.
func repeated(class string, n int) string {
	var b strings.Builder
	for ; n > maxRepeat; n -= maxRepeat {
		fmt.Fprintf(&b, "%s{%d}", class, maxRepeat)
	}
	fmt.Fprintf(&b, "%s{%d,}", class, n)
	return b.String()
}

// Around turns a constraint on a field that is a string into one on the whole JSON
// value.
func (f Field) Around(c Constraints) Constraints {
	keys := f.Keys()
	inner := c.expression
	if inner == "" {
		inner = repeated(`[^"]`, c.minLength)
	}
	return Constraints{expression: `(?s).*` + regexp.QuoteMeta(string(jsonString(keys[len(keys)-1]))) + `\s*:\s*"(?:` + inner + `)".*`}
}

// Above reports whether other is a part of the field f.
func (f Field) Above(other Field) bool {
	keys, others := f.Keys(), other.Keys()
	return len(keys) < len(others) && slices.Equal(keys, others[:len(keys)])
}
