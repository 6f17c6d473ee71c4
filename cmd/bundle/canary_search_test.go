package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A canary is a value that must not turn up anywhere: 32 bytes that are found
// whatever they are encoded as, and even if only half of them is there.
type canary struct {
	name  string // of what holds it
	value string
	plain bool // in a parameter of type String or StringList, which Parameter Store does not encrypt
}

// newCanary makes the canary of one name: printable ASCII, with characters in
// each half that most encodings escape.
func newCanary(name string) canary {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ABC"
	sum := sha256.Sum256([]byte("canary " + name))
	value := make([]byte, len(sum))
	for i, b := range sum {
		value[i] = letters[int(b)%64]
	}
	value[5], value[9], value[20], value[27] = '"', '<', '\\', '\''
	return canary{name: name, value: string(value)}
}

// halves are the two parts of a canary that are searched for on their own.
func (c canary) halves() []string { return []string{c.value[:16], c.value[16:]} }

// A form is one way to write bytes down.
type form struct {
	name string
	// parts returns the texts of which at least one is in every text that has
	// half a canary written that way in the midst of something longer.
	parts func(half string) []string
}

func forms() []form {
	one := func(write func(string) string) func(string) []string {
		return func(half string) []string { return []string{write(half)} }
	}
	decimal := func(verb, separator string) func(string) []string {
		return one(func(half string) string {
			var all []string
			for _, b := range []byte(half) {
				all = append(all, fmt.Sprintf(verb, b))
			}
			return strings.Join(all, separator)
		})
	}
	quoted := func(s string) string { return s[1 : len(s)-1] }
	return []form{
		{"raw", one(func(half string) string { return half })},
		{"base64", shifts(base64.StdEncoding)},
		{"URL base64", shifts(base64.URLEncoding)},
		{"hex", one(func(half string) string { return hex.EncodeToString([]byte(half)) })},
		{"upper hex", one(func(half string) string { return strings.ToUpper(hex.EncodeToString([]byte(half))) })},
		{"decimal", decimal("%d", " ")},
		{"decimal list", decimal("%d", ", ")},
		{"compact decimal list", decimal("%d", ",")},
		{"Go bytes", decimal("%#x", ", ")},
		{"Go-quoted", one(func(half string) string { return quoted(strconv.Quote(half)) })},
		{"JSON", one(func(half string) string {
			b, _ := json.Marshal(half) // a string can always be written
			return quoted(string(b))
		})},
		{"JSON for no browser", one(func(half string) string {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			_ = e.Encode(half)
			return quoted(strings.TrimSpace(b.String()))
		})},
		{"query", one(url.QueryEscape)},
		{"path", one(url.PathEscape)},
	}
}

// shifts returns what base64 makes of half a canary, depending on how many bytes
// come before it: without the digits at both ends that hold bits of other bytes.
func shifts(e *base64.Encoding) func(string) []string {
	return func(half string) []string {
		var all []string
		for before := range 3 {
			text := e.EncodeToString([]byte(strings.Repeat("x", before) + half + "xxx"))
			all = append(all, text[(8*before+5)/6:8*(before+len(half))/6])
		}
		return all
	}
}

// A searcher looks for many texts at once.
type searcher struct {
	byStart map[[4]byte][]wanted
}

type wanted struct {
	canary canary
	form   string
	text   []byte
}

func newSearcher(canaries []canary) *searcher {
	s := &searcher{byStart: map[[4]byte][]wanted{}}
	for _, c := range canaries {
		for _, f := range forms() {
			for _, half := range c.halves() {
				for _, text := range f.parts(half) {
					start := [4]byte([]byte(text))
					s.byStart[start] = append(s.byStart[start], wanted{c, f.name, []byte(text)})
				}
			}
		}
	}
	return s
}

// A hit is a canary that was found.
type hit struct {
	canary canary
	form   string
	place  string
}

func (h hit) String() string { return fmt.Sprintf("%s as %s in %s", h.canary.name, h.form, h.place) }

func (s *searcher) search(place string, b []byte) []hit {
	var hits []hit
	for i := range max(0, len(b)-3) {
		for _, w := range s.byStart[[4]byte(b[i:i+4])] {
			if h := (hit{w.canary, w.form, place}); bytes.HasPrefix(b[i:], w.text) && !slices.Contains(hits, h) {
				hits = append(hits, h)
			}
		}
	}
	return hits
}

// searchFolder searches every file below a folder, and the names of the files,
// but for those given.
func (s *searcher) searchFolder(t testing.TB, folder string, except []string) []hit {
	t.Helper()
	var hits []hit
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hits = append(hits, s.search("the name of "+path, []byte(path))...)
		if !entry.Type().IsRegular() || slices.Contains(except, path) {
			return nil
		}
		b, err := os.ReadFile(path)
		hits = append(hits, s.search(path, b)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

// What is searched for must be found: each canary, whole and by halves, written
// by the standard library in each form, at any place and before any bytes.
func TestSearchFindsAPlantedCanary(t *testing.T) {
	canaries := []canary{newCanary("one"), newCanary("two")}
	s := newSearcher(canaries)
	writers := map[string]func(string) string{
		"raw":                  func(v string) string { return v },
		"base64":               func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) },
		"URL base64":           func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) },
		"hex":                  func(v string) string { return fmt.Sprintf("%x", v) },
		"upper hex":            func(v string) string { return fmt.Sprintf("%X", v) },
		"decimal":              func(v string) string { return fmt.Sprintf("%d", []byte(v)) },
		"decimal list":         func(v string) string { return strings.ReplaceAll(fmt.Sprintf("%d", []byte(v)), " ", ", ") },
		"compact decimal list": func(v string) string { return strings.ReplaceAll(fmt.Sprintf("%d", []byte(v)), " ", ",") },
		"Go bytes":             func(v string) string { return fmt.Sprintf("%#v", []byte(v)) },
		"Go-quoted":            func(v string) string { return fmt.Sprintf("%q", v) },
		"JSON": func(v string) string {
			b, _ := json.Marshal(map[string]string{"value": v})
			return string(b)
		},
		"JSON for no browser": func(v string) string {
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			_ = e.Encode(v)
			return b.String()
		},
		"query": func(v string) string { return url.Values{"v": {v}}.Encode() },
		"path":  func(v string) string { return (&url.URL{Path: "/" + v}).EscapedPath() },
	}
	folder := t.TempDir()
	for _, f := range forms() {
		write := writers[f.name]
		if write == nil {
			t.Errorf("nothing writes the form %q", f.name)
			continue
		}
		for _, c := range canaries {
			for _, value := range append(c.halves(), c.value) {
				for before := range 7 {
					text := write(strings.Repeat("#", before) + value + "##")
					if f.name == "path" && strings.Contains(text, `'`) {
						text = strings.ReplaceAll(text, `'`, url.PathEscape(`'`)) // EscapedPath leaves it, as PathEscape does not
					}
					hits := s.search("", []byte("some text before "+text+" and some after"))
					if !slices.ContainsFunc(hits, func(h hit) bool { return h.canary.name == c.name && h.form == f.name }) {
						t.Errorf("%q, as %s after %d bytes, is not found in %q", value, f.name, before, text)
					}
					for _, h := range hits {
						if h.canary.name != c.name {
							t.Errorf("%s is taken for %s", c.name, h)
						}
					}
				}
			}
		}
	}
	path := filepath.Join(folder, "deep", "file")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"+canaries[1].value), 0o600); err != nil {
		t.Fatal(err)
	}
	if hits := s.searchFolder(t, folder, nil); len(hits) == 0 || hits[0].canary.name != "two" {
		t.Errorf("in a file: %v", hits)
	}
	if hits := s.searchFolder(t, folder, []string{path}); len(hits) != 0 {
		t.Errorf("in a file that is excepted: %v", hits)
	}
	if hits := s.search("", []byte("nothing but ciphertext")); len(hits) != 0 {
		t.Errorf("found in nothing: %v", hits)
	}
}
