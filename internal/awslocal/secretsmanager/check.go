package secretsmanager

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// A check collects what a request breaks of the service's model. AWS lists all of it in one ValidationException.
type check struct{ broken []string }

func (c *check) refuse(value, member, rule string) {
	c.broken = append(c.broken, fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: Member must %s", value, member, rule))
}

// length checks the number of characters of a member, if it is there. It quotes the value.
func (c *check) length(member string, value *string, least, most int) {
	if value != nil {
		c.size(" '"+*value+"'", member, utf8.RuneCountInString(*value), least, most)
	}
}

// required checks the length of a member that must be there, and must not be empty.
func (c *check) required(member string, value *string, most int) {
	c.given(member, value != nil)
	c.length(member, value, 1, most)
}

// given refuses a required member that is not there.
func (c *check) given(member string, is bool) {
	if !is {
		c.refuse(" null", member, "not be null")
	}
}

// size checks a length. quoted is the value as the error quotes it; "" for a secret.
func (c *check) size(quoted, member string, n, least, most int) {
	switch {
	case n < least:
		c.refuse(quoted, member, fmt.Sprintf("have length greater than or equal to %d", least))
	case n > most:
		c.refuse(quoted, member, fmt.Sprintf("have length less than or equal to %d", most))
	}
}

// between checks a number, if it is there.
func (c *check) between(member string, value *int, least, most int) {
	switch {
	case value == nil:
	case *value < least:
		c.refuse(fmt.Sprintf(" '%d'", *value), member, fmt.Sprintf("have value greater than or equal to %d", least))
	case *value > most:
		c.refuse(fmt.Sprintf(" '%d'", *value), member, fmt.Sprintf("have value less than or equal to %d", most))
	}
}

// pattern checks a member against the model's regular expression, if it is there. text is how AWS writes it.
func (c *check) pattern(member string, value *string, pattern *lazyregexp.Regexp, text string) {
	if value != nil && !pattern.MatchString(*value) {
		c.refuse(" '"+*value+"'", member, "satisfy regular expression pattern: "+text)
	}
}

// enum checks that a member has one of the values, if it is there.
func (c *check) enum(member string, value *string, values ...string) {
	if value == nil {
		return
	}
	for _, v := range values {
		if v == *value {
			return
		}
	}
	c.refuse(" '"+*value+"'", member, "satisfy enum value set: ["+strings.Join(values, ", ")+"]")
}

// secretID checks what names a secret in a request.
func (c *check) secretID(id *string) { c.required("secretId", id, maxID) }

// versionID checks the ID of a version, if it is there.
func (c *check) versionID(member string, id *string) {
	c.length(member, id, minVersionID, maxVersionID)
}

// token checks the length of the ClientRequestToken, if it is there.
func (c *check) token(token *string) { c.versionID("clientRequestToken", token) }

// stage checks the label of a version, if it is there.
func (c *check) stage(member string, stage *string) { c.length(member, stage, 1, maxStage) }

// quoted is a list as the text of an error has it.
func quoted(values []string) string { return "[" + strings.Join(values, ", ") + "]" }

// err is the error for all that is broken, or nil for nothing.
func (c *check) err() error {
	if len(c.broken) == 0 {
		return nil
	}
	return call.NewError("ValidationException", call.Detected(c.broken...))
}
