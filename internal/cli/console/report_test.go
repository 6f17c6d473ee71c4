package console

import (
	"fmt"
	"strings"
	"testing"
)

func TestFormsOfReports(t *testing.T) {
	for value, want := range map[string][2]string{
		"plan.md":             {"markdown", "plan.md"},
		"a/b/PLAN.MD":         {"markdown", "a/b/PLAN.MD"},
		"plan.json":           {"json", "plan.json"},
		"markdown=plan.json":  {"markdown", "plan.json"},
		"json=plan":           {"json", "plan"},
		"json=a=b":            {"json", "a=b"},
		"codequality=plan.md": {"codequality", "plan.md"},
		"codequality=gl-code-quality-report.json": {"codequality", "gl-code-quality-report.json"},
		"json=gl-code-quality-report.json":        {"json", "gl-code-quality-report.json"},
		"./a=b.md":                                {"markdown", "./a=b.md"},
		"c/codequality=x.json":                    {"json", "c/codequality=x.json"},
		"plan":                                    {}, "plan.txt": {}, "plan.": {}, "plan.md/": {}, "-": {}, "md": {}, "=": {}, "=plan.md": {}, "html=plan.html": {}, "Markdown=plan.md": {},
		"json=": {}, "codequality=": {}, "a=b.md": {}, "gl-code-quality-report.json": {}, "a/gl-code-quality-report.json": {}, "json,markdown=plan": {},
	} {
		form, path, err := reportForm(value)
		if form != want[0] || path != want[1] || (err == nil) != (form != "") {
			t.Errorf("%q is %q of %q, %v", value, path, form, err)
		}
	}
}

func TestWhatIsAReport(t *testing.T) {
	for content, want := range map[string]bool{
		"### bundle: 1 error\n\n| where |": true,
		"### bundle publish: x":            true,
		"**bundle plan** for `x`":          true,
		"[]\n":                             true,
		`[{"fingerprint": "a", "description": "of another tool"}]`:  true,
		`{"format_version": 2, "command": "plan", "targets": [{}]}`: true,
		"# bundle\n":                     false,
		"# Readme\n\n### bundle\n":       false,
		"{}":                             false,
		"null":                           false,
		`{"keys": [], "parameters": []}`: false,
		`{"format_version": 2}`:          false,
		`{"format_version": 2, "targets": [{}]} {}`: false,
		`["a"]`:                                 false,
		`[{"fingerprint": "a"}, {"name": "b"}]`: false,
		`[1, 2]`:                                false,
		"PK\x03\x04":                            false,
		"\xef\xbb\xbf[]":                        false,
		"function \"a\" {}":                     false,
	} {
		if got := isReport([]byte(content)); got != want {
			t.Errorf("%q: %t", content, got)
		}
	}
}

// TestTableOfSeveralTargets: what is wrong for several targets is one row, which names them.
func TestTableOfSeveralTargets(t *testing.T) {
	var targets []Target
	for i := range 300 {
		targets = append(targets, Target{Environment: fmt.Sprintf("e%d", i), Region: "r", Problems: []Problem{missing(2, "Put it."), missing(2, "Put it.")}, Warnings: []Problem{missing(3, "Unused.")}})
	}
	targets[299].Problems = append(targets[299].Problems, missing(2, "Put that."))
	c := &Console{answer: &answer{targets: targets}, reports: &reports{}}
	text := c.reportMarkdown()
	for _, row := range []string{
		"### bundle: 2 errors", "| Parameter not found &#40;e0 r, e1 r, e2 r, e3 r, e4 r, e5 r, e6 r, e7 r, 292 more&#41; | Put it", "| Parameter not found &#40;e299 r&#41; | Put that",
		"### bundle: 1 warning", "| Parameter not found | Unused",
	} {
		if strings.Count(text, row) != 1 {
			t.Errorf("%q is not there once:\n%.2000s", row, text)
		}
	}
}
