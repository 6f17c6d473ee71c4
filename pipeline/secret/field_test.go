package secret

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestFieldTakesPartOfJSON(t *testing.T) {
	for _, tt := range []struct{ value, field, want string }{
		{"not JSON at all", "", "not JSON at all"},
		{`{"a":"text"}`, "a", "text"},
		{"\ufeff{\"a\":\"text\"}", "a", "text"},
		{"\n {\t\"a\" :  \"text\" }\n", "a", "text"},
		{`{"live":{"key":"sk"},"test":{"key":"no"}}`, "live.key", "sk"},
		{`{"a":"line\nbreak \"q\" \u00e9 \ud83d\ude00 é"}`, "a", "line\nbreak \"q\" é 😀 é"},
		{`{"a":""}`, "a", ""},
		{`{"a":"null"}`, "a", "null"},
		{`{"a":1.50e+3}`, "a", "1.50e+3"},
		{`{"a":12345678901234567890}`, "a", "12345678901234567890"},
		{`{"a":true}`, "a", "true"},
		{`{"a":false}`, "a", "false"},
		{`{"a": {"b" : [1, 2]} }`, "a", `{"b" : [1, 2]}`},
		{`{"a": [1, "x" ] }`, "a", `[1, "x" ]`},
		{`{"a":["x","y",{"z":"w"}]}`, "a.1", "y"},
		{`{"a":["x","y",{"z":"w"}]}`, "a.2.z", "w"},
		{`["x",["y"]]`, "1.0", "y"},
		{`{"0":"key of digits"}`, "0", "key of digits"},
		{`{"b":1,"b":2,"a":"other keys may repeat"}`, "a", "other keys may repeat"},
		{`{"A":"other case","a":"right"}`, "a", "right"},
		{`{"a":"\\ud800 is text"}`, "a", `\ud800 is text`},
		{`{"a":"�"}`, "a", "\uFFFD"},
		{`{"a":"\ufffd"}`, "a", "\uFFFD"},
		{`{"\u0061":"escaped key"}`, "a", "escaped key"},
		{`{"a":"nul \u0000"}`, "a", "nul \x00"},
	} {
		got, err := New([]byte(tt.value)).Field(Field(tt.field), JSON)
		if err != nil || string(got.Reveal()) != tt.want {
			t.Errorf("field %q of %s: %q, %v, want %q", tt.field, tt.value, got.Reveal(), err, tt.want)
		}
	}
}

func TestFieldMeantAsOneKey(t *testing.T) {
	for value, hint := range map[string]bool{
		`{"live":{"key":"SECRET"}}`:              false,
		`{"live":{}}`:                            false,
		`{"live":{"key-id_2":"SECRET"}}`:         false,
		`{"live":["SECRET"]}`:                    false,
		`{"live":"a.b"}`:                         false,
		`"SECRET.kye"`:                           false,
		`{"live":{"a":{"b.c":"SECRET"}}}`:        false,
		`{"live.kye":"SECRET"}`:                  true,
		`{"live/kye":"SECRET","live":{"a":"b"}}`: true,
		`{"live":{"the key":"SECRET"}}`:          true,
		`{"live":{"":"SECRET"}}`:                 false,
	} {
		_, err := New([]byte(value)).Field("live.kye", JSON)
		if !errors.Is(err, ErrFieldAbsent) || strings.Contains(err.Error(), "The dots in a field separate keys") != hint || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestFieldRefuses(t *testing.T) {
	for _, tt := range []struct {
		value, field string
		want         error
		message      string
	}{
		{"SECRET", "a", ErrNotJSON, "the value is not usable JSON"},
		{"", "a", ErrNotJSON, ""},
		{`{"a":"SECRET"`, "a", ErrNotJSON, ""},
		{`{"a":"SECRET"} x`, "a", ErrNotJSON, ""},
		{`{"a":"SECRET"}{}`, "a", ErrNotJSON, ""},
		{`{'a':'SECRET'}`, "a", ErrNotJSON, ""},
		{`{"a":"SECRET",}`, "a", ErrNotJSON, ""},
		{"{\ufeff\"a\":\"SECRET\"}", "a", ErrNotJSON, ""},
		{"\ufeff\ufeff{\"a\":\"SECRET\"}", "a", ErrNotJSON, ""},
		{`{"spring.datasource":"SECRET"}`, "spring.datasource", ErrFieldAbsent, `there is nothing at "spring". The dots in a field separate keys. If they are part of a key, write the keys as a list, for example field = ["spring.datasource"]`},
		{"{\"a\":\"SECRET\xff\"}", "a", ErrNotJSON, ""},
		{`{"a":"SECRET \ud800"}`, "a", ErrNotJSON, `the string at "a" has an escape for half of a surrogate pair`},
		{`{"a":"SECRET \udc00\ud800"}`, "a", ErrNotJSON, "half of a surrogate pair"},
		{`{"a":"SECRET \ud800A"}`, "a", ErrNotJSON, "half of a surrogate pair"},
		{`{"a":"SECRET","a":"SECRET2"}`, "a", ErrNotJSON, `the key "a" occurs twice`},
		{`{"a":null,"a":"SECRET2"}`, "a", ErrNotJSON, `the key "a" occurs twice`},
		{`{"a":{"k":1},"a":{"k":2}}`, "a.k", ErrNotJSON, `the key "a" occurs twice`},
		{`{"a":"1","\u0061":"2"}`, "a", ErrNotJSON, `the key "a" occurs twice`},
		{`{"SECRET":"x"}`, "a", ErrFieldAbsent, `there is nothing at "a"`},
		{`{"a":null}`, "a", ErrFieldAbsent, `there is nothing at "a"`},
		{`null`, "a", ErrFieldAbsent, ""},
		{`"SECRET"`, "a", ErrFieldAbsent, ""},
		{`12345678`, "a", ErrFieldAbsent, ""},
		{`{"a":"SECRET"}`, "a.b", ErrFieldAbsent, `there is nothing at "a.b"`},
		{`{"a":{"c":"SECRET"}}`, "a.b.d", ErrFieldAbsent, `there is nothing at "a.b"`},
		{`{"A":"SECRET"}`, "a", ErrFieldAbsent, ""},
		{`["SECRET"]`, "1", ErrFieldAbsent, ""},
		{`["SECRET"]`, "00", ErrFieldAbsent, ""},
		{`["SECRET"]`, "a", ErrFieldAbsent, ""},
		{`[]`, "0", ErrFieldAbsent, ""},
		{`{}`, "0", ErrFieldAbsent, ""},
	} {
		got, err := New([]byte(tt.value)).Field(Field(tt.field), JSON)
		if !errors.Is(err, tt.want) || got.Reveal() != nil {
			t.Errorf("field %q of %s: %q, %v, want %v", tt.field, tt.value, got.Reveal(), err, tt.want)
			continue
		}
		if !strings.Contains(err.Error(), tt.message) {
			t.Errorf("field %q of %s: %q lacks %q", tt.field, tt.value, err, tt.message)
		}
		if strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "12345678") {
			t.Errorf("the error quotes the value: %v", err)
		}
	}
}

func TestParseField(t *testing.T) {
	for _, s := range []string{"", "a", "live.key", "0", "a.0.b", "_x", "A-b_C9", "9-a", strings.Repeat("x", MaxField)} {
		if f, err := ParseField(s); err != nil || string(f) != s {
			t.Errorf("ParseField(%q) = %q, %v", s, f, err)
		}
	}
	for _, s := range []string{".", ".a", "a.", "a..b", "-a", "a.-b", "a b", "a[0]", "$.a", "é", "a\n", "\xff", "a/b", strings.Repeat("x", MaxField+1)} {
		if f, err := ParseField(s); err == nil || f != "" || len(err.Error()) > 400 {
			t.Errorf("ParseField(%q) = %q, %v", s, f, err)
		}
	}
	for s, list := range map[string]string{
		`spring\.password`:           `["spring\\", "password"]`,
		"db/password":                `["db/password"]`,
		"live.api key":               `["live", "api key"]`,
		"/spring.datasource/a%20key": `["spring.datasource", "a key"]`, // as in a document
		"/a/b":                       `["/a/b"]`,
		"é\xff":                      `["é"]`,
	} {
		if _, err := ParseField(s); err == nil || !strings.HasSuffix(err.Error(), "for example field = "+list) {
			t.Errorf("ParseField(%q): %v", s, err)
		}
	}
}

func FuzzField(f *testing.F) {
	for _, s := range []string{`{"a":"x"}`, `{"a":{"0":[null,true]}}`, `["\ud800"]`, `{"a":1,"a":2}`, "null", "{", "", "\xff", `{"a":"\ud83d\ude00"}`} {
		f.Add(s, "a.0")
	}
	f.Fuzz(func(t *testing.T, value, path string) {
		field, err := ParseField(path)
		if err != nil || field == "" {
			return
		}
		got, err := New([]byte(value)).Field(field, JSON)
		if err != nil {
			if !errors.Is(err, ErrNotJSON) && !errors.Is(err, ErrFieldAbsent) {
				t.Fatalf("unnamed error %v", err)
			}
			return
		}
		var whole any
		if json.Unmarshal([]byte(value), &whole) != nil {
			t.Fatalf("%q is not JSON, yet gave %q", value, got.Reveal())
		}
	})
}

func FuzzParseField(f *testing.F) {
	for _, s := range []string{"", "a", "live.key", "a..b", "-", "0.1", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if field, err := ParseField(s); err == nil && string(field) != s {
			t.Fatalf("ParseField(%q) = %q", s, field)
		}
	})
}
