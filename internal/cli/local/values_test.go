package local

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadValuesRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"A": null}`: "not a JSON object of strings", `{"": "x"}`: "each with a name", `{"A": 1}`: "not a JSON object of strings", `{"A": "x"`: "not a JSON object of strings",
		"A": "line 1 is not NAME=VALUE", "A=1\nexport  =x": "line 2 is not NAME=VALUE", `A="x`: "line 1 has a quote", "A=\xff": "not UTF-8", `A="\xff"`: "line 1 is not UTF-8",
		"A=" + strings.Repeat("x", 1<<17): "too long",
	} {
		if values, err := readValues([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || values != nil {
			t.Errorf("%.20q: %v, %d values", text, err, len(values))
		}
	}
}

// FuzzReadValues reads any file of values: each has a name and is text, or the error shows nothing of the file.
func FuzzReadValues(f *testing.F) {
	for _, text := range []string{
		`{"A": "cAnArY", "B": "x"}`, `{"A": "cAnArY", "B": 7}`, `{"A": {"cAnArY": 1}}`, `{"cAnArY`, `{"A": null, "A": "\ud800"}`, "A=cAnArY\n# x\nexport B=\"cAnArY\\n\"\nC='x'\n",
		"A=\"cAnArY", "cAnArY", "=cAnArY", "export  =cAnArY", "A=\xff", "A=\"\\xff\"", "\ufeffA=x", "A=x\r\nB=y\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := readValues(b)
		if err != nil && (values != nil || strings.Contains(err.Error(), "cAnArY")) {
			t.Fatalf("%d values and %q", len(values), err)
		}
		for name, value := range values {
			if strings.TrimSpace(name) == "" || !utf8.ValidString(name) || !utf8.ValidString(value) {
				t.Fatalf("%q has a value that is not text, or no name", name)
			}
		}
	})
}
