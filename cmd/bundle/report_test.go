package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

const reportManifest = `bundle {
  name  = "shop"
  layer = "shop-${environment.name}"
}
variable "path" { default = "/shop/db" }
environment "local" { embedded = "sample.json" }
environment "second" { embedded = "sample.json" }
function "hello" {
  kms_key = "alias/hello"
  secret "DB" { parameter = var.path }
  secret "API" { parameter = "/shop/api" }
}
`

// reportFolder is a folder with a manifest, a sample file and a file of somebody.
func reportFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"secrets.hcl": reportManifest, "README.md": "# Shop\n", "guard.hcl": "", "old.md": "### bundle: 1 error\n", "old.json": "[]\n", "empty.md": "",
		"sample.json": `{"keys": [{"alias": "alias/hello"}], "parameters": [
			{"name": "/shop/db", "type": "SecureString", "value": "not-a-real-one"}, {"name": "/shop/api", "type": "SecureString", "value": "nor-this"}]}`,
	} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("folder", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("old.md", "link.md"); err != nil {
		t.Fatal(err)
	}
}

// TestReportsThatAreRefused: nothing that exists is replaced but a report, and nothing is called.
func TestReportsThatAreRefused(t *testing.T) {
	reportFolder(t)
	contents := func() string {
		var all strings.Builder
		files, _ := filepath.Glob("*")
		for _, f := range files {
			b, _ := os.ReadFile(f)
			fmt.Fprintf(&all, "%s: %q\n", f, b)
		}
		return all.String()
	}
	before := contents()
	for what, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no form":                   {[]string{"--report", "report"}, 2, "the form is not clear"},
		"an unknown form":           {[]string{"--report", "html=report.html"}, 2, `there is no form "html"`},
		"no file":                   {[]string{"--report", "json="}, 2, "names no file"},
		"GitLab's name":             {[]string{"--report", "gl-code-quality-report.json"}, 2, "Write codequality=gl-code-quality-report.json"},
		"standard output":           {[]string{"--report", "json=-"}, 2, "a report is a file"},
		"a flag":                    {[]string{"--report", "json=-x"}, 2, "looks like a mistake"},
		"spaces":                    {[]string{"--report", "json= "}, 2, "looks like a mistake"},
		"a folder":                  {[]string{"--report", "json=folder"}, 8, "is a folder"},
		"a folder with a slash":     {[]string{"--report", "json=folder/"}, 8, "is a folder"},
		"no folder":                 {[]string{"--report", "gone/report.md"}, 8, "mkdir -p gone"},
		"a device":                  {[]string{"--report", "json=/dev/null"}, 8, "is a device"},
		"a link":                    {[]string{"--report", "link.md"}, 8, "is a symbolic link"},
		"a file in a file":          {[]string{"--report", "README.md/report.md"}, 8, "is not a folder"},
		"the manifest":              {[]string{"--report", "json=secrets.hcl"}, 2, "has the name of a manifest"},
		"the guard file":            {[]string{"--report", "json=guard.hcl", "--guard", "guard.hcl"}, 2, "has the name of a manifest"},
		"a manifest in JSON":        {[]string{"--report", "x.hcl.json"}, 2, "has the name of a manifest"},
		"the sample file":           {[]string{"--report", "sample.json"}, 2, "is not a report"},
		"somebody's file":           {[]string{"--report", "README.md"}, 2, "is not a report"},
		"one file twice":            {[]string{"--report", "report.md", "--report", "json=./report.md"}, 2, "names ./report.md twice"},
		"one file in another case":  {[]string{"--report", "report.md", "--report", "REPORT.md"}, 2, "names REPORT.md twice"},
		"the layer":                 {[]string{"--report", "json=layer.zip"}, 2, "--report layer.zip is layer.zip, which this run reads or writes itself"},
		"the state of the embedded": {[]string{"--report", ".bundle-local/report.md"}, 2, "belongs to the embedded AWS"},
		"a folder of state":         {[]string{"--report", "folder/report.md", "--data", "folder"}, 2, "belongs to the embedded AWS"},
		"an unknown flag":           {[]string{"--no-such-flag", "--report", "README.md"}, 2, "is not a report"},
		"a flag without its value":  {[]string{"--report", "json=secrets.hcl", "--env"}, 2, "has the name of a manifest"},
		"a name that is too long":   {[]string{"--report", strings.Repeat("x", 300) + ".md"}, 8, "shorter path"},
	} {
		_, stderr, code := ran(t, append([]string{"build", "--env", "local", "--out", "layer.zip"}, test.args...)...)
		if code != test.code || !strings.Contains(strings.Join(strings.Fields(stderr), " "), test.says) {
			t.Errorf("%s: exit code %d\n%s", what, code, stderr)
		}
		_ = os.Remove("report.md") // another report of the same run is written
		if after := contents(); after != before {
			t.Errorf("%s: before\n%safter\n%s", what, before, after)
		}
	}
}

// TestReportsOfEveryEnd writes all forms for runs that succeed and that fail, and checks them.
func TestReportsOfEveryEnd(t *testing.T) {
	docs := docsFolder(t)
	reportFolder(t)
	for name, content := range map[string]string{"broken.hcl": "function {", "api.env": "API=cAnArY-of-a-report\n"} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		what     string
		args     []string
		code     int
		markdown string
		issues   []string // their codes
	}{
		{"a first build", []string{"build", "--env", "local", "--out", "layer.zip"}, 0, "### bundle: local in us&#45;east&#45;1, changed\n", nil},
		{"a plan of several", []string{"plan", "--env", "local", "--env", "second"}, 0, "### bundle: 2 targets\n", nil},
		{"a plan that differs", []string{"plan", "--env", "local", "--exit-code"}, 3, "**bundle plan** for `shop`", nil},
		{"a publication", []string{"publish", "--env", "local"}, 0, "### bundle publish: layer&#46;zip", nil},
		{"a status", []string{"status", "--env", "local"}, 0, "### bundle status: ", nil},
		{"a comparison", []string{"compare", "--env", "local", "--env", "second"}, 0, "**bundle compare** for `shop`", nil},
		{"a comparison as HTML", []string{"compare", "--env", "local", "--env", "second", "--html"}, 0, "**bundle compare** for `shop`", nil},
		{"a valid manifest", []string{"validate"}, 0, "### bundle validate: no problems in 2 environments\n", nil},
		{"a health check", []string{"doctor", "--env", "local"}, 0, "### bundle doctor: local in us&#45;east&#45;1 is healthy\n", nil},
		{"a layer", []string{"verify"}, 0, "### bundle verify: layer&#46;zip is verified\n", nil},
		{"a put that is not done", []string{"put", "--env", "local", "API", "--dry-run"}, 0, "### bundle: parameters that would be written\n", nil},
		{"an import", []string{"import", "--env", "local", "api.env"}, 0, "### bundle: parameters\n", nil},
		{"a put of an unknown secret", []string{"put", "--env", "local", "GONE", "--dry-run"}, 2, "### bundle: 1 error\n", []string{"unknown-secret"}},
		{"a parameter that is missing", []string{"plan", "--env", "local", "--var", "path=/shop/@gone"}, 2, "### bundle: 1 error\n", []string{"invalid-parameter"}},
		{"parameters that are missing", []string{"plan", "--env", "local", "--env", "second", "--var", "path=/shop/gone"}, 5, "| Parameter not found &#40;local us&#45;east&#45;1, second us&#45;east&#45;1&#41; |", []string{"parameter-not-found"}},
		{"a comparison without one", []string{"compare", "--env", "local", "--env", "gone"}, 2, "Unknown environment", []string{"unknown-environment"}},
		{"a broken manifest", []string{"validate", "--manifest", "broken.hcl"}, 2, "### bundle: 1 error\n", []string{"unclosed-configuration-block"}},
		{"no manifest", []string{"validate", "--manifest", "gone.hcl"}, 2, "### bundle: 1 error\n", []string{"manifest-not-readable"}},
		{"an unknown flag", []string{"plan", "--no-such-flag"}, 2, "unknown flag", []string{"wrong-command-line"}},
		{"a flag without its value", []string{"plan", "--env"}, 2, "needs a value", []string{"wrong-command-line"}},
		{"a flag twice", []string{"plan", "--manifest", "a.hcl", "--manifest", "b.hcl"}, 2, "is set twice", []string{"wrong-command-line"}},
		{"a report without its file", []string{"plan", "--report"}, 2, "needs a value", []string{"wrong-command-line"}},
		{"a report with no name", []string{"plan", "--report="}, 2, "has an empty value", []string{"wrong-command-line"}},
		{"an unknown flag of the default", []string{"--no-such-flag"}, 2, "unknown flag", []string{"wrong-command-line"}},
		{"an argument", []string{"plan", "twice"}, 2, "### bundle: 1 error\n", []string{"wrong-command-line"}},
		{"two forms", []string{"plan", "--env", "local", "--markdown", "--json"}, 2, "### bundle: 1 error\n", []string{"wrong-command-line"}},
		{"a layer that is none", []string{"verify", "--layer", "README.md"}, 7, "### bundle: 1 error\n", []string{"invalid-layer"}},
		{"a layer that is gone", []string{"publish", "--env", "local", "--layer", "gone.zip"}, 2, "### bundle: 1 error\n", []string{"layer-not-readable"}},
		{"an output that is none", []string{"build", "--env", "local", "--out", "folder"}, 8, "### bundle: 1 error\n", []string{"unusable-output"}},
		{"a report that is refused", []string{"plan", "--env", "local", "--report", "README.md"}, 2, "### bundle: 1 error\n", []string{"output-file-is-not-a-report"}},
	} {
		args := append(slices.Clone(test.args), "--report", "report.md", "--report", "report.json", "--report", "codequality=quality.json")
		_, stderr, code := ran(t, args...)
		if code != test.code {
			t.Errorf("%s: exit code %d\n%s", test.what, code, stderr)
		}
		if text := read(t, "report.md"); !strings.Contains(text, test.markdown) || !isOurs(text) {
			t.Errorf("%s: the Markdown is\n%s", test.what, text)
		}
		codes, err := checkReports(docs, ".", code)
		if err != nil {
			t.Errorf("%s: %v", test.what, err)
		}
		if !slices.Equal(codes, test.issues) {
			t.Errorf("%s: the issues are %q", test.what, codes)
		}
		if info, err := os.Stat("report.md"); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: mode %v, %v", test.what, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(".*.tmp"); left != nil {
		t.Errorf("temporary files are left: %q", left)
	}
}

func isOurs(markdown string) bool {
	return strings.HasPrefix(markdown, "### bundle") || strings.HasPrefix(markdown, "**bundle ")
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkReports checks report.json and quality.json in a folder against their schemas, and returns the codes of the issues.
func checkReports(docs, folder string, code int) ([]string, error) {
	answer, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err == nil {
		err = checkAnswer(docs, answer, code)
	}
	content, readErr := os.ReadFile(filepath.Join(folder, "quality.json"))
	schema, schemaErr := readSchema(filepath.Join(docs, "schemas", "codequality.json"))
	if err := errors.Join(err, readErr, schemaErr); err != nil {
		return nil, err
	}
	var value any
	if err = json.Unmarshal(content, &value); err == nil {
		err = schema.Validate(value)
	}
	var issues []struct {
		CheckName   string `json:"check_name"`
		Fingerprint string
	}
	if err := errors.Join(err, json.Unmarshal(content, &issues)); err != nil {
		return nil, err
	}
	var codes []string
	seen := map[string]bool{}
	for _, one := range issues {
		codes = append(codes, one.CheckName)
		if seen[one.Fingerprint] {
			return nil, fmt.Errorf("two issues have the fingerprint %s", one.Fingerprint)
		}
		seen[one.Fingerprint] = true
	}
	return codes, nil
}

// A removing writer removes a folder when something is written.
type removing struct {
	bytes.Buffer
	folder string
}

func (r *removing) Write(b []byte) (int, error) {
	_ = os.Remove(r.folder)
	return r.Buffer.Write(b)
}

// TestReportThatCannotBeWritten: a run that is otherwise done fails, and one that fails keeps its exit code.
func TestReportThatCannotBeWritten(t *testing.T) {
	reportFolder(t)
	for _, test := range []struct {
		args []string
		code int
		says string
		ok   string
	}{
		{[]string{"plan", "--env", "local"}, 8, "Error: Report not written", `"code": "report-not-written"`},
		{[]string{"plan", "--env", "local", "--exit-code"}, 8, "The command itself is done.", `"code": "report-not-written"`},
		{[]string{"plan", "--env", "local", "--var", "path=/shop/gone"}, 5, "bundle: --report short/report.md: the folder short does not exist.", `"code": "parameter-not-found"`},
	} {
		if err := os.Mkdir("short", 0o755); err != nil {
			t.Fatal(err)
		}
		var stdout bytes.Buffer
		stderr := &removing{folder: "short"}
		a := newApp(&console.Console{
			Args: append([]string{"bundle"}, append(test.args, "--json", "--report", "short/report.md", "--report", "other.md")...), Environ: []string{"HOME=" + t.TempDir()},
			Stdin: strings.NewReader(""), Stdout: printable.New(&stdout), Stderr: printable.New(stderr),
		}, nil)
		code := a.run(t.Context())
		if code != test.code || !strings.Contains(strings.Join(strings.Fields(stderr.String()), " "), test.says) || !strings.Contains(stdout.String(), test.ok) || !strings.Contains(stdout.String(), `"ok": false`) {
			t.Errorf("%q: exit code %d\n%s\n%s", test.args, code, stdout.String(), stderr)
		}
		if !isOurs(read(t, "other.md")) {
			t.Error("the other report was not written")
		}
	}
}

// TestReportOfARunThatIsStopped: a signal is a problem as well.
func TestReportOfARunThatIsStopped(t *testing.T) {
	reportFolder(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(console.Interruption{Signal: syscall.SIGTERM})
	a := newApp(&console.Console{
		Args:    []string{"bundle", "plan", "--env", "local", "--report", "report.json", "--report", "report.md", "--report", "codequality=quality.json"},
		Environ: []string{"HOME=" + t.TempDir()}, Stdin: strings.NewReader(""), Stdout: printable.New(io.Discard), Stderr: printable.New(io.Discard),
	}, nil)
	if code := a.run(ctx); code != 143 || !strings.Contains(read(t, "report.md"), "Interrupted") || !strings.Contains(read(t, "report.json"), `"kind": "interrupted"`) ||
		!strings.Contains(read(t, "quality.json"), `"severity": "info"`) {
		t.Errorf("exit code %d\n%s\n%s", code, read(t, "report.md"), read(t, "quality.json"))
	}
}

// TestReportsOfAStrangersManifest: what a manifest makes of a message is no markup in Markdown, and one line in JSON.
func TestReportsOfAStrangersManifest(t *testing.T) {
	docs := docsFolder(t)
	reportFolder(t)
	for _, hostile := range []string{
		"@all", "@owner/team", "#1", "owner/shop#2", "!3", "$4", "&5", "%6", "~bug", "GH-7", "[a](https://example.com)", "<img src=x onerror=alert(1)>", "</td>",
		"<!-- bundle plan -->", "| a | b |", "**bold**", "`code`", "\\n/close", "\\n::error::x", "##[error]x", "\\u202e", "\\u0000", "\\u200b", "&lt;b&gt;", "{+ a +}", "[[_TOC_]]",
		"https://example.com", "www.example.com", "![a](b)", "\\r\\n# title",
	} {
		for _, manifest := range []string{
			strings.Replace(reportManifest, `"/shop/api"`, `"/shop/`+hostile+`"`, 1),
			strings.Replace(reportManifest, `function "hello" {`, "function \"hello\" {\n  deployed_as = \""+hostile+`"`, 1),
			strings.Replace(reportManifest, `"alias/hello"`, `"alias/`+hostile+`"`, 1),
			strings.Replace(reportManifest, `embedded = "sample.json"`, `embedded = "`+hostile+`"`, 1),
		} {
			if err := os.WriteFile("@all #1.hcl", []byte(manifest), 0o644); err != nil {
				t.Fatal(err)
			}
			_, stderr, code := ran(t, "validate", "--manifest", "@all #1.hcl", "--env", "local", "--report", "report.md", "--report", "report.json", "--report", "codequality=quality.json")
			if code == 0 {
				continue // a valid name
			}
			if code != 2 {
				t.Errorf("%q: exit code %d\n%s", hostile, code, stderr)
			}
			if _, err := checkReports(docs, ".", code); err != nil {
				t.Errorf("%q: %v", hostile, err)
			}
			text := read(t, "report.md")
			for line := range strings.Lines(text) {
				row := strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |\n")
				if strings.HasPrefix(line, "| ") && strings.ContainsAny(strings.ReplaceAll(row, " | ", ""), "|`<>[]*@!~\\") || strings.HasPrefix(line, "/") || strings.HasPrefix(line, "::") {
					t.Errorf("%q becomes %q", hostile, line)
				}
			}
			seen := html.UnescapeString(text)
			if strings.Contains(seen, "@") || regexp.MustCompile(`[#!$&]\d|[%~]\w|GH-\d`).MatchString(seen) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && printable.Hidden(r) }) {
				t.Errorf("%q is in\n%s", hostile, seen)
			}
			if strings.Count(text, "\n") > 16 {
				t.Errorf("%q has lines of its own in\n%s", hostile, text)
			}
		}
	}
}

// TestReportsInActions: the summary of the step is a file of its own.
func TestReportsInActions(t *testing.T) {
	reportFolder(t)
	run := func(summary string) (code int, stderr string) {
		var problems bytes.Buffer
		a := newApp(&console.Console{
			Args:    []string{"bundle", "validate", "--report", "report.md"},
			Environ: []string{"HOME=" + t.TempDir(), "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + summary}, Stdin: strings.NewReader(""),
			Stdout: printable.New(io.Discard), Stderr: printable.New(&problems),
		}, nil)
		return a.run(t.Context()), problems.String()
	}
	if err := os.WriteFile("report.md", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, stderr := run("./report.md"); code != 2 || !strings.Contains(stderr, "GITHUB_STEP_SUMMARY names report.md, which this run reads or writes itself") || read(t, "report.md") != "" {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if code, stderr := run("summary.md"); code != 0 || read(t, "report.md") != read(t, "summary.md") || !isOurs(read(t, "report.md")) {
		t.Errorf("exit code %d\n%s\n%s\n%s", code, stderr, read(t, "report.md"), read(t, "summary.md"))
	}
}
