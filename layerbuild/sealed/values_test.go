package sealed_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild/sealed"
)

// blindDocument has a box for each name.
func blindDocument(t *testing.T, names ...string) *sealed.Document {
	t.Helper()
	h := sampleHeader()
	source := h.Sources[0]
	h.Mode, h.Sources, h.Boxes = sealed.Blind, nil, nil
	for _, name := range names {
		source.Secret = name
		h.Sources = append(h.Sources, source)
		h.Boxes = append(h.Boxes, sealed.Box{Secrets: []string{name}})
	}
	doc, err := sealed.New(h, sampleKey, ciphertexts(len(names)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func checkContent(t *testing.T, name string, err error, rule string, box int) {
	t.Helper()
	var broken *sealed.ContentError
	if !errors.As(err, &broken) || broken.Rule != rule || broken.Box != box {
		t.Errorf("%s: got %v, want box %d and %s", name, err, box, rule)
	}
}

// TestOpen opens boxes of a blind document one by one.
func TestOpen(t *testing.T) {
	doc := blindDocument(t, "AA", "BB")
	for i, value := range []string{"x", strings.Repeat("x", sealed.MaxBox)} {
		if got, err := doc.Open(i, []byte(value)); err != nil || string(got) != value {
			t.Errorf("box %d: %d bytes, %v", i+1, len(got), err)
		}
	}
	for value, rule := range map[string]string{"": "F-26", strings.Repeat("x", sealed.MaxBox+1): "F-26", "\xff": "F-28", "x\xc3": "F-28"} {
		for i := range 2 {
			got, err := doc.Open(i, []byte(value))
			checkContent(t, fmt.Sprintf("%d bytes", len(value)), err, rule, i+1)
			if got != nil {
				t.Errorf("%d bytes come out with an error", len(got))
			}
		}
	}
	given := []byte("sample")
	got, err := doc.Open(0, given)
	if err != nil {
		t.Fatal(err)
	}
	if clear(given); string(got) != "sample" {
		t.Error("the value is not a copy")
	}
}

// TestValuesMustBeUTF8 checks values against F-28, each in its own box.
func TestValuesMustBeUTF8(t *testing.T) {
	blind := blindDocument(t, "AA", "BB")
	_, err := blind.Assemble([][]byte{[]byte("x"), []byte("\xff")})
	checkContent(t, "blind", err, "F-28", 2)

	pack := sampleDocument(t)
	const object = `{"DB_PASSWORD":"x","STRIPE_KEY":"y"}`
	part := strings.Repeat("x", sealed.MaxBox-1)
	if _, err := pack.Assemble([][]byte{[]byte(object), []byte(part + "\xc3"), []byte("\xa9")}); err != nil {
		t.Errorf("a character over two parts: %v", err)
	}
	for name, c := range map[string]struct {
		box     int
		content [3]string
	}{
		"half a character at the end":      {3, [3]string{object, part + "x", "\xc3"}},
		"half a character over two parts":  {3, [3]string{object, part + "\xc3", "x"}},
		"an empty value":                   {1, [3]string{`{"DB_PASSWORD":"","STRIPE_KEY":"y"}`, part + "x", "x"}},
		"an empty value behind a good one": {1, [3]string{`{"DB_PASSWORD":"x","STRIPE_KEY":""}`, part + "x", "x"}},
	} {
		_, err := pack.Assemble([][]byte{[]byte(c.content[0]), []byte(c.content[1]), []byte(c.content[2])})
		checkContent(t, name, err, "F-28", c.box)
	}
}

// TestBoxOfWholeSecrets checks the text of a box against F-24 and F-28.
func TestBoxOfWholeSecrets(t *testing.T) {
	h := sampleHeader()
	h.Sources, h.Boxes = h.Sources[:1], h.Boxes[:1]
	h.Boxes[0].Secrets = h.Boxes[0].Secrets[:1]
	doc, err := sealed.New(h, sampleKey, ciphertexts(1))
	if err != nil {
		t.Fatal(err)
	}
	open := func(text string) (string, error) {
		got, err := doc.Assemble([][]byte{[]byte(text)})
		return string(got["DB_PASSWORD"]), err
	}
	// What JSON escapes in UTF-16 (RFC 8259, section 7).
	for escaped, want := range map[string]string{
		`\ud83d\ude00`:      "😀",
		`\uD83D\uDE00`:      "😀",
		`\ud800\udc00`:      "\U00010000",
		`\udbff\udfff`:      "\U0010ffff",
		`\ud800\udfff`:      "\U000103ff",
		`\udbff\udc00`:      "\U0010fc00",
		`\ud7ff\ue000`:      "\ud7ff\ue000",
		`\\ud800`:           `\ud800`,
		`\\\\ud800`:         `\\ud800`,
		`\ud83d\ude00\\`:    `😀\`,
		`x\ud83d\ude00\n`:   "x😀\n",
		`\ud83d\ude00ud800`: "😀ud800",
		`\u0041\\ud800`:     `A\ud800`,
		"\ufffd":            "\ufffd", // not escaped
		`\ufffd`:            "\ufffd",
		strings.Repeat("x", sealed.MaxBox-len(`{"DB_PASSWORD":""}`)): strings.Repeat("x", sealed.MaxBox-len(`{"DB_PASSWORD":""}`)),
	} {
		if got, err := open(`{"DB_PASSWORD":"` + escaped + `"}`); err != nil || got != want {
			t.Errorf("%s is %q, %v", escaped, got, err)
		}
	}
	for _, half := range []string{
		`\ud800`, `\udbff`, `\udc00`, `\udfff`, `x\ud83d`, `\ud83dx`, `\ud83d\n`, `\ud83d\\ude00`, `\ud83d\u0041`, `\ud83d\udbff`, `\ud83d\ue000`,
		`\ud83d\ud83d\ude00`, `\ude00\ud83d`, `\\\ud800`, `\ud83d\ude00\ud83d`, `\ud83d\ude00\ude00`, `\n\ud800`, `\u0041\ud800`, `\ud83d\udbff\udc00`, `\ud83dxudc00`, `\ud83d\ndc00`,
	} {
		_, err := open(`{"DB_PASSWORD":"` + half + `"}`)
		checkContent(t, half, err, "F-28", 1)
	}
	for name, text := range map[string]string{
		"not UTF-8":             "{\"DB_PASSWORD\":\"x\xff\"}",
		"an array":              `["DB_PASSWORD","x"]`,
		"a text":                `"DB_PASSWORD"`,
		"an object in an array": `[{"DB_PASSWORD":"x"}]`,
		"no end":                `{"DB_PASSWORD":"x"`,
		"another end":           `{"DB_PASSWORD":"x"]`,
		"more behind the end":   `{"DB_PASSWORD":"x"} 7`,
		"an object more":        `{"DB_PASSWORD":"x"}{}`,
		"a name twice":          `{"DB_PASSWORD":"x","DB_PASSWORD":"x"}`,
		"a name alone":          `{"DB_PASSWORD"}`,
		"a name without value":  `{"DB_PASSWORD":}`,
		"a number":              `{"DB_PASSWORD":7}`,
		"a list":                `{"DB_PASSWORD":["x"]}`,
		"an object":             `{"DB_PASSWORD":{"x":"y"}}`,
		"another name":          `{"DB_PASSWORT":"x"}`,
		"a name more":           `{"DB_PASSWORD":"x","EXTRA":"y"}`,
		"no name":               `{}`,
		"nothing but a space":   ` `,
	} {
		_, err := open(text)
		checkContent(t, name, err, "F-24", 1)
	}
	_, err = open(`{"DB_PASSWORD":"` + strings.Repeat("x", sealed.MaxBox+1-len(`{"DB_PASSWORD":""}`)) + `"}`)
	checkContent(t, "a byte too many", err, "F-23", 1)
	_, err = sampleDocument(t).Assemble([][]byte{[]byte("{}"), []byte("x"), []byte("y"), []byte("z")})
	if err == nil {
		t.Error("four plaintexts for three boxes are accepted")
	}
}
