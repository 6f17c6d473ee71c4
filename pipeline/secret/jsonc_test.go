package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// goodJSONC has documents with what the field "a" of each is.
var goodJSONC = []struct{ value, want string }{
	{`{"a": "x"}`, "x"},
	{`{"a": "x",}`, "x"},
	{`{"a": "x" , }`, "x"},
	{"{\"a\": \"x\", // comment\n}", "x"},
	{"{\"a\": \"x\", /* , */ }", "x"},
	{"// comment\n{\"a\": \"x\"}", "x"},
	{"// comment\r\n{\"a\": \"x\"}", "x"},
	{"{\"a\": \"x\"} // comment", "x"},
	{"{\"a\": \"x\"} /* comment */", "x"},
	{"/**/{/***/\"a\"/*:*/:/*\n\n*/\"x\"/* */}", "x"},
	{`{"b": "no", /* "a": "no", */ "a": "x"}`, "x"},
	{"{ // \"a\": \"no\",\n \"a\": \"x\"}", "x"},
	{`{"a": "x // y"}`, "x // y"},
	{`{"a": "x /* y */"}`, "x /* y */"},
	{`{"a": "x,]"}`, "x,]"},
	{`{"a": "\",}"}`, `",}`},
	{`{"a": "\\"} // "`, `\`},
	{`{"a": "http://example.com/"}`, "http://example.com/"},
	{`{"a": 5 // five` + "\n}", "5"},
	{`{"a": 5/**/}`, "5"},
	{`{"a": true,}`, "true"},
	{`{"a": [1, 2,],}`, "[1, 2,]"},
	{`{"a": {"b": 1, /* two */},}`, `{"b": 1, /* two */}`},
	{"{\"a\": {\n// é \U0001F600\n\"b\": 1}}", "{\n// é \U0001F600\n\"b\": 1}"},
	{`{"a": "x", "l": [{},[],{"b":[[],],},],}`, "x"},
	{"\ufeff{\"a\": \"x\",}", "x"},
	{"{\"a\": \"x\" /* \u2028 */}", "x"},
	{"{\"a\": \"x\" /* \r */}", "x"},
	{`{"a": "x" /* // */}`, "x"},
	{"{\"a\": \"x\" // /*\n}", "x"},
	{`{"\u0061": "x",}`, "x"},
}

// badJSONC has documents that nobody takes for JSON with comments.
var badJSONC = []string{
	"", "SECRET", "// SECRET", "/* SECRET */", `{"a": "SECRET"`, `{"a": "SECRET"} /* x`, `{"a": "SECRET"} /*/`, `{"a": "SECRET"} /`,
	`{"a": "SECRET",,}`, `{,"a": "SECRET"}`, `{"a": "SECRET"},`, `{,}`, `[,]`, `,`, `{"a": , "b": "SECRET"}`, `{"a":,}`, `{"a",}`, `[1,}`, `{"a": 1,]`,
	`{"a": "SECRET" "b": 1}`, `{a: "SECRET"}`, `{'a': 'SECRET'}`, `{"a": 0x5}`, `{"a": +5}`, `{"a": .5}`, `{"a": 5.}`, `{"a": 05}`, `{"a": NaN}`, `{"a": Infinity}`,
	`{"a": undefined}`, `{"a": "SECRET
"}`, `{"a": "SECRET\x"}`, `{"a": "\u12"}`, `{"a": "SECRET"} # x`, `{"a": "SECRET"} -- x`, `{"a": "SECRET"} <!-- x -->`, `{"a": tr/**/ue}`, `{"a": 1/**/2}`,
	`/* /* */ */ {"a": "SECRET"}`, `{"a": "SECRET"} {}`, "{\"a\": \"SECRET\"}\x00", `{"a": "SECRET"/ /x` + "\n}", `"SECRET`, `{"a": "SECRET`, `{"a": "SECRET\`,
}

// disputedJSONC has documents that readers read in different ways, or some do not read.
var disputedJSONC = []string{
	"{\"a\": \"x\" // y\r, \"a\": \"SECRET\"\n}", "{\"a\": \"x\" // y\u2028, \"b\": \"SECRET\"\n}", "{\"a\": \"x\" // y\u2029\n}", "// \r\r\n{\"a\": \"SECRET\"}",
	"{\"a\": \"SECRET\xff\"}", "{\"a\": \"SECRET\"} // \xff", "{\"a\": \"SECRET\",\v}", "{\"a\": \"SECRET\"}\u00a0",
	strings.Repeat("[", 10001) + "1" + strings.Repeat(",]", 10001),
}

func TestFieldOfJSONC(t *testing.T) {
	for _, tt := range goodJSONC {
		got, err := New([]byte(tt.value)).Field("a", JSONC)
		if err != nil || string(got.Reveal()) != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.value, got.Reveal(), err, tt.want)
		}
		if whole, err := New([]byte(tt.value)).Field("", JSONC); err != nil || string(whole.Reveal()) != tt.value {
			t.Errorf("the whole of %s is %q, %v", tt.value, whole.Reveal(), err)
		}
		if strict := json.Valid([]byte(strings.TrimPrefix(tt.value, "\ufeff"))); New([]byte(tt.value)).HasComments() == strict {
			t.Errorf("%s is JSON: %t, and so it has comments", tt.value, strict)
		}
		if _, err := New([]byte(tt.value)).Field("a", JSON); (err == nil) != json.Valid([]byte(strings.TrimPrefix(tt.value, "\ufeff"))) {
			t.Errorf("as JSON, %s: %v", tt.value, err)
		}
	}
	for _, value := range append(badJSONC, disputedJSONC...) {
		got, err := New([]byte(value)).Field("a", JSONC)
		if !errors.Is(err, ErrNotJSON) || got.Reveal() != nil || strings.Contains(err.Error(), "SECRET") || New([]byte(value)).HasComments() {
			t.Errorf("%.80q: %q, %v", value, got.Reveal(), err)
		}
	}
	for value, field := range map[string]Field{
		`{"b": "SECRET", // "a": 1` + "\n}":    "a",
		`{/* "a": "SECRET" */}`:                "a",
		`{"a": null, /* "SECRET" */}`:          "a",
		`["SECRET",]`:                          "1",
		`["SECRET", /* 1 */]`:                  "1",
		`{"a": ["SECRET",]}`:                   "a.1",
		`/* {"a": "SECRET"} */ "SECRET"`:       "a",
		`{"a": "SECRET" /* {"b": 1} */, }`:     "a.b",
		`{"A": "SECRET", /* case */ "aa": 1,}`: "a",
	} {
		if _, err := New([]byte(value)).Field(field, JSONC); !errors.Is(err, ErrFieldAbsent) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", value, err)
		}
	}
	for _, value := range disputedJSONC {
		_, err := New([]byte(value)).Field("a", JSONC)
		_, putErr := New([]byte(value)).WithField("a", JSONC, New([]byte("x")))
		said, commented := strings.Contains(err.Error(), "U+2028"), strings.Contains(value, "// y") || strings.HasPrefix(value, "// ")
		if said != commented || putErr == nil || strings.Contains(putErr.Error(), "U+2028") != said {
			t.Errorf("%.80q: %v; %v", value, err, putErr)
		}
	}
	if _, err := New([]byte(`{"a": "SECRET", /* again */ "a": "SECRET",}`)).Field("a", JSONC); !errors.Is(err, ErrNotJSON) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("a key that occurs twice: %v", err)
	}
	deep := strings.Repeat("[", 9999) + "1" + strings.Repeat(",]", 9999)
	if _, err := New([]byte(deep)).Field("0", JSONC); err != nil {
		t.Errorf("nested as deep as JSON can be: %v", err)
	}
}

func TestCommentsStayWhenAFieldIsReplaced(t *testing.T) {
	for _, tt := range []struct{ value, field, to, want string }{
		{"{\n  // the key\n  \"a\": \"x\", // old\n}\n", "a", "y", "{\n  // the key\n  \"a\": \"y\", // old\n}\n"},
		{"{\n  // the key\n  \"a\": \"x\", // old\n}\n", "b", "y", "{\n  // the key\n  \"a\": \"x\",\n  \"b\": \"y\", // old\n}\n"},
		{"{ /* first */ \"a\": 1 /* last */ }", "a", "2", "{ /* first */ \"a\": 2 /* last */ }"},
		{"{ // nothing\n}", "a", "y", "{\"a\": \"y\" // nothing\n}"},
		{"{\r\n\t// é\r\n\t\"b\": [1,],\r\n}", "a", "y", "{\r\n\t// é\r\n\t\"b\": [1,],\r\n\t\"a\": \"y\",\r\n}"},
		{`{"a": {"b": 1, /* one */},}`, "a.b", "2", `{"a": {"b": 2, /* one */},}`},
		{`{"a": {"b": 1, /* one */},}`, "a", `{"c": 2, /* two */}`, `{"a": {"c": 2, /* two */},}`},
		{`["x", /* y */ "z",]`, "1", "y", `["x", /* y */ "y",]`},
		{"// a\n\n{\"a\":null,} // b", "a", "// y", "// a\n\n{\"a\":\"// y\",} // b"},
		{"\ufeff/* \ufeff */{\"a\":\"x\",}", "a", "y", "\ufeff/* \ufeff */{\"a\":\"y\",}"},
		{`{"l": {/**/}}`, "l.m.n", "y", `{"l": {"m": {"n": "y"}/**/}}`},
	} {
		got, err := New([]byte(tt.value)).WithField(Field(tt.field), JSONC, New([]byte(tt.to)))
		if err != nil || string(got.Reveal()) != tt.want {
			t.Errorf("%s of %s: %v\ngot  %q\nwant %q", tt.field, tt.value, err, got.Reveal(), tt.want)
		}
		if strings.Contains(tt.value, "/") || strings.Contains(tt.value, ",}") {
			if _, err := New([]byte(tt.value)).WithField(Field(tt.field), JSON, New([]byte(tt.to))); !errors.Is(err, ErrNotJSON) {
				t.Errorf("as JSON, %s: %v", tt.value, err)
			}
		}
	}
	for _, tt := range []struct {
		value, field, to string
		want             error
	}{
		{`{"a": 1, /* c4nary */}`, "a", "x", ErrFieldKind},
		{`{"a": 1, /* c4nary */}`, "a", "2 /* c4nary */", ErrFieldBlanks},
		{"{\"a\": {}, // c4nary\n}", "a", "{} // c4nary", ErrFieldBlanks},
		{"{\"a\": {}\n, \"b\": 1}", "a", "{} // c4nary", ErrFieldBlanks},
		{`{"a": {}, }`, "a", "{} /* c4nary", ErrFieldKind},
		{`{"a": {}, }`, "a", "// c4nary\n{}", ErrFieldBlanks},
		{`{"a": [], }`, "a", "[,]", ErrFieldKind},
		{`{"a": "x", /* c4nary */}`, "a.b", "x", ErrFieldAbsent},
		{`["x", /* c4nary */]`, "1", "x", ErrFieldAbsent},
		{`{"a": "x" /* c4nary }`, "a", "x", ErrNotJSON},
		{`{"a": "x",, "b": "c4nary"}`, "a", "x", ErrNotJSON},
		{"{\"a\": \"x\" // c4nary\r}", "a", "x", ErrNotJSON},
	} {
		_, err := New([]byte(tt.value)).WithField(Field(tt.field), JSONC, New([]byte(tt.to)))
		if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%s of %s: %v", tt.field, tt.value, err)
		}
	}
}

// TestJSONCIsReadAsEditorsRead compares with the parser of VS Code: what it does not read is refused, and what is read is the same.
func TestJSONCIsReadAsEditorsRead(t *testing.T) {
	folder := needs.EditorTools(t)
	node := needs.Program(t, "node", "install Node.js")
	documents := append(append([]string{}, badJSONC...), disputedJSONC[:len(disputedJSONC)-1]...) // their parser has no limit of depth
	for _, tt := range goodJSONC {
		documents = append(documents, tt.value)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		documents = append(documents, randomJSONC(random))
	}
	in, err := json.Marshal(documents)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", `
const { parse } = require('jsonc-parser');
const read = (text) => { const errors = []; const value = parse(text.replace(/^\ufeff/, ''), errors, { allowTrailingComma: true }); return errors.length ? null : { value }; };
process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map(read)));`)
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(folder, "node", "node_modules"))
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs []*struct{ Value any }
	if err := json.Unmarshal(out, &theirs); err != nil || len(theirs) != len(documents) {
		t.Fatal(err, len(theirs))
	}
	read := 0
	for i, document := range documents {
		text, err := plainJSON(bytes.TrimPrefix([]byte(document), []byte("\ufeff")), JSONC)
		if err != nil {
			continue
		}
		var ours any
		if err := json.Unmarshal(text, &ours); err != nil {
			t.Errorf("%q: %v", document, err)
		}
		if theirs[i] == nil || !reflect.DeepEqual(ours, theirs[i].Value) {
			t.Errorf("%q: %v, want %v", document, ours, theirs[i])
		}
		read++
	}
	for i, document := range documents[:len(badJSONC)] {
		if theirs[i] != nil {
			t.Errorf("the other reader reads %q", document)
		}
	}
	if read < 2000 {
		t.Errorf("only %d of %d documents were read", read, len(documents))
	}
}

// randomJSONC joins pieces that matter.
func randomJSONC(random *rand.Rand) string {
	pieces := []string{`{`, `}`, `[`, `]`, `,`, `:`, `"a"`, `"b"`, `"//"`, `"/*"`, `"\""`, `1`, `-2.5e3`, `true`, `null`, ` `, "\n", "\r\n", "// c\n", "// \"\r\n", "/* , */", "/**/", "/*\n*/", "//", "/", "*/"}
	var b strings.Builder
	var value func(depth int)
	noise := func() {
		for random.IntN(3) == 0 {
			b.WriteString(pieces[15+random.IntN(8)])
		}
	}
	value = func(depth int) {
		noise()
		n := random.IntN(4)
		switch kind := random.IntN(3); {
		case depth > 3 || kind == 0:
			b.WriteString(pieces[6+random.IntN(9)])
		case kind == 1:
			b.WriteString("[")
			for i := range n {
				if value(depth + 1); i < n-1 || random.IntN(2) == 0 {
					b.WriteString(",")
				}
			}
			noise()
			b.WriteString("]")
		default:
			b.WriteString("{")
			for i := range n {
				noise()
				fmt.Fprintf(&b, `"k%d"`, i)
				noise()
				b.WriteString(":")
				if value(depth + 1); i < n-1 || random.IntN(2) == 0 {
					b.WriteString(",")
				}
			}
			noise()
			b.WriteString("}")
		}
		noise()
	}
	value(0)
	text := b.String()
	if random.IntN(2) == 0 { // a piece too many
		at := random.IntN(len(text) + 1)
		text = text[:at] + pieces[random.IntN(len(pieces))] + text[at:]
	}
	return text
}

// What is read of a value in JSONC is in it, and is JSONC. Without a comment or a trailing comma, it is what JSON has.
func FuzzJSONC(f *testing.F) {
	for _, tt := range goodJSONC {
		f.Add([]byte(tt.value), "a", []byte("y"))
	}
	for _, value := range badJSONC {
		f.Add([]byte(value), "a.0", []byte("1"))
	}
	f.Fuzz(func(t *testing.T, value []byte, path string, to []byte) {
		field, err := ParseField(path)
		if err != nil || field == "" {
			return
		}
		before := bytes.Clone(value)
		got, err := New(value).Field(field, JSONC)
		if err != nil && !errors.Is(err, ErrNotJSON) && !errors.Is(err, ErrFieldAbsent) {
			t.Fatalf("unnamed error %v", err)
		}
		if strict, strictErr := New(value).Field(field, JSON); strictErr == nil && (err != nil || !strict.Equal(got)) {
			t.Errorf("%q: %q, %v, want %q", value, got.Reveal(), err, strict.Reveal())
		}
		text, plain := plainJSON(value, JSONC)
		if plain == nil && (len(text) != len(value) || !json.Valid(text)) {
			t.Errorf("%q became %q", value, text)
		}
		if with, err := New(value).WithField(field, JSONC, New(to)); err == nil {
			if again, err := with.Field(field, JSONC); err != nil || !bytes.Equal(again.Reveal(), to) {
				t.Errorf("%q with %q at %q: %q, %v", value, to, field, with.Reveal(), err)
			}
		}
		if !bytes.Equal(before, value) {
			t.Errorf("%q was changed to %q", before, value)
		}
	})
}
