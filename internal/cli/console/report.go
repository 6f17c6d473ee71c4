package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// The forms of --report.
const (
	markdownReport = "markdown"
	jsonReport     = "json"
	qualityReport  = "codequality"
)

// qualityFile is the name that GitLab gives to code quality reports
// (https://docs.gitlab.com/ci/testing/code_quality/).
const qualityFile = "gl-code-quality-report.json"

// ReportFlag returns --report, which writes the outcome of a run to files.
func ReportFlag() cli.Flag {
	return &cli.GenericFlag{Name: "report", Value: &many{}, Usage: "write a report, even if the run fails: Markdown (name.md), the object of --json (name.json), " +
		"or GitLab code quality (codequality=FILE); can be repeated (`FILE`)"}
}

// reports are the files of --report, and what they are made of.
type reports struct {
	asked    []string // values of --report, as long as the command line is not parsed
	files    []reportFile
	manifest string // the place of a problem that has none

	mu       sync.Mutex
	markdown strings.Builder // of results
}

// A reportFile is one file of --report.
type reportFile struct {
	form string
	out  *pipeline.Outfile
}

// askedReports returns the values of --report in the arguments of a command. It parses them itself, because urfave/cli may
// fail.
func askedReports(args []string) []string {
	var all []string
	for i, arg := range args {
		if name, flag := flagName(arg); !flag || name != "report" {
			continue
		}
		_, value, valued := strings.Cut(arg, "=")
		if !valued && i+1 < len(args) {
			value = args[i+1]
		}
		if value != "" && value[0] != '-' {
			all = append(all, value)
		}
	}
	return all
}

// add adds the Markdown of a result.
func (r *reports) add(markdown string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if markdown != "" && r.markdown.Len() > 0 {
		r.markdown.WriteString("\n")
	}
	r.markdown.WriteString(markdown)
}

// openReports checks the files of --report before the work begins. Those that can be written are written when the run
// ends, however it ends. data is the value of --data.
func (c *Console) openReports(values []string, data string) error {
	var failed error
	for _, value := range values {
		form, path, err := reportForm(value)
		if err == nil {
			err = c.openReport(form, path, data)
		}
		if failed == nil {
			failed = err
		}
	}
	return failed
}

// reportForm returns the form and the path of a report: FORM=PATH, or a path whose extension says the form.
func reportForm(value string) (form, path string, err error) {
	form, path, explicit := strings.Cut(value, "=")
	extension := strings.ToLower(filepath.Ext(value))
	switch {
	case explicit && slices.Contains([]string{markdownReport, jsonReport, qualityReport}, form):
		if path == "" {
			return "", "", Usagef("--report %s names no file (is a variable unset?): write for example --report %[1]sreport.md", value)
		}
		return form, path, nil
	case explicit && !strings.ContainsAny(form, `/\`):
		return "", "", Usagef("--report %s: there is no form %q. Write markdown=FILE, json=FILE or codequality=FILE. For a file whose name has an equals sign, write ./%[1]s.", value, form)
	case filepath.Base(value) == qualityFile:
		return "", "", Usagef("--report %s: this is GitLab's name for code quality reports. Write codequality=%[1]s, or json=%[1]s for the object of --json.", value)
	case extension == ".md":
		return markdownReport, value, nil
	case extension == ".json":
		return jsonReport, value, nil
	}
	return "", "", Usagef("--report %s: the form is not clear. Use a name that ends in .md or .json, or write markdown=FILE, json=FILE or codequality=FILE.", value)
}

func (c *Console) openReport(form, path, data string) error {
	if strings.HasSuffix(strings.ToLower(path), ".hcl") || strings.HasSuffix(strings.ToLower(path), ".hcl.json") {
		return Usagef("--report %s has the name of a manifest: use another extension than .hcl and .hcl.json", path)
	}
	if data != "" && pipeline.Inside(path, data) {
		return Usagef("--report %s is in %s, which belongs to the embedded AWS. Use a path outside of it.", path, data)
	}
	for _, other := range c.reports.files {
		if sameFile(other.out.Path, path) {
			return Usagef("--report names %s twice: use a file for each report", path)
		}
	}
	if err := c.apartFromActions(path); err != nil {
		return err
	}
	out, problems := pipeline.OpenReport(path, isReport)
	if len(problems) > 0 {
		return Failed(problems)
	}
	c.reports.files = append(c.reports.files, reportFile{form, out})
	return nil
}

// isReport reports whether a file is a report of an earlier run, of any form.
func isReport(content []byte) bool {
	if bytes.HasPrefix(content, []byte("### bundle")) || bytes.HasPrefix(content, []byte("**bundle ")) {
		return true
	}
	var envelope struct {
		FormatVersion int   `json:"format_version"`
		Targets       []any `json:"targets"`
	}
	if json.Unmarshal(content, &envelope) == nil {
		return envelope.FormatVersion > 0 && len(envelope.Targets) > 0
	}
	var issues []struct {
		Fingerprint string `json:"fingerprint"`
	}
	if json.Unmarshal(content, &issues) != nil {
		return false
	}
	for _, one := range issues {
		if one.Fingerprint == "" {
			return false
		}
	}
	return true
}

// apartFromReports refuses a report that is one of the files that the run reads or writes, and does not write it.
func (c *Console) apartFromReports(files []string) error {
	for i, r := range c.reports.files {
		for _, file := range files {
			if file != "" && sameFile(r.out.Path, file) {
				c.reports.files = slices.Delete(c.reports.files, i, i+1)
				return Usagef("--report %s is %s, which this run reads or writes itself. Use another path.", r.out.Path, file)
			}
		}
	}
	return nil
}

// writeReports writes the reports of a run that ended with err. It returns err, or the failure to write a report of a run
// that is otherwise done.
func (c *Console) writeReports(err error) error {
	for _, r := range c.reports.files {
		content := c.reportContent(r.form)
		problems := r.out.Replace(content)
		switch {
		case len(problems) == 0:
			r.out.Content = content
		case err == nil, errors.Is(err, ErrDifferences):
			for i := range problems {
				problems[i].Detail += " The command itself is done."
			}
			err = &Failure{Problems: problems}
			c.answer.unnamed().Add(problems)
		default:
			c.Hint("%s", problems[0].Detail)
		}
	}
	return err
}

func (c *Console) reportContent(form string) []byte {
	var b bytes.Buffer
	out := printable.New(&b)
	switch form {
	case markdownReport:
		_, _ = out.Text().Write([]byte(actions.Clip(c.reportMarkdown()))) // into memory
	case jsonReport:
		_ = writeJSON(out, c.answer.envelope())
	case qualityReport:
		_ = writeJSON(out, c.issues())
	}
	return b.Bytes()
}

// reportMarkdown returns what the run has added to the step's summary in GitHub Actions, or would have.
func (c *Console) reportMarkdown() string {
	var text strings.Builder
	text.WriteString(c.reports.markdown.String())
	add := func(table string) {
		if table != "" && text.Len() > 0 {
			text.WriteString("\n")
		}
		text.WriteString(table)
	}
	add(c.answer.table(actions.Error, func(t *Target) ([]Problem, int) { return t.Problems, t.More }))
	add(c.answer.table(actions.Warning, func(t *Target) ([]Problem, int) { return t.Warnings, t.Warned }))
	if text.Len() == 0 {
		fmt.Fprintf(&text, "**bundle %s**: done\n", c.answer.command)
	}
	return text.String()
}

// table returns the problems of all targets as a table. A problem that several targets have is in one row.
func (a *answer) table(level actions.Level, of func(*Target) ([]Problem, int)) string {
	var rows []problemRow
	var names [][]string // of the targets of each row
	at := make(map[problemRow]int)
	more := 0
	for i := range a.targets {
		t := &a.targets[i]
		listed, rest := of(t)
		more += rest
		for _, p := range listed {
			row := problemRow{place(p.File, p.Line), p.Summary, p.Detail}
			j, known := at[row]
			if !known {
				j = len(rows)
				at[row] = j
				rows, names = append(rows, row), append(names, nil)
			}
			if name := t.names(); name != "" && len(a.targets) > 1 && level == actions.Error && !slices.Contains(names[j], name) {
				names[j] = append(names[j], name)
			}
		}
	}
	for j, of := range names {
		rows[j].summary += enumerated(of)
	}
	return problemTable(level, rows, more)
}

const maxNamed = 8 // targets with a problem

// enumerated returns the names of targets in parentheses, "" for none.
func enumerated(names []string) string {
	if len(names) == 0 {
		return ""
	}
	if rest := len(names) - maxNamed; rest > 0 {
		names = append(slices.Clone(names[:maxNamed]), fmt.Sprintf("%d more", rest))
	}
	return fmt.Sprintf(" (%s)", strings.Join(names, ", "))
}

// A problemRow is a problem or a warning in a table.
type problemRow struct{ where, summary, detail string }

// problemTable returns problems or warnings as a table, "" for none. more are left out of it.
func problemTable(level actions.Level, rows []problemRow, more int) string {
	if len(rows) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "### bundle: %s\n\n| where | what | what to do |\n|---|---|---|\n", printable.Count(len(rows)+more, string(level)))
	for _, row := range rows {
		fmt.Fprintf(&text, "| %s | %s | %s |\n", actions.Cell(row.where), actions.Cell(row.summary), actions.Cell(row.detail))
	}
	if more > 0 {
		fmt.Fprintf(&text, "\n%d more\n", more)
	}
	return text.String()
}

// names returns the names of the target, "" if it has none.
func (t *Target) names() string {
	return strings.Join(slices.DeleteFunc([]string{t.Environment, t.Region, t.Function}, func(s string) bool { return s == "" }), " ")
}
