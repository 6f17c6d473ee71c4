package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMutants(t *testing.T) {
	tests := map[string]struct {
		body string
		want []string // each is the body with one fault
	}{
		"a limit":              {"return a < 1", []string{"return a <= 1", "return a >= 1"}},
		"an equality":          {"return a == 1", []string{"return a != 1"}},
		"a conjunction":        {"return ok && a", []string{"return !ok && a", "return ok || a", "return ok && !a"}},
		"a negation":           {"return !ok", []string{"return ok"}},
		"a condition":          {"if ok() { f() }", []string{"if !ok() { f() }"}},
		"an end of a loop":     {"for { break }", []string{"for { continue }"}},
		"a loop":               {"for ok { continue }", []string{"for !ok { continue }", "for ok { break }"}},
		"a case":               {"switch { case ok, a > 2: }", []string{"switch { case !ok, a > 2: }", "switch { case ok, a >= 2: }", "switch { case ok, a <= 2: }"}},
		"a case of a value":    {"switch a { case b: }", nil},
		"a count":              {"a++", []string{"a--"}},
		"a sum":                {"a += b", []string{"a = b", "a -= b"}},
		"a negative number":    {"return -1", []string{"return 1"}},
		"bits":                 {"return a & b", []string{"return a | b"}},
		"an address":           {"return &a", nil},
		"an assignment":        {"a := b", nil},
		"what a comment tells": {"/* a < b */", nil},
		"a text":               {`return "a && b"`, nil},
	}
	for name, test := range tests {
		const before, after = "package p\nfunc f() any { ", " }\n"
		src := before + test.body + after
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, "p.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range mutants(files, file) {
			faulty := src[:m.At.Offset] + m.New + src[m.At.Offset+len(m.Old):]
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(faulty, before), after))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRunTellsWhatLives(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a package again and again")
	}
	var out bytes.Buffer
	percent, err := run(&out, "./testdata/half", options{every: 1, grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	const want = `lived: half.go:15:39: ">=" -> ">"
github.com/whispering/bundle/internal/house/mutate/testdata/half: 7 faults found, 1 lived (87.5 % found); 1 do not compile
`
	if diff := cmp.Diff(want, out.String()); diff != "" || percent != 87.5 {
		t.Errorf("%g %%: %s", percent, diff)
	}
	for name, pattern := range map[string]string{"tests that fail": "./testdata/failing", "no package": "./testdata/none", "no Go": "./testdata"} {
		if percent, err := run(&out, pattern, options{every: 1, grace: time.Second}); err == nil || percent != 0 {
			t.Errorf("%s: %g %%, %v", name, percent, err)
		}
	}
}

// It fails where a package stays below the share that must be found, and still tries the others.
func TestTheShareThatMustBeFound(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles packages again and again")
	}
	for least, want := range map[string]string{
		"0": "",
		"1": "mutate: ./testdata/half: the tests find 0.0 % of the faults, and must find 1 %",
	} {
		cmd := exec.Command("go", "run", ".", "-every", "5", "-min", least, "./testdata/half", "./testdata/half") // the fifth lives
		text, err := cmd.CombinedOutput()
		if (err == nil) != (want == "") || !strings.Contains(string(text), want) || strings.Count(string(text), "0 faults found, 1 lived") != 2 {
			t.Errorf("-min %s: %v\n%s", least, err, text)
		}
	}
	if text, err := exec.Command("go", "run", ".").CombinedOutput(); err == nil || !strings.Contains(string(text), "-min") {
		t.Errorf("no package: %v\n%s", err, text)
	}
}
