package sealed_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/layerbuild/sealed"
)

const sampleKey = "arn:aws:kms:us-west-2:222222222222:key/0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11"

// sampleHeader is the header of the example in docs/format.md.
func sampleHeader() sealed.Header {
	const root = "arn:aws:ssm:us-west-2:222222222222:parameter/prod/payments/"
	return sealed.Header{
		Bundle: "payments", Environment: "prod", Function: "hello", Name: "payments-prod-hello", Mode: sealed.Pack,
		Sources: []sealed.Source{
			{"DB_PASSWORD", "text", root + "db/password", 7, "", time.Date(2026, 11, 1, 10, 0, 0, 123e6, time.UTC), "", ""},
			{"STRIPE_KEY", "text", root + "stripe", 3, "", time.Date(2026, 10, 30, 9, 12, 44, 0, time.UTC), "live.key", ""},
			{"TLS_KEY", "base64", root + "tls-key", 7, "", time.Date(2026, 10, 2, 8, 0, 0, 0, time.UTC), "", ""},
		},
		Boxes: []sealed.Box{
			{Secrets: []string{"DB_PASSWORD", "STRIPE_KEY"}},
			{Secrets: []string{"TLS_KEY"}, Part: 1, Parts: 2},
			{Secrets: []string{"TLS_KEY"}, Part: 2, Parts: 2},
		},
	}
}

// secondHeader is the header of the bundle/2 example in docs/format.md.
func secondHeader() sealed.Header {
	h := sampleHeader()
	h.Sources = []sealed.Source{
		{"DB_PASSWORD", "text", "arn:aws:secretsmanager:us-west-2:222222222222:secret:prod/db-a1B2c3", 0, versionID,
			time.Date(2026, 11, 1, 10, 0, 0, 123e6, time.UTC), "password", ""},
		{"SPRING_KEY", "text", "arn:aws:ssm:us-west-2:222222222222:parameter/prod/spring", 3, "",
			time.Date(2026, 10, 30, 9, 12, 44, 0, time.UTC), "/spring.datasource.key", ""},
	}
	h.Boxes = []sealed.Box{{Secrets: []string{"DB_PASSWORD", "SPRING_KEY"}}}
	return h
}

func sampleDocument(t testing.TB) *sealed.Document {
	t.Helper()
	doc, err := sealed.New(sampleHeader(), sampleKey, [][]byte{{1}, {2}, {3}})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestExamplesOfTheSpecification writes the documents that docs/format.md shows.
func TestExamplesOfTheSpecification(t *testing.T) {
	text, err := os.ReadFile("../../docs/format.md")
	if err != nil {
		t.Fatal(err)
	}
	second, err := secondHeader().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		strings.TrimSuffix(string(sampleDocument(t).Bytes()), "AQ==\nAg==\nAw==\n"),
		strings.TrimSuffix(string(second), "\n"),
	} {
		indented := "    " + strings.ReplaceAll(strings.TrimSuffix(want, "\n"), "\n", "\n    ") + "\n"
		if indented = strings.ReplaceAll(indented, "    \n", "\n"); !strings.Contains(string(text), indented) {
			t.Errorf("docs/format.md does not show\n%s", indented)
		}
	}
}

// TestContentDecidesTheFormat checks F-35: a header is bundle/2 only with a secret
// of Secrets Manager or a field in the list form.
func TestContentDecidesTheFormat(t *testing.T) {
	for _, c := range []struct {
		source sealed.Source
		format string
	}{
		{sampleHeader().Sources[0], "bundle/1"},
		{sampleHeader().Sources[1], "bundle/1"}, // with a field in the dotted form
		{secondHeader().Sources[0], "bundle/2"},
		{secondHeader().Sources[1], "bundle/2"},
	} {
		h := sampleHeader()
		c.source.Secret = h.Sources[1].Secret
		h.Sources[1] = c.source
		header, err := h.Marshal()
		if err != nil || h.Format() != c.format || !bytes.HasPrefix(header, []byte(c.format+"\n")) {
			t.Errorf("%s %s: %s and %v, want %s", c.source.ARN, c.source.Field, h.Format(), err, c.format)
		}
	}
}

// TestContext compares F-22 with a value that was computed in another way:
// sed '/^$/q' | sha256sum over the example of docs/format.md.
func TestContext(t *testing.T) {
	const digest = "1aa8c16d5cd306f66c3d02dd590f9b962c9d0402a5c3f232efa260f9a9775eef"
	doc := sampleDocument(t)
	draft, err := sealed.Begin(doc.Header)
	if err != nil {
		t.Fatal(err)
	}
	all := draft.Contexts()
	for i := range 3 {
		want := map[string]string{"bundle:document": digest, "bundle:function": "payments/hello", "bundle:environment": "prod",
			"bundle:box": fmt.Sprintf("%d/3", i+1)}
		if !maps.Equal(doc.Context(i), want) || !maps.Equal(all[i], want) {
			t.Errorf("box %d: %v and %v, want %v", i+1, doc.Context(i), all[i], want)
		}
	}
	h := sampleHeader()
	h.Mode, h.Sources = sealed.Blind, h.Sources[:1]
	h.Boxes = []sealed.Box{{Secrets: []string{"DB_PASSWORD"}}}
	if draft, err = sealed.Begin(h); err != nil {
		t.Fatal(err)
	}
	if all = draft.Contexts(); all[0]["bundle:secret"] != "DB_PASSWORD" || len(all[0]) != 5 {
		t.Errorf("blind: %v", all)
	}
}

func TestSameComparesAllOfTheIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*sealed.Header)
		same   bool
	}{
		"nothing":     {func(*sealed.Header) {}, true},
		"bundle":      {func(h *sealed.Header) { h.Bundle += "x" }, false},
		"environment": {func(h *sealed.Header) { h.Environment += "x" }, false},
		"function":    {func(h *sealed.Header) { h.Function += "x" }, false},
		"name":        {func(h *sealed.Header) { h.Name += "x" }, false},
		"mode":        {func(h *sealed.Header) { h.Mode = sealed.Blind }, false},
		"fewer":       {func(h *sealed.Header) { h.Sources = h.Sources[1:] }, false},
		"more":        {func(h *sealed.Header) { h.Sources = append(h.Sources, h.Sources[0]) }, false},
		"order":       {func(h *sealed.Header) { slices.Reverse(h.Sources) }, false},
		"secret":      {func(h *sealed.Header) { h.Sources[1].Secret += "X" }, false},
		"encoding":    {func(h *sealed.Header) { h.Sources[1].Encoding = "base64" }, false},
		"ARN":         {func(h *sealed.Header) { h.Sources[1].ARN += "x" }, false},
		"version":     {func(h *sealed.Header) { h.Sources[1].Version++ }, false},
		"ID":          {func(h *sealed.Header) { h.Sources[1].ID += "x" }, false},
		"modified":    {func(h *sealed.Header) { h.Sources[1].Modified = h.Sources[1].Modified.Add(time.Millisecond) }, false},
		"zone":        {func(h *sealed.Header) { h.Sources[1].Modified = h.Sources[1].Modified.In(time.FixedZone("", 3600)) }, true},
		"field":       {func(h *sealed.Header) { h.Sources[1].Field += "x" }, false},
		"checks":      {func(h *sealed.Header) { h.Sources[1].Checks += "x" }, false},
		"boxes":       {func(h *sealed.Header) { h.Boxes = nil }, true},
	} {
		h, other := sampleHeader(), sampleHeader()
		c.change(&other)
		if h.Same(other) != c.same || other.Same(h) != c.same || bytes.Equal(h.Identity(), other.Identity()) != c.same {
			t.Errorf("%s: the same is %t, and the identity %t", name, h.Same(other), bytes.Equal(h.Identity(), other.Identity()))
		}
	}
}

func TestIdentityIsTheHeaderWithoutBoxes(t *testing.T) {
	h := sampleHeader()
	header, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.SplitAfterSeq(string(header), "\n") {
		if !strings.HasPrefix(line, "box ") && line != "\n" {
			kept = append(kept, line)
		}
	}
	if got := string(h.Identity()); got != strings.Join(kept, "") {
		t.Errorf("got %q", got)
	}
}

// TestWriterRefuses checks that a document that Parse would refuse cannot be
// written either, even if no file could have such content.
func TestWriterRefuses(t *testing.T) {
	cases := []struct {
		name, rule string
		change     func(*sealed.Header)
	}{
		{"a name", "F-7", func(h *sealed.Header) { h.Name = "a b" }},
		{"a line end in a name", "F-7", func(h *sealed.Header) { h.Bundle = "a\nb" }},
		{"a secret", "F-8", func(h *sealed.Header) { h.Sources[0].Secret = "A B" }},
		{"no mode", "F-9", func(h *sealed.Header) { h.Mode = "" }},
		{"no source", "F-10", func(h *sealed.Header) { h.Sources = nil }},
		{"order", "F-10", func(h *sealed.Header) { slices.Reverse(h.Sources) }},
		{"encoding", "F-11", func(h *sealed.Header) { h.Sources[0].Encoding = "" }},
		{"ARN with a line end", "F-12", func(h *sealed.Header) { h.Sources[0].ARN += "\nbox X" }},
		{"version", "F-13", func(h *sealed.Header) { h.Sources[0].Version = -1 }},
		{"microseconds", "F-14", func(h *sealed.Header) { h.Sources[0].Modified = h.Sources[0].Modified.Add(1000) }},
		{"year 10000", "F-14", func(h *sealed.Header) { h.Sources[0].Modified = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"field", "F-15", func(h *sealed.Header) { h.Sources[0].Field = "a b" }},
		{"field in the list form", "F-38", func(h *sealed.Header) { h.Sources[0].Field = "/a/b" }},
		{"list form with a line end", "F-38", func(h *sealed.Header) { h.Sources[0].Field = "/a\nb" }},
		{"ID of a parameter", "F-36", func(h *sealed.Header) { h.Sources[0].ID = versionID }},
		{"secret without ID", "F-12", func(h *sealed.Header) { h.Sources[0] = secondHeader().Sources[0]; h.Sources[0].ID = "" }},
		{"secret with a number", "F-37", func(h *sealed.Header) { h.Sources[0] = secondHeader().Sources[0]; h.Sources[0].Version = 1 }},
		{"ID with a line end", "F-37", func(h *sealed.Header) { h.Sources[0] = secondHeader().Sources[0]; h.Sources[0].ID += "\n" }},
		{"secret with a line end", "F-36", func(h *sealed.Header) { h.Sources[0] = secondHeader().Sources[0]; h.Sources[0].ARN += "\n" }},
		{"field - by name", "F-15", func(h *sealed.Header) { h.Sources[0].Field = "-" }},
		{"checks", "F-34", func(h *sealed.Header) { h.Sources[0].Checks = "min length" }},
		{"checks with a line end", "F-34", func(h *sealed.Header) { h.Sources[0].Checks = "a\nbox X" }},
		{"long checks", "F-34", func(h *sealed.Header) { h.Sources[0].Checks = strings.Repeat("a", 129) }},
		{"no box", "F-16", func(h *sealed.Header) { h.Boxes = nil }},
		{"an empty box", "F-16", func(h *sealed.Header) { h.Boxes[0].Secrets = nil }},
		{"part without parts", "F-16", func(h *sealed.Header) { h.Boxes[0].Part = 1 }},
		{"parts without part", "F-16", func(h *sealed.Header) { h.Boxes[1].Part = 0 }},
		{"a negative part", "F-16", func(h *sealed.Header) { h.Boxes[1].Part = -1 }},
		{"negative parts", "F-16", func(h *sealed.Header) { h.Boxes[0].Parts = -1 }},
		{"names of a box", "F-17", func(h *sealed.Header) { slices.Reverse(h.Boxes[0].Secrets) }},
		{"boxes", "F-17", func(h *sealed.Header) { h.Boxes[0], h.Boxes[1], h.Boxes[2] = h.Boxes[1], h.Boxes[2], h.Boxes[0] }},
		{"blind with a pack", "F-18", func(h *sealed.Header) { h.Mode, h.Sources[1].Field = sealed.Blind, "" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := sampleHeader()
			c.change(&h)
			_, err := h.Marshal()
			checkRule(t, err, c.rule)
			_, err = sealed.New(h, sampleKey, [][]byte{{1}, {2}, {3}})
			checkRule(t, err, c.rule)
			_, err = sealed.Begin(h)
			checkRule(t, err, c.rule)
		})
	}
	for name, c := range map[string]struct {
		rule, key string
		blobs     [][]byte
	}{
		"key":           {"F-19", "alias/x", [][]byte{{1}, {2}, {3}}},
		"key, line end": {"F-5", sampleKey + "\nAQ==", [][]byte{{1}, {2}, {3}}},
		"region":        {"F-20", strings.Replace(sampleKey, "us-west-2", "us-east-1", 1), [][]byte{{1}, {2}, {3}}},
		"too few":       {"F-21", sampleKey, [][]byte{{1}, {2}}},
		"empty":         {"F-21", sampleKey, [][]byte{{1}, {2}, {}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sealed.New(sampleHeader(), c.key, c.blobs)
			if c.rule == "F-5" { // the line end starts another line, which is an extra ciphertext
				c.rule = "F-21"
			}
			checkRule(t, err, c.rule)
		})
	}
}

func checkRule(t *testing.T, err error, rule string) {
	t.Helper()
	var broken *sealed.FormatError
	if !errors.As(err, &broken) || broken.Rule != rule {
		t.Errorf("got %v, want it for %s", err, rule)
	}
}

// TestLimits checks the limits of F-1, F-3, F-10 and F-16, from both sides.
func TestLimits(t *testing.T) {
	many := func(n int) sealed.Header {
		h := sampleHeader()
		source := h.Sources[0]
		h.Sources, h.Boxes, h.Mode = nil, nil, sealed.Blind
		for i := range n {
			source.Secret = fmt.Sprintf("S%05d", i)
			h.Sources = append(h.Sources, source)
			h.Boxes = append(h.Boxes, sealed.Box{Secrets: []string{source.Secret}})
		}
		return h
	}
	if _, err := many(sealed.MaxSources).Marshal(); err != nil {
		t.Error(err)
	}
	_, err := many(sealed.MaxSources + 1).Marshal()
	checkRule(t, err, "F-10")

	h := sampleHeader()
	h.Sources = h.Sources[:1]
	h.Boxes = nil
	for i := range sealed.MaxBoxes + 1 {
		h.Boxes = append(h.Boxes, sealed.Box{Secrets: []string{"DB_PASSWORD"}, Part: i + 1, Parts: sealed.MaxBoxes + 1})
	}
	_, err = h.Marshal()
	checkRule(t, err, "F-16")

	long := func(n int) []byte {
		text := string(sampleDocument(t).Bytes())
		before, after, _ := strings.Cut(text, " -\n")
		line := before[strings.LastIndex(before, "\n")+1:]
		return []byte(before + " " + strings.Repeat("f", n-len(line)-1) + "\n" + after)
	}
	if _, err := sealed.Parse(long(sealed.MaxLine)); err != nil {
		t.Error(err)
	}
	_, err = sealed.Parse(long(sealed.MaxLine + 1))
	checkRule(t, err, "F-3")

	blobs := slices.Repeat([][]byte{bytes.Repeat([]byte("x"), 600)}, sealed.MaxBoxes)
	doc, err := sealed.New(many(sealed.MaxBoxes), sampleKey, blobs)
	if err != nil {
		t.Fatalf("%v", err)
	}
	room := sealed.MaxDocument - len(doc.Bytes())
	blobs[0] = bytes.Repeat([]byte("x"), 600+room/4*3) // base64 has room for the rest
	for i := 1; len(blobs[0]) > sealed.MaxCiphertext; i++ {
		take := min(len(blobs[0])-sealed.MaxCiphertext, 5400)
		blobs[0], blobs[i] = blobs[0][take:], bytes.Repeat([]byte("x"), 600+take)
	}
	if doc, err = sealed.New(many(sealed.MaxBoxes), sampleKey, blobs); err != nil || sealed.MaxDocument-len(doc.Bytes()) > 8 {
		t.Errorf("a document of nearly the maximum length: %v", err)
	}
	_, err = sealed.Parse(append(doc.Bytes(), make([]byte, 16)...))
	checkRule(t, err, "F-1")
}

// TestAssemble checks the content of boxes against F-23 to F-26. No error
// quotes the content of a box.
func TestAssemble(t *testing.T) {
	const canary = "canary"
	object := `{"DB_PASSWORD":"` + canary + `","STRIPE_KEY":"\u00e9\ud83d\ude00\n"}`
	full := strings.Repeat("x", sealed.MaxBox)
	cases := []struct {
		name, rule string // "" opens
		box        int    // that the error names
		plaintexts []string
	}{
		{"as written", "", 0, []string{object, full, "rest"}},
		{"white space", "", 0, []string{" " + object + "\n", full, "r"}},
		{"too long", "F-23", 1, []string{object + full, full, "r"}},
		{"empty", "F-23", 1, []string{"", full, "r"}},
		{"text", "F-24", 1, []string{canary, full, "r"}},
		{"number", "F-24", 1, []string{`{"DB_PASSWORD":"` + canary + `","STRIPE_KEY":7}`, full, "r"}},
		{"null", "F-24", 1, []string{`{"DB_PASSWORD":"` + canary + `","STRIPE_KEY":null}`, full, "r"}},
		{"other names", "F-24", 1, []string{`{"DB_PASSWORD":"` + canary + `","` + canary + `":""}`, full, "r"}},
		{"no UTF-8", "F-24", 1, []string{"{\"DB_PASSWORD\":\"" + canary + "\xff\",\"STRIPE_KEY\":\"\"}", full, "r"}},
		{"two objects", "F-24", 1, []string{object + object, full, "r"}},
		{"short first part", "F-25", 2, []string{object, full[1:], "r"}},
		{"long part", "F-25", 2, []string{object, full + "x", "r"}},
		{"empty last part", "F-25", 3, []string{object, full, ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var plaintexts [][]byte
			for _, p := range c.plaintexts {
				plaintexts = append(plaintexts, []byte(p))
			}
			got, err := sampleDocument(t).Assemble(plaintexts)
			if c.rule == "" {
				if err != nil || string(got["DB_PASSWORD"]) != canary || string(got["STRIPE_KEY"]) != "é😀\n" || string(got["TLS_KEY"]) != full+c.plaintexts[2] {
					t.Errorf("%d secrets, %v", len(got), err)
				}
				return
			}
			var broken *sealed.ContentError
			if got != nil || !errors.As(err, &broken) || broken.Rule != c.rule || broken.Box != c.box {
				t.Fatalf("%d secrets and %v, want box %d and %s", len(got), err, c.box, c.rule)
			}
			if strings.Contains(err.Error(), canary) {
				t.Error("the error quotes the box")
			}
		})
	}
	if got, err := sampleDocument(t).Assemble(nil); err == nil || got != nil {
		t.Error("no plaintexts are accepted")
	}
}

// TestAssembleBlind checks a blind box against F-26: its plaintext is the value.
func TestAssembleBlind(t *testing.T) {
	h := sampleHeader()
	h.Mode, h.Sources = sealed.Blind, h.Sources[:1]
	h.Boxes = []sealed.Box{{Secrets: []string{"DB_PASSWORD"}}}
	doc, err := sealed.New(h, sampleKey, [][]byte{{1}})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"x", `{"DB_PASSWORD":"x"}`, strings.Repeat("x", sealed.MaxBox)} {
		if got, err := doc.Assemble([][]byte{[]byte(value)}); err != nil || string(got["DB_PASSWORD"]) != value {
			t.Errorf("%d bytes: %v", len(value), err)
		}
	}
	for _, value := range []string{"", strings.Repeat("x", sealed.MaxBox+1)} {
		var broken *sealed.ContentError
		if _, err := doc.Assemble([][]byte{[]byte(value)}); !errors.As(err, &broken) || broken.Rule != "F-26" {
			t.Errorf("%d bytes: %v", len(value), err)
		}
	}
}

func TestDocumentSaysWhereItsKeyIs(t *testing.T) {
	doc := sampleDocument(t)
	if doc.Partition() != "aws" || doc.Region() != "us-west-2" || doc.Account() != "222222222222" || doc.MultiRegion() || doc.Embedded() {
		t.Errorf("%s %s %s", doc.Partition(), doc.Region(), doc.Account())
	}
	if sealed.Path("x") != "bundle/functions/x.sealed" {
		t.Error(sealed.Path("x"))
	}
}

// FuzzParse checks that an accepted document is written again byte for byte,
// that it has one context per box (F-22), and that neither Parse nor Assemble
// panics.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob(filepath.Join(vectorRoot, "*.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, document, _ := bytes.Cut(text, []byte("\n\n"))
		if len(document) < 10_000 {
			f.Add(document)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := sealed.Parse(b)
		if err != nil {
			var broken *sealed.FormatError
			if !errors.As(err, &broken) || broken.Rule == "" {
				t.Fatalf("%v is not a *FormatError", err)
			}
			return
		}
		checkRoundTrip(t, doc, b)
		draft, err := sealed.Begin(doc.Header)
		if err != nil {
			t.Fatal(err)
		}
		if all := draft.Contexts(); len(all) != len(doc.Ciphertexts) || !maps.Equal(all[0], doc.Context(0)) {
			t.Errorf("%d contexts", len(all))
		}
		if got, err := doc.Assemble(doc.Ciphertexts); (err == nil) != (got != nil) {
			t.Errorf("%d secrets and %v", len(got), err)
		}
	})
}

// FuzzAssemble checks that a box of whole secrets gives exactly its names, or
// an error that does not quote its content.
func FuzzAssemble(f *testing.F) {
	f.Add([]byte(`{"DB_PASSWORD":"x","STRIPE_KEY":"y"}`))
	f.Add([]byte(`{"DB_PASSWORD":"x","STRIPE_KEY":"\ud800"}`))
	f.Add([]byte(`{"DB_PASSWORD":null,"STRIPE_KEY":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := sampleHeader()
		h.Sources, h.Boxes = h.Sources[:2], h.Boxes[:1]
		doc, err := sealed.New(h, sampleKey, [][]byte{{1}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := doc.Assemble([][]byte{b})
		switch {
		case err == nil && !slices.Equal(slices.Sorted(maps.Keys(got)), []string{"DB_PASSWORD", "STRIPE_KEY"}):
			t.Error("the names are not those of the box")
		case err != nil && len(b) > 20 && strings.Contains(err.Error(), string(b)):
			t.Error("the error quotes the box")
		}
	})
}
