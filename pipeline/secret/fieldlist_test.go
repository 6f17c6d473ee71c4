package secret

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/layerbuild/sealed"
)

func TestParseFieldKeys(t *testing.T) {
	for _, tt := range []struct {
		keys    []string
		field   Field
		written string
	}{
		{[]string{"password"}, "password", "password"},
		{[]string{"live", "0", "_key-1"}, "live.0._key-1", "live.0._key-1"},
		{[]string{"spring.datasource.password"}, "/spring.datasource.password", `["spring.datasource.password"]`},
		{[]string{"plain", "a/b"}, "/plain/a%2Fb", `["plain", "a/b"]`},
		{[]string{"-a"}, "/-a", `["-a"]`},
		{[]string{"user name", "ключ", "🔑"}, "/user%20name/%D0%BA%D0%BB%D1%8E%D1%87/%F0%9F%94%91", `["user name", "ключ", "🔑"]`},
		{[]string{`a"b\`, "${c}", "%{d}", "~!*'()"}, "/a%22b%5C/%24%7Bc%7D/%25%7Bd%7D/~%21%2A%27%28%29", `["a\"b\\", "$${c}", "%%{d}", "~!*'()"]`},
		{[]string{"a%20b"}, "/a%2520b", `["a%20b"]`},
		{[]string{"."}, "/.", `["."]`},
	} {
		f, err := ParseFieldKeys(tt.keys)
		if err != nil || f != tt.field || f.String() != tt.written || !slices.Equal(f.Keys(), tt.keys) {
			t.Errorf("%q: %s, written %s, keys %q, %v", tt.keys, string(f), f, f.Keys(), err)
		}
	}
	for want, keys := range map[string][]string{
		"empty list":         {},
		"empty key":          {"a.b", ""},
		"not text in UTF-8":  {"a\xff"},
		"the key \"\ufffd\"": {"\ufffd"},
		"the limit is 256":   {strings.Repeat("x", MaxField+1)},
		"the limit is 1024":  {strings.Repeat(".", MaxFieldList)},
		"takes 1027 bytes":   {strings.Repeat("é", 171)},
	} {
		if f, err := ParseFieldKeys(keys); err == nil || f != "" || !strings.Contains(err.Error(), want) || len(err.Error()) > 400 {
			t.Errorf("%.20q: %v", keys, err)
		}
	}
	if f, err := ParseFieldKeys([]string{strings.Repeat(".", MaxFieldList-1)}); err != nil || len(f) != MaxFieldList {
		t.Errorf("%d bytes: %v", len(f), err)
	}
}

func TestFieldIsPrintedAsInAManifest(t *testing.T) {
	for want, f := range map[string]Field{
		`live.key "live.key" live.key`:           "live.key",
		`["a.b"] ["a.b"] ["a.b"]`:                "/a.b",
		` "" `:                                   "",
		`["a", "b c"] ["a", "b c"] ["a", "b c"]`: "/a/b%20c",
	} {
		if got := fmt.Sprintf("%s %q %v", f, f, f); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestFieldOfAList(t *testing.T) {
	for _, tt := range []struct {
		value string
		keys  []string
		want  string
	}{
		{`{"spring.datasource.password":"x"}`, []string{"spring.datasource.password"}, "x"},
		{`{"spring":{"datasource":"no"},"spring.datasource":"x"}`, []string{"spring.datasource"}, "x"},
		{`{"a b":{"c/d":["no",{"e:f":"x"}]}}`, []string{"a b", "c/d", "1", "e:f"}, "x"},
		{`{"\u043a\u043b\u044e\u0447":"x"}`, []string{"ключ"}, "x"},
		{`{"\ud83d\udd11":1.50}`, []string{"🔑"}, "1.50"},
	} {
		f, err := ParseFieldKeys(tt.keys)
		if err != nil {
			t.Fatal(err)
		}
		got, err := New([]byte(tt.value)).Field(f, JSON)
		if err != nil || string(got.Reveal()) != tt.want {
			t.Errorf("%s of %s: %q, %v", f, tt.value, got.Reveal(), err)
		}
	}
	for message, tt := range map[string]struct {
		value string
		field Field
		want  error
	}{
		`there is nothing at ["a.b"]`:           {`{"a":{"b":"SECRET"}}`, "/a.b", ErrFieldAbsent},
		`there is nothing at "a"`:               {`{"SECRET":{}}`, "/a/b.c", ErrFieldAbsent},
		`there is nothing at ["a", "b.c"]`:      {`{"a":{"b.c":null}}`, "/a/b.c", ErrFieldAbsent},
		`the key "a.b" occurs twice`:            {`{"a.b":"SECRET","a.b":"SECRET"}`, "/a.b", ErrNotJSON},
		`the string at ["a.b"] has an escape`:   {`{"a.b":"SECRET\ud800"}`, "/a.b", ErrNotJSON},
		`the value has no such field: there is`: {`{"\ud800.":"SECRET"}`, "/x.", ErrFieldAbsent},
	} {
		got, err := New([]byte(tt.value)).Field(tt.field, JSON)
		if !errors.Is(err, tt.want) || got.Reveal() != nil || !strings.Contains(err.Error(), message) || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "separate keys") {
			t.Errorf("%s of %s: %v, want %s", tt.field, tt.value, err, message)
		}
	}
}

func TestReplaceFieldOfAList(t *testing.T) {
	for _, tt := range []struct {
		value, want string
		field       Field
	}{
		{`{"a.b": "x", "a": {"b": 1}}`, `{"a.b": "new", "a": {"b": 1}}`, "/a.b"},
		{`{"c":1}`, `{"c":1,"a \"b\\": "new"}`, "/a%20%22b%5C"},
		{"", `{"a.b": {"</ключ>": "new"}}`, "/a.b/%3C%2F%D0%BA%D0%BB%D1%8E%D1%87%3E"},
		{`{"a.b": ["x"]}`, `{"a.b": ["new"]}`, "/a.b/0"},
	} {
		var v Value
		if tt.value != "" {
			v = New([]byte(tt.value))
		}
		got, err := v.WithField(tt.field, JSON, New([]byte("new")))
		if err != nil || string(got.Reveal()) != tt.want {
			t.Errorf("%s of %s: %s, %v, want %s", tt.field, tt.value, got.Reveal(), err, tt.want)
		}
	}
	_, err := New([]byte(`{"a.b":"SECRET"}`)).WithField("/a.b/c", JSON, New([]byte("new")))
	if !errors.Is(err, ErrFieldAbsent) || !strings.Contains(err.Error(), `what is at ["a.b"] is not an object`) {
		t.Error(err)
	}
}

// FuzzParseFieldKeys checks that a document takes every field that ParseFieldKeys
// returns (F-15, F-38), and that it has the keys.
func FuzzParseFieldKeys(f *testing.F) {
	for _, keys := range []string{"a", "a.b\x00c", "-", "ключ\x00\x01", "%2E\x00~", "\xff", "", "0\x00_"} {
		f.Add(keys)
	}
	f.Fuzz(func(t *testing.T, joined string) {
		keys := strings.Split(joined, "\x00")
		field, err := ParseFieldKeys(keys)
		if err != nil {
			return
		}
		if !slices.Equal(field.Keys(), keys) {
			t.Errorf("%q became %q", keys, field.Keys())
		}
		h := sealed.Header{Bundle: "b", Environment: "e", Function: "f", Name: "n", Mode: sealed.Pack,
			Sources: []sealed.Source{{Secret: "AA", Encoding: "text", ARN: "arn:aws:ssm:us-east-1:000000000000:parameter/a", Version: 1,
				Modified: time.Unix(0, 0), Field: string(field)}},
			Boxes: []sealed.Box{{Secrets: []string{"AA"}}}}
		if _, err := h.Marshal(); err != nil {
			t.Error(err)
		}
	})
}
