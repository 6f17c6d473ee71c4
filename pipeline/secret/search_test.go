package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSearchFindsEveryFormAtEveryPlace(t *testing.T) {
	values := []string{"8 bytes!", "another-value", strings.Repeat("long value ", 400), "\xff\xfe\xfb\xef\xbe\xfa\xff\xff\xfe", "xxxxxxxxxxxx"}
	var all []Value
	for _, v := range values {
		all = append(all, New([]byte(v)))
	}
	s := NewSearch(all)
	writers := map[string]func(string) string{
		"in plaintext":            func(v string) string { return v },
		"in base64":               func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) },
		"in base64 for URLs":      func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) },
		"in hexadecimal":          func(v string) string { return hex.EncodeToString([]byte(v)) },
		"in hexadecimal, capital": func(v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) },
	}
	for how, write := range writers {
		for i, v := range values {
			for before := range 7 {
				text := "some text" + strings.Repeat(" ", before) + write(strings.Repeat("#", before)+v+"##") + "and more"
				got, gotHow := s.Find([]byte(text), nil)
				if got != i || !strings.HasPrefix(how, gotHow) {
					t.Errorf("value %d %s, after %d bytes: found %d %s", i, how, before, got, gotHow)
				}
			}
		}
	}
}

// In a box, a value is in a JSON string, and one that is too long for a box is cut.
func TestSearchFindsValuesAsWrittenInBoxes(t *testing.T) {
	values := []string{`{"user": "not-a-real-user"}`, "-----BEGIN KEY-----\nbm90IGEgcmVhbCBrZXk=\n-----END KEY-----\n", "\x01\x1f\b\t\f\r\\ not real", strings.Repeat(`long "value" `, 400)}
	var all []Value
	for _, v := range values {
		all = append(all, New([]byte(v)))
	}
	s := NewSearch(all)
	for i, escaped := range []string{
		`{\"user\": \"not-a-real-user\"}`, `-----BEGIN KEY-----\nbm90IGEgcmVhbCBrZXk=\n-----END KEY-----\n`, `\u0001\u001f\b\t\f\r\\ not real`, values[3][:4096],
	} {
		text := base64.StdEncoding.EncodeToString([]byte(`{"X":"` + escaped + `"}`))
		if got, how := s.Find([]byte(text), nil); got != i || how != "in base64" {
			t.Errorf("found %d %s for %d", got, how, i)
		}
		if got, _ := s.Find([]byte(text), func() []byte { return []byte(values[i]) }); got != -1 {
			t.Errorf("%d is known, and is found", i)
		}
	}
}

func TestSearchFindsNothingElse(t *testing.T) {
	s := NewSearch([]Value{New([]byte("a secret value")), New([]byte("7 bytes")), {}, New(nil)})
	for _, text := range []string{"", "a", "a secret", "a secret valuf", "a Secret value", "a secret valu", "7 bytes", strings.Repeat("a secre", 1000)} {
		if i, how := s.Find([]byte(text), nil); i != -1 {
			t.Errorf("%q: found %d %s", text, i, how)
		}
	}
	if i, _ := s.Find([]byte("this is a secret value"), nil); i != 0 {
		t.Error("the value is not found at the very end")
	}
	if i, _ := s.Find([]byte("this is a secret value"), func() []byte { return []byte("it is known to be: a secret value") }); i != -1 {
		t.Error("what is known is found")
	}
	if i, _ := s.Find([]byte("this is "+hex.EncodeToString([]byte("a secret value"))), func() []byte { return []byte("a secret value") }); i != -1 {
		t.Error("what is known is found in another form")
	}
	if i, _ := NewSearch(nil).Find([]byte("anything at all"), nil); i != -1 {
		t.Error("something is found in a search for nothing")
	}
}

func TestSearchDistinguishesValuesThatBeginAlike(t *testing.T) {
	var all []Value
	for i := range 100 {
		all = append(all, New(fmt.Appendf(nil, "not-a-real-%03d-value", i)))
	}
	s := NewSearch(all)
	for i := range 100 {
		text := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"X":"not-a-real-%03d-value"}`, i))
		if got, _ := s.Find([]byte(text), nil); got != i {
			t.Errorf("found %d for %d", got, i)
		}
	}
	if got, _ := s.Find([]byte("not-a-real-100-value"), nil); got != -1 {
		t.Errorf("found %d", got)
	}
}

// More forms than the table has elements, so that many share one.
func TestSearchFindsEachOfManyValues(t *testing.T) {
	const count = 40_000
	var all []Value
	for i := range count {
		all = append(all, New(fmt.Appendf(nil, "%05d-not-a-real-value", i)))
	}
	s := NewSearch(all)
	if len(s.starts) <= len(s.maybe) {
		t.Fatalf("%d forms for a table of %d elements", len(s.starts), len(s.maybe))
	}
	for i := 0; i < count; i += 97 {
		value := fmt.Appendf(nil, "%05d-not-a-real-value", i)
		for _, text := range []string{string(value), base64.URLEncoding.EncodeToString(value), strings.ToUpper(hex.EncodeToString(value))} {
			if got, _ := s.Find([]byte(". "+text), nil); got != i {
				t.Errorf("found %d for %d", got, i)
			}
		}
	}
}

func FuzzSearch(f *testing.F) {
	f.Add([]byte("a secret value"), []byte("before "), []byte(" after"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00"), []byte("\x00"), []byte("\x00"))
	f.Fuzz(func(t *testing.T, value, before, after []byte) {
		s := NewSearch([]Value{New(value)})
		text := append(bytes.Clone(before), append(bytes.Clone(value), after...)...)
		for how, written := range map[string][]byte{
			"in plaintext":   text,
			"in base64":      []byte(base64.StdEncoding.EncodeToString(text)),
			"in hexadecimal": []byte(hex.EncodeToString(text)),
		} {
			if i, _ := s.Find(written, nil); (i == 0) != (len(value) >= MinSearch) {
				t.Errorf("%s: found %d", how, i)
			}
		}
	})
}

// The largest possible layer, and the values of 10,000 parameters.
func BenchmarkSearch(b *testing.B) {
	random := rand.NewChaCha8([32]byte{})
	var all []Value
	for range 10000 {
		v := make([]byte, 4096)
		_, _ = random.Read(v)
		all = append(all, New(v))
	}
	noise := make([]byte, 3<<18)
	_, _ = random.Read(noise)
	text := bytes.Repeat([]byte(base64.StdEncoding.EncodeToString(noise)), 50)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if i, _ := NewSearch(all).Find(text, nil); i != -1 {
			b.Fatal("found by chance")
		}
	}
}
