package secret

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestConstraintsMatchTheWholeValue(t *testing.T) {
	for _, tt := range []struct {
		min        int
		expression string
		value      string
		want       error
	}{
		{0, "", "", nil},
		{0, "", "anything", nil},
		{8, "", "8 bytes!", nil},
		{9, "", "8 bytes!", ErrConstraint},
		{2, "", "é", nil}, // bytes, not characters
		{3, "", "é", ErrConstraint},
		{1, "", "", ErrConstraint},
		{0, "sk_live_[A-Za-z0-9]+", "sk_live_abc", nil},
		{0, "sk_live_[A-Za-z0-9]+", "sk_test_abc", ErrConstraint},
		{0, "sk_live_[A-Za-z0-9]+", "xsk_live_abc", ErrConstraint},
		{0, "sk_live_[A-Za-z0-9]+", "sk_live_abc\n", ErrConstraint},
		{0, "a|b", "ab", ErrConstraint}, // a or b, but not a value that begins or ends like that
		{0, "a|b", "b", nil},
		{0, "^a$", "a", nil},
		{0, "(?m)^a$", "a\nb", ErrConstraint},
		{0, "(?i)abc", "ABC", nil},
		{0, ".*", "two\nlines", ErrConstraint},
		{0, "(?s).*", "two\nlines", nil},
		{4, "a+", "aaa", ErrConstraint},
		{4, "a+", "aaab", ErrConstraint},
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

// The error is the same whether a value is too short or does not match.
func TestConstraintsHaveOneAnswer(t *testing.T) {
	c, err := ParseConstraints(8, "[a-z]+")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"short", "LONG ENOUGH", "NO", ""} {
		if err := New([]byte(value)).Check(c); err == nil || err.Error() != "the value does not meet its constraint" {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestMergedConstraintsAreValid(t *testing.T) {
	parse := func(n int, expression string) Constraints {
		c, err := ParseConstraints(n, expression)
		if err != nil {
			t.Fatalf("%d, %q: %v", n, expression, err)
		}
		return c
	}
	for _, tt := range []struct {
		all  []Constraints
		want string
	}{
		{[]Constraints{parse(12, ""), parse(20, "")}, `min_length = 20`},
		{[]Constraints{parse(20, ""), parse(0, "sk_.*")}, `matches = sk_.* and min_length = 20`},
		{[]Constraints{parse(20, "sk_.*"), parse(0, "sk_.*")}, `matches = sk_.* and min_length = 20`},
		{[]Constraints{parse(0, "a|b"), parse(0, "(?i)c"), parse(0, "a|b")}, `matches = (?:a|b)|(?:(?i)c)`},
	} {
		merged := Merge(tt.all)
		if got := merged.Written(func(s string) string { return s }); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		parse(merged.minLength, merged.expression)
	}
	for _, n := range []int{1, 20, 999, 1000, 1001, 2500, 8192} {
		c := parse(0, AtLeast(n))
		if New([]byte(strings.Repeat("\n", n))).Check(c) != nil || New([]byte(strings.Repeat("x", n-1))).Check(c) == nil {
			t.Errorf("%s is not for %d characters", AtLeast(n), n)
		}
	}
	for _, tt := range []struct {
		field Field
		c     Constraints
		value string
		ok    bool
	}{
		{"live.key", parse(0, "sk_[a-z]+"), `{"live": {"key": "sk_abc"}}`, true},
		{"live.key", parse(0, "sk_[a-z]+"), `{"live": {"key": "pk_abc"}}`, false},
		{"a-b", parse(4, ""), "{\n\"a-b\":\"four\"}", true},
		{"/live/my.key%22", parse(4, ""), `{"live": {"my.key\"": "four"}}`, true},
		{"/live/my.key", parse(4, ""), `{"live": {"my-key": "four"}}`, false},
		{"a-b", parse(5, ""), `{"a-b":"four"}`, false},
		{"a", parse(1200, ""), `{"a":"` + strings.Repeat("x", 1200) + `"}`, true},
		{"a", parse(1201, ""), `{"a":"` + strings.Repeat("x", 1200) + `"}`, false},
	} {
		whole := tt.field.Around(tt.c)
		if got := New([]byte(tt.value)).Check(parse(0, whole.expression)) == nil; got != tt.ok {
			t.Errorf("%s on %s: %v", whole.expression, tt.value, got)
		}
	}
}

func TestFieldsAboveOthers(t *testing.T) {
	for _, tt := range []struct {
		above, below Field
		want         bool
	}{
		{"", "a", true}, {"a", "a.b", true}, {"a", "a.b.c", true}, {"a.b", "a.b.c", true},
		{"", "", false}, {"a", "a", false}, {"a", "ab", false}, {"a.b", "a", false}, {"a", "", false}, {"a", "b.a", false}, {"a.b", "a.bc", false},
		{"a", "/a/b.c", true}, {"/a/b.c", "/a/b.c/d", true}, {"/a.b", "a.b", false}, {"a", "/a.b", false},
	} {
		if got := tt.above.Above(tt.below); got != tt.want {
			t.Errorf("%q above %q: %v", tt.above, tt.below, got)
		}
	}
}

// The size of an expression's program is limited before it is compiled: each of these
// would take megabytes, and a manifest can have thousands.
func TestExpressionsAreBounded(t *testing.T) {
	for expression, ok := range map[string]bool{
		`[A-Za-z0-9+/=]{1000}`:             true,
		`sk_live_[0-9a-zA-Z]{24,99}`:       true,
		AtLeast(8192):                      true,
		`[\pL\pN]{32}`:                     true,
		`[\pL\pN]{400}[\pS]{400}`:          false,
		`(?:\pL{30}){30}`:                  false,
		strings.Repeat(`[\pL\pN]{1,9}`, 9): false,
	} {
		if _, err := ParseConstraints(0, expression); (err == nil) != ok {
			t.Errorf("%.40s: %v", expression, err)
		}
	}
}

func TestExpressionsOfAManifestAreBoundedTogether(t *testing.T) {
	var expressions Expressions
	for i := range 2 * maxClasses {
		_, err := expressions.Parse(0, fmt.Sprintf(`\pL%d`, i%maxClasses))
		if err != nil {
			t.Fatalf("%d: one expression counts once: %v", i, err)
		}
	}
	if _, err := expressions.Parse(0, `\pN`); err == nil || !strings.Contains(err.Error(), "500 classes") {
		t.Errorf("one class more: %v", err)
	}
	if _, err := expressions.Parse(0, "[a-z]+"); err != nil {
		t.Errorf("an expression without classes: %v", err)
	}
}
