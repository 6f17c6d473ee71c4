package secret

import (
	"errors"
	"strings"
	"testing"
)

func TestConstraintsHoldTheWholeValue(t *testing.T) {
	for _, tt := range []struct {
		min        int
		expression string
		value      string
		want       error
	}{
		{0, "", "", nil},
		{0, "", "anything", nil},
		{8, "", "8 bytes!", nil},
		{9, "", "8 bytes!", ErrTooShort},
		{2, "", "é", nil}, // bytes, not characters
		{3, "", "é", ErrTooShort},
		{1, "", "", ErrTooShort},
		{0, "sk_live_[A-Za-z0-9]+", "sk_live_abc", nil},
		{0, "sk_live_[A-Za-z0-9]+", "sk_test_abc", ErrNoMatch},
		{0, "sk_live_[A-Za-z0-9]+", "xsk_live_abc", ErrNoMatch},
		{0, "sk_live_[A-Za-z0-9]+", "sk_live_abc\n", ErrNoMatch},
		{0, "a|b", "ab", ErrNoMatch}, // a or b, not what begins or ends so
		{0, "a|b", "b", nil},
		{0, "^a$", "a", nil},
		{0, "(?m)^a$", "a\nb", ErrNoMatch},
		{0, "(?i)abc", "ABC", nil},
		{0, ".*", "two\nlines", ErrNoMatch},
		{0, "(?s).*", "two\nlines", nil},
		{4, "a+", "aaa", ErrTooShort},
		{4, "a+", "aaab", ErrNoMatch},
		{4, "a+", "aaaa", nil},
	} {
		c, err := ParseConstraints(tt.min, tt.expression)
		if err != nil {
			t.Fatal(err)
		}
		if err := New([]byte(tt.value)).Check(c); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%d and %q on %q: %v", tt.min, tt.expression, tt.value, err)
		}
	}
}

func TestConstraintsThatAreNone(t *testing.T) {
	for _, expression := range []string{"(", "a)|(b", "[a", "a**", `\8`, "(?<=a)b", "a{1001}", "(a{1000}){1000}", `\`} {
		if _, err := ParseConstraints(0, expression); err == nil || !strings.HasPrefix(err.Error(), "the regular expression") {
			t.Errorf("%q: %v", expression, err)
		}
	}
}

func TestConstraintsHaveOneName(t *testing.T) {
	const a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" // printf a | sha256sum
	for _, tt := range []struct {
		min        int
		expression string
		want       string
	}{
		{0, "", ""}, {8, "", "min_length=8"}, {0, "a", "matches=" + a}, {12, "a", "min_length=12,matches=" + a},
	} {
		c, err := ParseConstraints(tt.min, tt.expression)
		if err != nil || c.String() != tt.want || c.Any() != (tt.want != "") {
			t.Errorf("%d and %q: %q, %v", tt.min, tt.expression, c, err)
		}
	}
}
