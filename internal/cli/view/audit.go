package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// An Audit is the result of bundle audit, as --json prints it.
type Audit struct {
	Environment string            `json:"environment"`
	Region      string            `json:"region"`
	Query       string            `json:"query,omitempty"` // with --athena, which leaves the rest empty
	Notable     bool              `json:"notable"`         // --exit-code reports it
	Since       *time.Time        `json:"since"`
	Until       *time.Time        `json:"until"`
	Functions   []auditedFunction `json:"functions"`
	Openings    []opening         `json:"openings"`
	CannotTell  []string          `json:"cannot_tell"` // why there may be more openings than these
	NotCompared []string          `json:"not_compared"`
	Records     int               `json:"records"`
	DryRuns     int               `json:"dry_runs"`
	AWSCalls    map[string]int    `json:"aws_calls"`
	DurationMS  int64             `json:"duration_ms"`
}

// The states of a function.
const (
	stateOpened     = "opened"
	stateNotSeen    = "not seen"
	stateCannotTell = "cannot tell"
)

type auditedFunction struct {
	Function string     `json:"function"`
	Key      string     `json:"key"` // ARN; "" if it is not known
	State    string     `json:"state"`
	Last     *time.Time `json:"last"` // when a document of it was last opened
}

type opening struct {
	Function  string     `json:"function"`
	Document  string     `json:"document"` // SHA-256 of its header; "" for those that are not listed
	Layers    []string   `json:"layers"`
	Principal string     `json:"principal"`
	Session   string     `json:"session"`
	Opened    int        `json:"opened"`
	Denied    int        `json:"denied"`
	Failed    int        `json:"failed"`
	First     *time.Time `json:"first"`
	Last      *time.Time `json:"last"`
	Old       bool       `json:"old"`
	Revoked   bool       `json:"revoked"`
	Unnamed   bool       `json:"unnamed"`
}

// NewAudit describes what an audit found.
func NewAudit(environment, region string, found *pipeline.AuditResult) *Audit {
	r := &Audit{
		Environment: environment, Region: region, Notable: found.Notable(), Since: moment(found.Since), Until: moment(found.Until),
		Functions: []auditedFunction{}, Openings: []opening{}, Records: found.Records, DryRuns: found.DryRuns,
		CannotTell: append([]string{}, found.Unsure...), NotCompared: append([]string{}, found.Unknown...), AWSCalls: map[string]int{},
	}
	for _, f := range found.Functions {
		state := stateOpened
		switch {
		case f.Opened:
		case found.Sure():
			state = stateNotSeen
		default:
			state = stateCannotTell
		}
		r.Functions = append(r.Functions, auditedFunction{f.Name, f.Key, state, moment(f.Last)})
	}
	for _, o := range found.Openings {
		r.Openings = append(r.Openings, opening{
			Function: o.Function, Document: o.Document, Layers: append([]string{}, o.Layers...), Principal: o.Principal, Session: o.Session,
			Opened: o.Opened, Denied: o.Denied, Failed: o.Failed, First: moment(o.First), Last: moment(o.Last),
			Old: o.Old, Revoked: o.Revoked, Unnamed: o.Foreign,
		})
	}
	return r
}

// NewQuery describes a query for Athena.
func NewQuery(environment, region, query string) *Audit {
	return &Audit{Environment: environment, Region: region, Query: query, Functions: []auditedFunction{}, Openings: []opening{},
		CannotTell: []string{}, NotCompared: []string{}, AWSCalls: map[string]int{}}
}

// moment returns a time, or nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// Brief implements Result.
func (r *Audit) Brief() Brief {
	state := "as expected"
	switch {
	case r.Query != "":
		state = "query"
	case len(r.CannotTell) > 0:
		state = stateCannotTell
	case r.Notable:
		state = "notable"
	}
	return Brief{State: state, Notable: r.Notable}
}

// Outputs implements Result.
func (r *Audit) Outputs() []actions.Output { return nil }

// Notes implements Result.
func (r *Audit) Notes() []string { return nil }

// marks are the remarks about an opening.
func (o opening) marks() string {
	var all []string
	for _, m := range []struct {
		is   bool
		text string
	}{
		{o.Denied > 0, fmt.Sprintf("%d denied", o.Denied)}, {o.Failed > 0, fmt.Sprintf("%d failed", o.Failed)}, {o.Old, "opened after a newer one was published"},
		{o.Revoked, "revoked"}, {o.Unnamed, "by a principal that the key policy does not name"},
	} {
		if m.is {
			all = append(all, m.text)
		}
	}
	return strings.Join(all, "; ")
}

// where names the document of an opening.
func (o opening) where() string {
	switch {
	case o.Document == "":
		return "others"
	case len(o.Layers) == 0:
		return "unknown document " + o.Document[:12]
	}
	return strings.Join(o.Layers, ", ") + " " + o.Document[:12]
}

// tables are that of the functions, and that of the openings.
func (r *Audit) tables() (functions, openings [][]string) {
	functions = [][]string{{"FUNCTION", "STATE", "LAST OPENED"}}
	for _, f := range r.Functions {
		functions = append(functions, []string{f.Function, f.State, stamp(f.Last)})
	}
	if len(r.Openings) > 0 {
		openings = [][]string{{"FUNCTION", "DOCUMENT", "PRINCIPAL", "SESSION", "CALLS", "FIRST", "LAST", "REMARKS"}}
	}
	for _, o := range r.Openings {
		openings = append(openings, []string{o.Function, o.where(), o.Principal, o.Session, strconv.Itoa(o.Opened), stamp(o.First), stamp(o.Last), o.marks()})
	}
	return functions, openings
}

// remarks are the lines below the tables.
func (r *Audit) remarks() (all []string) {
	for _, why := range r.CannotTell {
		all = append(all, "cannot tell who else opened: "+why)
	}
	for _, what := range r.NotCompared {
		all = append(all, "not compared: "+what)
	}
	if r.DryRuns > 0 {
		all = append(all, printable.Count(r.DryRuns, "dry run")+" opened nothing")
	}
	return all
}

// Text implements Result.
func (r *Audit) Text(out *printable.Stream) error {
	if r.Query != "" {
		_, err := io.WriteString(out.Text(), r.Query)
		return err
	}
	functions, openings := r.tables()
	if err := out.Table(functions); err != nil {
		return err
	}
	if openings != nil {
		if err := out.Printf("\n"); err != nil {
			return err
		}
		if err := out.Table(openings); err != nil {
			return err
		}
	}
	if err := out.Printf("\n"); err != nil {
		return err
	}
	for _, line := range r.remarks() {
		if err := out.Printf("%s\n", line); err != nil {
			return err
		}
	}
	return out.Printf("since=%s until=%s records=%d\n", stamp(r.Since), stamp(r.Until), r.Records)
}

// Markdown implements Result.
func (r *Audit) Markdown() string {
	title := fmt.Sprintf("### bundle audit: %s in %s: %s\n\n", actions.Cell(r.Environment), actions.Cell(r.Region), r.Brief().State)
	if r.Query != "" {
		return title + "```sql\n" + r.Query + "```\n"
	}
	functions, openings := r.tables()
	text := title + MarkdownTable(functions)
	if openings != nil {
		text += "\n" + MarkdownTable(openings)
	}
	for _, line := range r.remarks() {
		text += "\n- " + actions.Cell(line)
	}
	return text + "\n"
}
