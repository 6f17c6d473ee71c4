package actions_test

import (
	"bytes"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/actions"
)

func TestAnnotationsStandAtTheirLines(t *testing.T) {
	var b bytes.Buffer
	var step actions.Annotations
	_, left, err := step.Write(&b, []actions.Annotation{
		{Level: actions.Error, File: "infra/secrets.hcl", Line: 7, Column: 3, EndLine: 7, Title: "Key not found", Message: "100% of it,\nall: gone"},
		{Level: actions.Warning, Message: "no place"},
	})
	want := "::error file=infra/secrets.hcl,line=7,endLine=7,col=3,title=Key not found::100%25 of it,%0Aall: gone\n::warning::no place\n"
	if b.String() != want || left != 0 || err != nil {
		t.Errorf("%q, %d left, %v", b.String(), left, err)
	}
}

func TestAnnotationsAreCappedForTheStep(t *testing.T) {
	var b bytes.Buffer
	var step actions.Annotations
	for half := range 2 {
		var all []actions.Annotation
		for i := range 6 {
			place := 6*half + i + 1
			all = append(all, actions.Annotation{Level: actions.Error, File: "a", Line: place}, actions.Annotation{Level: actions.Warning, File: "a", Line: place})
		}
		added, left, err := step.Write(&b, all)
		if err != nil || len(added) != 12 || left != 4*half {
			t.Errorf("%d added, %d left, %v", len(added), left, err)
		}
	}
	for _, level := range []actions.Level{actions.Error, actions.Warning} {
		if n := strings.Count(b.String(), "::"+string(level)+" "); n != actions.PerLevel {
			t.Errorf("%d of level %s", n, level)
		}
	}
}

func TestAnAnnotationIsWrittenOnce(t *testing.T) {
	var b bytes.Buffer
	var step actions.Annotations
	one := []actions.Annotation{{Level: actions.Warning, File: "a", Line: 1, Message: "x"}}
	for i := range 3 {
		added, _, err := step.Write(&b, one)
		if err != nil || len(added) != max(0, 1-i) {
			t.Errorf("%v, %v", added, err)
		}
	}
	if strings.Count(b.String(), "\n") != 1 {
		t.Errorf("%q", b.String())
	}
}

// hostile are texts that try to author a command or an output of their own.
var hostile = []string{
	"\n::error::mine", "\r\n::set-output name=a::b", "\r::error::x", "%0A::error::x", "%250A::x", "a::b", "::error::x", "x,file=/etc/passwd", "x:y,line=1",
	"\n##[error]mine", "##[add-mask]x", "\x1b[2K\r::error::x", "\u2028::error::x", "\u2029::error::x", "\x00::x", "\x85::error::x",
	"EOF\nevil=1\n", "bundle-AAAA\nevil=1", "a<<EOF\nb\nEOF", "name=value", "\nname=value\n", strings.Repeat("\n", 50) + "::stop-commands::x",
	"::stop-commands::pause", "::add-path::/evil", "\xff\n::error::x", "\xed\xa0\x80\n::x", "`\n```\n<script>", "| a | b |\n|---|", "[x](http://example.com)", "@owner #1 !<b>",
	"\u200b\u2066\u200e\u00ad\U000e0041", "##vso[task.complete]", "$x$", "GH-1", "o/r#12", "^x",
	"::add-mask::a", "::debug::x\v::error::y", "\f::error::x", "%0D%0A::error::x", "\u0085\n::warning::x", "x::y%3A", "\ufeff::error::x", "\u202e::error::x",
}

func TestThereAreHostileTextsEnough(t *testing.T) {
	if len(hostile) < 30 {
		t.Errorf("only %d", len(hostile))
	}
}

func TestNoTextAuthorsACommand(t *testing.T) {
	for _, text := range hostile {
		checkCommand(t, text)
	}
}

func FuzzAnnotation(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(checkCommand)
}

func checkCommand(t *testing.T, text string) {
	var b bytes.Buffer
	var step actions.Annotations
	if _, _, err := step.Write(&b, []actions.Annotation{{Level: actions.Error, File: text, Line: 1, Title: text, Message: text}}); err != nil {
		t.Fatal(err)
	}
	line, rest, ok := strings.Cut(b.String(), "\n")
	if !ok || rest != "" || strings.ContainsAny(line, "\r\x00\x1b\u2028\u2029\x7f\u202e\u200b\ufeff\u00ad") || strings.Contains(line, "##[") {
		t.Fatalf("%q is more than one line: %q", text, b.String())
	}
	properties, _, _ := strings.Cut(strings.TrimPrefix(line, "::error "), "::")
	if text != "" && strings.Count(properties, ",") > 2 {
		t.Fatalf("%q adds a property: %q", text, properties)
	}
}

func TestNoTextAuthorsAnOutput(t *testing.T) {
	for _, text := range hostile {
		checkOutput(t, text)
	}
	if err := actions.WriteOutputs(filepath.Join(t.TempDir(), "output"), []actions.Output{{Name: "a=b"}}); err == nil {
		t.Error("a=b is no name")
	}
}

func FuzzOutput(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(checkOutput)
}

func checkOutput(t *testing.T, text string) {
	path := filepath.Join(t.TempDir(), "output")
	if err := actions.WriteOutputs(path, []actions.Output{{Name: "layer", Value: text}, {Name: "changed", Value: "true"}}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := readOutputs(t, string(b))
	if len(got) != 2 || got["layer"] != text || got["changed"] != "true" {
		t.Errorf("%q became %q", text, got)
	}
}

// readOutputs reads outputs as the runner does.
func readOutputs(t *testing.T, s string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for s != "" {
		name, rest, ok := strings.Cut(s, "<<")
		delimiter, rest, ok2 := strings.Cut(rest, "\n")
		value, rest, ok3 := strings.Cut(rest, "\n"+delimiter+"\n")
		if !ok || !ok2 || !ok3 {
			t.Fatalf("cannot be read: %q", s)
		}
		all[name], s = value, rest
	}
	return all
}

func TestSummaryIsCutAtItsLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary")
	if err := actions.WriteSummary(path, strings.Repeat("a line\n", 1<<18)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || len(b) > actions.MaxSummary || !bytes.HasSuffix(b, []byte("a line\n\n\n(The summary is truncated here.)\n")) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestCellHoldsNoMarkup(t *testing.T) {
	for _, text := range hostile {
		cell := actions.Cell(text)
		seen := html.UnescapeString(cell)
		if strings.ContainsAny(cell, "|\n\r`<>[]*_@\\$\u202e\u200b\u2066\u200e\ufeff\u00ad\U000e0041") || regexp.MustCompile(`@|#\d|(?i)gh-\d`).MatchString(seen) {
			t.Errorf("%q became %q", text, cell)
		}
	}
	for _, reference := range []string{"#1", "!2", "$3", "&4", "%5", `%"a b"`, "~bug", "GH-6", "owner/shop#7", "group/project!8", "@all"} {
		if seen := html.UnescapeString(actions.Cell(reference)); strings.Contains(seen, reference) {
			t.Errorf("%q is still one", reference)
		}
	}
	if actions.Cell("DB password 1") != "DB password 1" {
		t.Error("a plain text is changed")
	}
}
