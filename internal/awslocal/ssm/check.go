package ssm

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// A check collects what a request breaks of the service's model. AWS lists all of it in one ValidationException.
type check struct{ broken []string }

// refuse adds a constraint that a member breaks.
func (c *check) refuse(value, member, rule string) {
	c.broken = append(c.broken, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule))
}

// length checks the number of characters of a member. It quotes the value, so do not use it for secret members.
func (c *check) length(member, value string, least, most int) {
	switch n := utf8.RuneCountInString(value); {
	case n < least:
		c.refuse(value, member, fmt.Sprintf("have length greater than or equal to %d", least))
	case n > most:
		c.refuse(value, member, fmt.Sprintf("have length less than or equal to %d", most))
	}
}

// items checks that a list has 1 to most items of 1 to longest characters.
func (c *check) items(member string, values []string, most, longest int) {
	quoted := "[" + strings.Join(values, ", ") + "]"
	switch n := len(values); {
	case n < 1:
		c.refuse(quoted, member, "have length greater than or equal to 1")
	case n > most:
		c.refuse(quoted, member, fmt.Sprintf("have length less than or equal to %d", most))
	}
	wrong := func(value string) bool {
		n := utf8.RuneCountInString(value)
		return n < 1 || n > longest
	}
	if slices.ContainsFunc(values, wrong) {
		c.refuse(quoted, member, fmt.Sprintf("satisfy constraint: [Member must have length less than or equal to %d, "+
			"Member must have length greater than or equal to 1]", longest))
	}
}

// enum checks that a member has one of the values. If there is a default, the caller does not check an empty one.
func (c *check) enum(member, value string, values ...string) {
	if !slices.Contains(values, value) {
		c.refuse(value, member, "satisfy enum value set: ["+strings.Join(values, ", ")+"]")
	}
}

// pattern checks a member against the model's regular expression. text is how AWS writes it.
func (c *check) pattern(member, value string, pattern *lazyregexp.Regexp, text string) {
	if !pattern.MatchString(value) {
		c.refuse(value, member, "satisfy regular expression pattern: "+text)
	}
}

// given refuses a required member that is not there.
func (c *check) given(member string, is bool) {
	if !is {
		c.broken = append(c.broken, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", member))
	}
}

// err is the error for all that is broken, or nil for nothing.
func (c *check) err() error {
	if len(c.broken) == 0 {
		return nil
	}
	return call.NewError("ValidationException", call.Detected(c.broken...))
}
