package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/compare"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Compare is the result of bundle compare, as --json prints it. Lists of keys and
// cells are in the order of the columns.
type Compare struct {
	Differences int               `json:"differences"`
	Failed      bool              `json:"failed"` // a column is incomplete
	Bundle      string            `json:"bundle"`
	Columns     []compareColumn   `json:"columns"`
	Functions   []compareFunction `json:"functions"`
	Findings    []compareFinding  `json:"findings"` // differences first
	AWSCalls    map[string]int    `json:"aws_calls"`

	Page bool      `json:"-"` // print an HTML page
	Now  time.Time `json:"-"`
}

type compareColumn struct {
	Environment string    `json:"environment"`
	Region      string    `json:"region"` // "" if the manifest is too broken to say
	Present     int       `json:"present"`
	Missing     int       `json:"missing"` // or unusable
	Unknown     int       `json:"unknown"`
	Problems    []Problem `json:"problems"`

	title string
}

type compareFunction struct {
	Function string       `json:"function"`
	Keys     []compareKey `json:"keys"`
	Secrets  []compareRow `json:"secrets"`
}

type compareKey struct {
	State compare.State `json:"state"`
	Key   string        `json:"key,omitempty"` // as in the manifest
	ARN   string        `json:"arn,omitempty"`
	Mode  string        `json:"mode,omitempty"`
	Why   string        `json:"why,omitempty"`
}

type compareRow struct {
	Secret string        `json:"secret"`
	Cells  []compareCell `json:"cells"`
}

type compareCell struct {
	State     compare.State `json:"state"`
	Kind      string        `json:"kind,omitempty"` // "ssm" or "secretsmanager"
	Parameter string        `json:"parameter,omitempty"`
	ARN       string        `json:"arn,omitempty"`
	Version   int64         `json:"version,omitempty"`
	VersionID string        `json:"version_id,omitempty"` // in Secrets Manager
	Modified  *time.Time    `json:"modified,omitempty"`
	AgeDays   *int          `json:"age_days,omitempty"`
	Type      string        `json:"type,omitempty"`
	Encoding  string        `json:"encoding,omitempty"`
	Field     string        `json:"field,omitempty"`
	Why       string        `json:"why,omitempty"`
}

type compareFinding struct {
	Difference  bool   `json:"difference"`
	Function    string `json:"function"`
	Secret      string `json:"secret,omitempty"`      // "" if it is about the function
	Environment string `json:"environment,omitempty"` // "" if it is about several
	Region      string `json:"region,omitempty"`
	What        string `json:"what"`
	Detail      string `json:"detail"`

	column string // title of the column
}

// A Problem is why a column or a target is incomplete.
type Problem struct {
	Kind    string `json:"kind"`
	Summary string `json:"summary"`
	Detail  string `json:"detail"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// NewProblem describes a problem.
func NewProblem(p problem.Problem) Problem {
	r := Problem{Kind: string(p.Kind), Summary: p.Summary, Detail: p.Detail}
	if p.Subject != nil {
		r.File, r.Line = p.Subject.Filename, p.Subject.Start.Line
	}
	return r
}

// A ComparedColumn has the problems and the calls of a column.
type ComparedColumn struct {
	Problems problem.Problems
	Calls    map[string]int // made for the column
}

// NewCompare describes a comparison: what was found, and why columns are incomplete,
// in the order of the columns.
func NewCompare(bundle string, m *compare.Matrix, columns []ComparedColumn) *Compare {
	r := &Compare{
		Differences: m.Differences(), Bundle: bundle,
		Functions: []compareFunction{}, Findings: []compareFinding{}, AWSCalls: map[string]int{},
	}
	for i, o := range columns {
		column := compareColumn{
			Environment: m.Columns[i].Environment, Region: m.Columns[i].Region, title: m.Title(i), Problems: []Problem{},
			Present: m.Count(i, compare.Present), Missing: m.Failing(i), Unknown: m.Count(i, compare.Unknown),
		}
		for _, p := range o.Problems {
			column.Problems = append(column.Problems, NewProblem(p))
		}
		r.Failed = r.Failed || len(o.Problems) > 0
		r.Columns = append(r.Columns, column)
		for call, n := range o.Calls {
			r.AWSCalls[call] += n
		}
	}
	for _, f := range m.Functions {
		r.Functions = append(r.Functions, newCompareFunction(f))
	}
	for _, f := range m.Findings {
		finding := compareFinding{Difference: f.Difference, Function: f.Function, Secret: f.Secret, What: f.What, Detail: f.Detail}
		if f.Column >= 0 {
			finding.Environment, finding.Region, finding.column = m.Columns[f.Column].Environment, m.Columns[f.Column].Region, m.Title(f.Column)
		}
		r.Findings = append(r.Findings, finding)
	}
	return r
}

func newCompareFunction(f compare.MatrixFunction) compareFunction {
	function := compareFunction{Function: f.Name, Secrets: []compareRow{}}
	for _, k := range f.Keys {
		function.Keys = append(function.Keys, compareKey{k.State, k.Name, k.ARN, string(k.Mode), k.Why})
	}
	for _, row := range f.Rows {
		cells := make([]compareCell, len(row.Cells))
		for i, c := range row.Cells {
			cells[i] = compareCell{
				State: c.State, Parameter: c.Parameter, ARN: c.Version.ARN, Version: c.Version.Number, VersionID: c.Version.ID,
				Type: c.Type, Encoding: string(c.Encoding), Field: c.Field, Why: c.Why,
			}
			if c.Parameter != "" {
				cells[i].Kind = c.Store.String()
			}
			if !c.Version.Modified.IsZero() {
				cells[i].Modified, cells[i].AgeDays = &row.Cells[i].Version.Modified, &row.Cells[i].Age
			}
		}
		function.Secrets = append(function.Secrets, compareRow{row.Secret, cells})
	}
	return function
}

// Brief implements Result.
func (r *Compare) Brief() Brief { return Brief{State: r.summary(), Notable: r.Differences > 0} }

// Outputs implements Result.
func (r *Compare) Outputs() []actions.Output {
	return []actions.Output{{Name: "different", Value: fmt.Sprint(r.Differences > 0)}}
}

// summary returns the result in one line.
func (r *Compare) summary() string {
	if len(r.Functions) == 0 && r.Failed {
		return "nothing could be compared"
	}
	secrets, unknown := 0, 0
	for _, f := range r.Functions {
		secrets += len(f.Secrets)
	}
	for _, c := range r.Columns {
		unknown += c.Unknown
	}
	text := "no differences"
	if r.Differences > 0 {
		text = printable.Count(r.Differences, "difference")
	}
	text = fmt.Sprintf("%s among %s of %s in %s", text, printable.Count(secrets, "secret"), printable.Count(len(r.Functions), "function"),
		printable.Count(len(r.Columns), "place"))
	if unknown > 0 {
		text += fmt.Sprintf("; %d unknown", unknown)
	}
	return text
}

// word returns a state for a table.
func word(s compare.State) string {
	switch s {
	case compare.Missing, compare.Unusable, compare.Deleted:
		return strings.ToUpper(string(s))
	case compare.Empty:
		return "NO VALUE"
	case compare.NotDeclared:
		return "-"
	case compare.Unknown:
		return "?"
	}
	return string(s)
}

// short returns a key for a table. code marks up names from the manifest.
func (k compareKey) short(code func(string) string) string {
	if k.State != compare.Present {
		return word(k.State)
	}
	if k.Mode == "blind" {
		return code(k.Key) + ", blind"
	}
	return code(k.Key)
}

// version returns the version for a table, "" if there is none.
func (c compareCell) version() string {
	switch {
	case c.VersionID != "":
		return plan.Short(c.VersionID)
	case c.Version > 0:
		return fmt.Sprintf("v%d", c.Version)
	}
	return ""
}

func (c compareCell) short() string {
	text := word(c.State)
	if c.State == compare.Present {
		text = ""
	}
	version := c.version()
	if version == "" {
		return text
	}
	text = strings.TrimSpace(text + " " + version)
	if c.AgeDays != nil {
		text += fmt.Sprintf(", %d d", *c.AgeDays)
	}
	if c.Encoding != "" && c.Encoding != string(secret.Text) {
		text += ", " + c.Encoding
	}
	return text
}

// place returns the place of a finding.
func (f compareFinding) place() string {
	text := f.Function
	if f.Secret != "" {
		text += " " + f.Secret
	}
	return text
}

func (f compareFinding) says() string {
	what := f.What + " differs"
	switch {
	case f.What == "constraints":
		what = "constraints differ"
	case f.What == "key":
		what = "no usable key in " + f.column
	case f.column != "":
		what = f.What + " in " + f.column
	}
	return what + ": " + cmp.Or(f.Detail, "-")
}

// legend explains the cells of the tables.
func (r *Compare) legend() string {
	text := "v3, 12 d: version 3, put 12 days ago; "
	if r.ofSecretsManager() {
		text += "0a1b2c3d…, 12 d: the version with this ID, put 12 days ago; "
	}
	return text + "absent: optional and not set; -: not declared; ?: unknown"
}

// ofSecretsManager reports whether a cell has a version of Secrets Manager.
func (r *Compare) ofSecretsManager() bool {
	for _, f := range r.Functions {
		for _, s := range f.Secrets {
			if slices.ContainsFunc(s.Cells, func(c compareCell) bool { return c.VersionID != "" }) {
				return true
			}
		}
	}
	return false
}

// Text implements Result.
func (r *Compare) Text(out *printable.Stream) error {
	if r.Page {
		return r.html(out.HTML())
	}
	for _, f := range r.Functions {
		head := []string{f.Function}
		keys := []string{"  (key)"}
		for i, c := range r.Columns {
			head = append(head, strings.ToUpper(c.title))
			keys = append(keys, f.Keys[i].short(func(s string) string { return s }))
		}
		rows := [][]string{head, keys}
		for _, s := range f.Secrets {
			row := []string{"  " + s.Secret}
			for _, c := range s.Cells {
				row = append(row, c.short())
			}
			rows = append(rows, row)
		}
		if err := out.Table(rows); err != nil {
			return err
		}
		if err := out.Printf("\n"); err != nil {
			return err
		}
	}
	for _, f := range r.causes() {
		sign := "  note"
		if f.Difference {
			sign = "! difference"
		}
		if err := out.Printf("%s: %s: %s\n", sign, f.place(), f.says()); err != nil {
			return err
		}
	}
	return out.Printf("%s\n(%s)\n", r.summary(), r.legend())
}

// Markdown returns a table for each function, for a comment and the step's summary.
func (r *Compare) Markdown() string {
	lines := []string{fmt.Sprintf("**bundle compare** for %s: %s", InCode(r.Bundle), r.summary())}
	if r.Differences > 0 {
		lines = append(lines, "", "| difference | what |", "|---|---|")
	}
	notes := []string{"", "| note | what |", "|---|---|"}
	for _, f := range r.causes() {
		line := fmt.Sprintf("| %s | %s |", InCode(f.place()), actions.Cell(f.says()))
		if f.Difference {
			lines = append(lines, line)
		} else {
			notes = append(notes, line)
		}
	}
	for _, f := range r.Functions {
		head, rule, keys := "| "+InCode(f.Function), "|---", "| key"
		for i, c := range r.Columns {
			head += " | " + InCode(c.title)
			rule += "|---"
			keys += " | " + strong(f.Keys[i].State, f.Keys[i].short(InCode))
		}
		lines = append(lines, "", head+" |", rule+"|", keys+" |")
		for _, s := range f.Secrets {
			row := "| " + InCode(s.Secret)
			for _, c := range s.Cells {
				row += " | " + strong(c.State, c.short())
			}
			lines = append(lines, row+" |")
		}
	}
	if len(notes) > 3 {
		lines = append(lines, notes...)
	}
	return Clip(append(lines, "", r.legend()))
}

// strong marks a cell that is a difference.
func strong(s compare.State, text string) string {
	if s.Fails() {
		return "**" + text + "**"
	}
	return text
}

// Notes implements Result.
func (r *Compare) Notes() []string { return nil }
