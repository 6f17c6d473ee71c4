package actions_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/actions"
)

func TestAnnotationsStandAtTheirLines(t *testing.T) {
	var b bytes.Buffer
	left, err := actions.Annotate(&b, []actions.Annotation{
		{Level: actions.Error, File: "infra/secrets.hcl", Line: 7, Column: 3, EndLine: 7, Title: "Key not found", Message: "100% of it,\nall: gone"},
		{Level: actions.Warning, Message: "no place"},
	})
	want := "::error file=infra/secrets.hcl,line=7,endLine=7,col=3,title=Key not found::100%25 of it,%0Aall: gone\n::warning::no place\n"
	if b.String() != want || left != 0 || err != nil {
		t.Errorf("%q, %d left, %v", b.String(), left, err)
	}
}

func TestAnnotationsAreCapped(t *testing.T) {
	var all []actions.Annotation
	for range 12 {
		all = append(all, actions.Annotation{Level: actions.Error, Message: "x"}, actions.Annotation{Level: actions.Notice, Message: "x"})
	}
	var b bytes.Buffer
	left, err := actions.Annotate(&b, all)
	if err != nil || left != 4 || strings.Count(b.String(), "\n") != 2*actions.PerLevel {
		t.Errorf("%d left, %d lines, %v", left, strings.Count(b.String(), "\n"), err)
	}
}

// hostile are texts that try to author a command or an output of their own.
var hostile = []string{
	"\n::error::mine", "\r\n::set-output name=a::b", "\r::error::x", "%0A::error::x", "%250A::x", "a::b", "::error::x", "x,file=/etc/passwd", "x:y,line=1",
	"\n##[error]mine", "##[add-mask]x", "\x1b[2K\r::error::x", "\u2028::error::x", "\u2029::error::x", "\x00::x", "\x85::error::x",
	"EOF\nevil=1\n", "bundle-AAAA\nevil=1", "a<<EOF\nb\nEOF", "name=value", "\nname=value\n", strings.Repeat("\n", 50) + "::stop-commands::x",
	"::stop-commands::pause", "::add-path::/evil", "\xff\n::error::x", "\xed\xa0\x80\n::x", "`\n```\n<script>", "| a | b |\n|---|", "[x](http://example.com)", "@owner #1 !<b>",
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
	if _, err := actions.Annotate(&b, []actions.Annotation{{Level: actions.Error, File: text, Line: 1, Title: text, Message: text}}); err != nil {
		t.Fatal(err)
	}
	line, rest, ok := strings.Cut(b.String(), "\n")
	if !ok || rest != "" || strings.ContainsAny(line, "\r\x00\x1b\u2028\u2029\x7f") {
		t.Fatalf("%q is more than one line: %q", text, b.String())
	}
	properties, _, _ := strings.Cut(strings.TrimPrefix(line, "::error "), "::")
	if text != "" && strings.Count(properties, ",") > 2 {
		t.Fatalf("%q adds a property: %q", text, properties)
	}
}

func TestNoTextAuthorsAnOutput(t *testing.T) {
	for _, text := range hostile {
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
	if err := actions.WriteOutputs(filepath.Join(t.TempDir(), "output"), []actions.Output{{Name: "a=b"}}); err == nil {
		t.Error("a=b is no name")
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
	if err != nil || len(b) > actions.MaxSummary || !bytes.HasSuffix(b, []byte("a line\n\n\n(The summary is cut here.)\n")) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestCellHoldsNoMarkup(t *testing.T) {
	for _, text := range hostile {
		if cell := actions.Cell(text); strings.ContainsAny(cell, "|\n\r`<>[]*_@\\") {
			t.Errorf("%q became %q", text, cell)
		}
	}
	if actions.Cell("DB password 1") != "DB password 1" {
		t.Error("a plain text is changed")
	}
}
