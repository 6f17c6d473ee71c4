package secret

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestAFieldIsReplacedAndNothingElse(t *testing.T) {
	for _, tt := range []struct{ value, field, to, want string }{
		{`{"a": "x", "b": 1.50, "c": 1e400}`, "a", "y", `{"a": "y", "b": 1.50, "c": 1e400}`},
		{"{\n\t\"z\": 12345678901234567890,\n\t\"live\": {\"key\": \"x\", \"other\": \"\\u00e9\\/\"}\n}\n", "live.key", "new",
			"{\n\t\"z\": 12345678901234567890,\n\t\"live\": {\"key\": \"new\", \"other\": \"\\u00e9\\/\"}\n}\n"},
		{`{"b":1,"a":"x"}`, "a", `quote " and \ and <&> and ` + "\n\x01é", `{"b":1,"a":"quote \" and \\ and <&> and \n\u0001é"}`},
		{`{"port": 5432, "on": true, "o": {"x": 1}, "l": [1,2]}`, "port", "5433", `{"port": 5433, "on": true, "o": {"x": 1}, "l": [1,2]}`},
		{`{"on": true}`, "on", "false", `{"on": false}`},
		{`{"o": {"x": 1}}`, "o", `{"y":2}`, `{"o": {"y":2}}`},
		{`{"l": [1,2]}`, "l", `[3]`, `{"l": [3]}`},
		{`{"a": null}`, "a", "5", `{"a": "5"}`},
		{`{"a": "5"}`, "a", "6", `{"a": "6"}`},
		{`["a", {"k": "x"}]`, "1.k", "y", `["a", {"k": "y"}]`},
		{"\ufeff {\"a\": \"x\"} ", "a", "y", "\ufeff {\"a\": \"y\"} "},
		{`{"b": 1}`, "a", "x", `{"b": 1, "a": "x"}`},
		{`{"b":1}`, "a", "x", `{"b":1,"a": "x"}`},
		{`{"b": 1, "c": 2}`, "a", "x", `{"b": 1, "c": 2, "a": "x"}`},
		{"{\n  \"b\": 1\n}", "a", "x", "{\n  \"b\": 1,\n  \"a\": \"x\"\n}"},
		{`{ }`, "live.key", "x", `{"live": {"key": "x"} }`},
		{`{"live": {}}`, "live.key", "x", `{"live": {"key": "x"}}`},
		{`{"\u0061": "x"}`, "a", "y", `{"\u0061": "y"}`},
		{`{"a": {"a": "x"}, "b": "x"}`, "a.a", "y", `{"a": {"a": "y"}, "b": "x"}`},
	} {
		got, err := New([]byte(tt.value)).WithField(Field(tt.field), JSON, New([]byte(tt.to)))
		if err != nil || string(got.Reveal()) != tt.want {
			t.Errorf("%s of %s: %v\ngot  %s\nwant %s", tt.field, tt.value, err, got.Reveal(), tt.want)
		}
	}
	if got, err := (Value{}).WithField("live.key", JSON, New([]byte("x"))); err != nil || string(got.Reveal()) != `{"live": {"key": "x"}}` {
		t.Errorf("of no value: %s, %v", got.Reveal(), err)
	}
}

func TestFieldsThatCannotBeReplaced(t *testing.T) {
	for _, tt := range []struct {
		value, field, to string
		want             error
	}{
		{`not json c4nary`, "a", "x", ErrNotJSON},
		{``, "a", "x", ErrNotJSON},
		{`{"a": "x"} {"a": "y"}`, "a", "x", ErrNotJSON},
		{`{"a": "c4nary", "a": "y"}`, "a", "x", ErrNotJSON},
		{`{"a": {"k": 1}, "a": {"k": 2}}`, "a.k", "3", ErrNotJSON},
		{"{\"a\": \"\xff\"}", "a", "x", ErrNotJSON},
		{`{"a": "x"}`, "a", "\xff", ErrNotJSON},
		{`{"a": 5}`, "a", "c4nary", ErrFieldKind},
		{`{"a": 5}`, "a", "", ErrFieldKind},
		{`{"a": 5}`, "a", "true", ErrFieldKind},
		{`{"a": true}`, "a", "1", ErrFieldKind},
		{`{"a": {"k": 1}}`, "a", "x", ErrFieldKind},
		{`{"a": [1]}`, "a", "{}", ErrFieldKind},
		{`{"a": {}}`, "a", " 5 ", ErrFieldKind},
		{`{"a": 5}`, "a", " \n", ErrFieldKind},
		{`{"a": 5}`, "a", "5 6", ErrFieldKind},
		{`{"a": 5}`, "a", "6\n", ErrFieldBlanks},
		{`{"a": 5}`, "a", "\t6", ErrFieldBlanks},
		{`{"a": 5}`, "a", "5\r\n", ErrFieldBlanks},
		{`{"a": true}`, "a", "false ", ErrFieldBlanks},
		{`{"a": {"k": 1}}`, "a", " {}", ErrFieldBlanks},
		{`{"a": [1]}`, "a", "\n[]\n", ErrFieldBlanks},
		{`{"a": "text"}`, "a.b", "x", ErrFieldAbsent},
		{`{"a": 5}`, "a.b", "x", ErrFieldAbsent},
		{`["a"]`, "1", "x", ErrFieldAbsent},
		{`"text"`, "a", "x", ErrFieldAbsent},
		{`5`, "a", "x", ErrFieldAbsent},
		{`{"a": null}`, "a.b", "x", ErrFieldAbsent},
	} {
		_, err := New([]byte(tt.value)).WithField(Field(tt.field), JSON, New([]byte(tt.to)))
		if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%s of %s: %v", tt.field, tt.value, err)
		}
	}
}

// Whatever a JSON value is, only the field changes, and it is then what was asked for.
func FuzzWithField(f *testing.F) {
	f.Add([]byte(`{"a": {"b": "x"}, "c": [1, 2.0]}`), "a.b", []byte("y"))
	f.Add([]byte("{\n}"), "a", []byte("\u2028"))
	f.Fuzz(func(t *testing.T, value []byte, field string, to []byte) {
		parsed, err := ParseField(field)
		if err != nil || parsed == "" {
			return
		}
		v, err := New(value).WithField(parsed, JSON, New(to))
		if err != nil {
			return
		}
		if got, err := v.Field(parsed, JSON); err != nil || string(got.Reveal()) != string(to) || !json.Valid([]byte(strings.TrimPrefix(string(v.Reveal()), "\ufeff"))) {
			t.Errorf("%q of %q to %q: %q, %v", field, value, to, v.Reveal(), err)
		}
	})
}

func TestLineEndsAndReferences(t *testing.T) {
	for value, want := range map[string]int{"": 0, "x": 0, "x\n": 1, "x\r\n": 2, "x\r": 0, "\n": 1, "\r\n": 2, "x\n\n": 1} {
		v := New([]byte(value))
		if v.LineEnd() != want || string(v.WithoutLineEnd().Reveal()) != value[:len(value)-want] {
			t.Errorf("%q: %d, %q", value, v.LineEnd(), v.WithoutLineEnd().Reveal())
		}
	}
	for value, want := range map[string]bool{"{{ssm:x}}": true, "a {{\n}} b": true, "{{}}": true, "{{": false, "}}{{": false, `{"a":{"b":{}}}`: false, "{ {}}": false} {
		if New([]byte(value)).HasReference() != want {
			t.Errorf("%q", value)
		}
	}
}
