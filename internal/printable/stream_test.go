package printable_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/internal/runnertest"
)

// hostile are texts that try to be more than that.
var hostile = slices.Concat(blanksBefore("::set-output name=x::y"), blanksBefore("::stop-commands::x"), []string{
	"::error::mine", "x\n::error::mine", "x\r::error::mine", "x\r\n \t::error::mine", "\v::x::", "\f::x::", ":\u200d:error::x", "\u200b::error::x", "\u2060\u00a0::x::",
	"##[error]mine", "a ##[add-path]/evil", "#\u00ad#[group]x", "#\u0301#[group]x", "##\ufe0f[group]", "###[x]", "x##[y]##[z]", "##vso[task.complete result=Succeeded]", "##teamcity[buildStop comment='x']", "##VSO[x]",
	"section_start:1:x\r\x1b[0K", "\x1b[2K\x1b[1A", "\x1b]0;title\a", "\x1b[31mred", "\u202ecba\u202c", "\u2066x\u2069", "\u200e\u200f\u061c", "\ufeffx", "a\u00adb", "\U000e0041\U000e007f",
	"\u2028::x::", "\u2029::x::", "\u0085::x::", "\x00", "\xff::x", "\xc2", ":", "::", ":::", "#", "##", "##[", "a:\n:b", "\ufffd::x", "\u3164\u115f\uffa0\u2800", "\u180e::x", "\U0001d159::x", "\U0001d165::x",
	"plain", "é 日本 🙂", "a::b", "a: :b", "#[x]", "## [x]",
})

// blanksBefore puts everything that .NET trims before a text, also after a line's
// end.
func blanksBefore(text string) (all []string) {
	for r := rune(0); r < 0x10000; r++ {
		if runnertest.Trimmed(r) {
			all = append(all, string(r)+text, "x\n"+strings.Repeat(string(r), 3)+text)
		}
	}
	return all
}

func TestNoTextIsMoreThanText(t *testing.T) {
	for _, text := range hostile {
		checkText(t, text)
		checkText(t, strings.Repeat("word ", 25)+text)
	}
}

func FuzzText(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(checkText)
}

// checkText prints a text in every way that there is, whole and in pieces.
func checkText(t *testing.T, text string) {
	t.Helper()
	var b bytes.Buffer
	s := printable.New(&b)
	whole := text + "\n"
	ways := map[string]func() error{
		"text": func() error { _, err := io.WriteString(s.Text(), whole); return err },
		"styled": func() error {
			_, err := io.WriteString(s.Styled(), "\x1b[31m"+strings.ReplaceAll(whole, "\x1b", ""))
			return err
		},
		"html": func() error {
			_, err := io.WriteString(s.HTML(), "<p>"+html.EscapeString(text)+"\n"+html.EscapeString(text))
			return err
		},
		"pieces": func() error {
			for _, r := range text {
				if _, err := io.WriteString(s.Text(), string(r)); err != nil {
					return err
				}
			}
			return nil
		},
		"aside": func() error {
			aside := s.Aside()
			err := aside.Printf("%s\n", text)
			_, err2 := io.WriteString(aside.Text(), whole)
			return errors.Join(err, err2, s.Release(aside, "heading:\n"))
		},
		"commands": func() error {
			_, err := io.WriteString(s.Text(), text) // which ends in the middle of a line
			_, err2 := io.WriteString(s.Commands(), "::notice::ours\n")
			_, err3 := io.WriteString(s.Text(), whole)
			return errors.Join(err, err2, err3)
		},
	}
	for name, write := range ways {
		b.Reset()
		s = printable.New(&b)
		if err := write(); err != nil {
			t.Fatal(err)
		}
		log := b.String()
		switch name {
		case "commands":
			if n := strings.Count("\n"+log, "\n::notice::ours\n"); n != 1 {
				t.Fatalf("%q: our command is there %d times: %q", text, n, log)
			}
			log = strings.Replace(log, "::notice::ours\n", "", 1)
		case "styled":
			log = strings.Replace(log, "\x1b[31m", "", 1)
		}
		if line := runnertest.Commanded(log); line != "" {
			t.Errorf("%q, as %s, makes the command %q", text, name, line)
		}
		if r := runnertest.Unseen(log); r != 0 {
			t.Errorf("%q, as %s, prints %U", text, name, r)
		}
	}

	line := printable.Sprintf("a %s, %v, %v\n", text, errors.New(text), []string{text})
	if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || len(runnertest.Lines(line)) != 1 {
		t.Errorf("%q makes lines: %q", text, line)
	}
	for _, quoted := range []string{printable.Name(text), printable.Sprintf("%q", text)} {
		if runnertest.Unseen(quoted) != 0 || strings.Contains(quoted, "\n") {
			t.Errorf("%q is named %q", text, quoted)
		}
	}

	b.Reset()
	e := json.NewEncoder(printable.New(&b).JSON())
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	want := map[string][]string{"texts": {text, text}, text: {"x"}}
	if err := e.Encode(want); err != nil {
		t.Fatal(err)
	}
	var got, faithful map[string][]string
	usual, err := json.Marshal(want)
	if err == nil {
		err = errors.Join(json.Unmarshal(usual, &faithful), json.Unmarshal(b.Bytes(), &got))
	}
	if err != nil || !reflect.DeepEqual(got, faithful) {
		t.Errorf("%q became %q as JSON, %v", text, got, err)
	}
	if line := runnertest.Commanded(b.String()); line != "" {
		t.Errorf("%q makes the command %q in JSON", text, line)
	}
	if r := runnertest.Unseen(b.String()); r != 0 {
		t.Errorf("%q prints %U in JSON", text, r)
	}

	if printable.Command([]byte(text)) == 0 && runnertest.Commanded(text) != "" {
		t.Errorf("%q is a command, and it is not said so", text)
	}
}

func TestTextStaysWhatItIs(t *testing.T) {
	tests := map[string]string{
		"plain, é and 日本\n\ttoo":  "plain, é and 日本\n\ttoo",
		"x\n::error::mine":        "x\n:·:error::mine",
		"x\n  ::error::mine":      "x\n  :·:error::mine",
		"a::b":                    "a::b",
		"x ##[error]mine":         "x ##·[error]mine",
		"\x1b[2Kx\rhidden":        "\ufffd[2Kx\ufffdhidden",
		"\x1b[31mred\x1b[0m":      "\ufffdred\ufffd",
		"\u2028::x\x00\x7f\u0085": "\ufffd::x\ufffd\ufffd\ufffd",
		"\u00a0::x::y":            "\u00a0:·:x::y",
		"##vso[x] ## [x] ##x #[":  "##vso·[x] ## [x] ##x #[",
		"### Heading\n: x\n:: y":  "### Heading\n: x\n:·: y",
	}
	for text, want := range tests {
		var b bytes.Buffer
		if _, err := io.WriteString(printable.New(&b).Text(), text); err != nil || b.String() != want {
			t.Errorf("%q became %q, not %q", text, b.String(), want)
		}
	}
	var b bytes.Buffer
	if _, err := io.WriteString(printable.New(&b).Styled(), "\x1b[31mred\x1b[0m \x1b[2K\x1b]0;title\a"); err != nil || strings.Count(b.String(), "\x1b") != 2 {
		t.Errorf("%q", b.String())
	}
}

func TestNamesAreQuotedWhereTheyAreNotPlain(t *testing.T) {
	for name, want := range map[string]string{"prod": "prod", "eu-west-1": "eu-west-1", "a.b_c/d": "a.b_c/d", "": `""`, "a b": `"a b"`, "::x": `"::x"`, "é": `"é"`, "a\u00a0b": `"a\u00a0b"`} {
		if got := printable.Name(name); got != want {
			t.Errorf("%q is named %s, not %s", name, got, want)
		}
	}
}

func TestPrintfTakesArgumentsAsFmtDoes(t *testing.T) {
	args := []any{42, true, "x", 1.5, errors.New("e"), []int{1, 2}, nil}
	const format = "%03d|%t|%-4s|%.2f|%v|%v|%v|%%"
	if got, want := printable.Sprintf(format, args...), fmt.Sprintf(format, args...); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestAContentWithACommandIsFound(t *testing.T) {
	for content, want := range map[string]int{
		"a = 1\n": 0, "# ##[x]\n": 1, "a\nb = <<E\n  ::x::y\nE\n": 3, "a\r::x::y": 1, "a\n\u00a0::x": 2, "# a::b\n": 0, ":\u200d:x": 1,
	} {
		if got := printable.Command([]byte(content)); got != want {
			t.Errorf("%q: line %d, not %d", content, got, want)
		}
	}
}
