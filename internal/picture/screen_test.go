package picture

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestScreen(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"a\r\nb":                       "a\nb\n",
		"at 10 %\r\x1b[2Kdone\r\n\r\n": "done\n",
		"abc\rx\x1b[0K\r\n":            "x\n",
		"abc\rx\r\n":                   "xbc\n",
		"\x1b[33m~\x1b[0m 1 → 2":       "~ 1 → 2\n",
		"a\nb":                         "a\n b\n",
		"1234567890":                   "1234567890\n",
	} {
		s := NewScreen(10)
		if err := s.Show(text); err != nil || s.String() != want {
			t.Errorf("%q: %q, %v", text, s.String(), err)
		}
	}
	for text, want := range map[string]string{
		"12345678901":  "more than 10 columns",
		"\x1b[2J":      "unknown",
		"\x1b[1m":      "unknown",
		"\x1b[1K":      "unknown",
		"\x1b[33":      "does not end",
		"\x1b]0;x\x07": "cannot be shown",
		"\a":           "cannot be shown",
		"\t":           "cannot be shown",
		"\xff":         "cannot be shown",
	} {
		if err := NewScreen(10).Show(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestRecordingEscapesText(t *testing.T) {
	s := NewScreen(10)
	if err := s.Show("<a>&\x1b[31mx\x1b[0m"); err != nil {
		t.Fatal(err)
	}
	got := Recording(10, `"<`, []Step{{"a < b", s}})
	if err := xml.Unmarshal([]byte(got), new(struct{})); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`aria-label="&#34;&lt;"`, "a &lt; b</text>", `&lt;a&gt;&amp;<tspan class="red">x</tspan></text>`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
}
