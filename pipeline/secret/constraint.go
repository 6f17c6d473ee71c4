package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	// ErrTooShort reports a value that is shorter than a constraint asks for.
	ErrTooShort = errors.New("the value is too short")
	// ErrNoMatch reports a value that does not match a constraint's expression.
	ErrNoMatch = errors.New("the value does not match")
)

// Constraints are what a value is held to before it is sealed. The zero value
// asks for nothing.
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

// Check holds a value to the constraints. Its errors, ErrTooShort and ErrNoMatch,
// say nothing about the value.
func (v Value) Check(c Constraints) error {
	switch {
	case v.Len() < c.minLength:
		return ErrTooShort
	case c.whole != nil && !c.whole.Match(v.peek()):
		return ErrNoMatch
	}
	return nil
}
