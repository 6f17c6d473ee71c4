package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/internal/runnertest"
	"github.com/whispering/bundle/pipeline/plan"
)

func TestMarkdownHoldsTextsAsTexts(t *testing.T) {
	for _, text := range runnertest.HostileTexts() {
		r := &Plan{
			Changed: true, Bundle: text, Environment: text, Region: text,
			Functions: []planFunction{
				{Function: text, Action: plan.Add, Mode: "pack", keyName: text, Secrets: []planSecret{{Name: text, Parameter: text}, {Name: text, Parameter: text, VersionID: text}}, Paths: []string{text}},
				{Function: text, Action: plan.Reseal, Reasons: []planReason{{Secret: text, What: "version", From: text + "1", To: text + "2"}, {Secret: text, What: "removed"}, {Secret: text, What: "added"}}},
				{Function: text, Action: plan.Remove},
			},
		}
		for line := range strings.Lines(r.Markdown()) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "|") { // a row
				if strings.Count(line, "|") != 4 || !strings.HasSuffix(line, "|") {
					t.Errorf("%q makes a row of %d cells: %q", text, strings.Count(line, "|")-1, line)
				}
				line = strings.ReplaceAll(line, "|", "")
			}
			checkSpans(t, text, line)
		}
	}
}

// checkSpans holds a line to be our own words and closed spans of code.
func checkSpans(t *testing.T, text, line string) {
	t.Helper()
	spans := strings.Split(line, "`")
	if len(spans)%2 == 0 {
		t.Errorf("%q opens a span and does not close it: %q", text, line)
	}
	for i, span := range spans {
		for _, r := range span {
			if !unicode.IsPrint(r) && r != '\ufffd' {
				t.Errorf("%q leaves %q in %q", text, r, line)
			}
		}
		if i%2 == 0 && strings.ContainsAny(span, "<>@#[]|\\\ufffd") {
			t.Errorf("%q is outside of code in %q", text, line)
		}
		if i%2 == 1 && span == "" {
			t.Errorf("%q makes an empty span of %q", text, line)
		}
	}
}

func TestMarkdownFitsInAComment(t *testing.T) {
	r := &Plan{Changed: true, Bundle: "shop", Environment: "prod", Region: "us-west-2"}
	for i := range 3000 {
		r.Functions = append(r.Functions, planFunction{Function: fmt.Sprintf("f%d", i), Action: plan.Add, Mode: "pack", keyName: "alias/x",
			Secrets: []planSecret{{Name: "DB_PASSWORD", Parameter: "/shop/db"}}})
	}
	text := r.Markdown()
	if len(text) > 60000 || len(text) < 59000 {
		t.Errorf("%d bytes", len(text))
	}
	if !strings.HasSuffix(text, "lines more; bundle plan prints them all\n") {
		t.Errorf("it ends with %q", text[len(text)-80:])
	}
}

func TestSourcesOfOneNameAreShownInFull(t *testing.T) {
	const parameter, secret = "arn:aws:ssm:us-west-2:222222222222:parameter/prod/db", "arn:aws:secretsmanager:us-west-2:222222222222:secret:/prod/db-a1B2c3"
	f := planFunction{Function: "hello", Action: plan.Reseal, Reasons: []planReason{
		{Secret: "A", What: "secret", From: parameter, To: secret},
		{Secret: "B", What: "secret", From: parameter, To: strings.Replace(secret, "/prod/db", "prod/db", 1)},
	}}
	for i, want := range []string{"A: secret " + parameter + " → " + secret, "B: secret /prod/db → prod/db"} {
		if got := f.lines()[i].Text(func(s string) string { return s }); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSignsHaveColorsWhereTheStreamTakesThem(t *testing.T) {
	r := &Plan{Changed: true, Functions: []planFunction{
		{Function: "new", Action: plan.Add, Secrets: []planSecret{{Name: "A", Parameter: "/a"}}},
		{Function: "old\x1b[31m", Action: plan.Remove},
		{Function: "kept", Action: plan.Reseal, Reasons: []planReason{{Secret: "A", What: "version", From: "1", To: "2"}, {Secret: "B", What: "removed"}}},
	}}
	for _, colors := range []bool{false, true} {
		var b bytes.Buffer
		out := printable.New(&b)
		out.Colors = colors
		if err := r.Text(out); err != nil {
			t.Fatal(err)
		}
		signs := []string{"+ new: ", "    + A: ", "- old\ufffd", "~ kept\n", "    ~ A: ", "    - B: "}
		if colors {
			signs = []string{"\x1b[32m+\x1b[0m new: ", "    \x1b[32m+\x1b[0m A: ", "\x1b[31m-\x1b[0m old\ufffd", "\x1b[33m~\x1b[0m kept\n", "    \x1b[33m~\x1b[0m A: ", "    \x1b[31m-\x1b[0m B: "}
		}
		for _, want := range signs {
			if !strings.Contains(b.String(), want) {
				t.Errorf("there is no %q in\n%q", want, b.String())
			}
		}
		if n := strings.Count(b.String(), "\x1b"); !colors && n > 0 || colors && n != 12 {
			t.Errorf("%d sequences in %q", n, b.String())
		}
	}
}
