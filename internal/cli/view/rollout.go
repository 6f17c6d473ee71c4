package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/rollout"
)

// A Rollout is the result of bundle rollout, as --json prints it.
type Rollout struct {
	Changed     bool              `json:"changed"` // something was changed, or may have been
	DryRun      bool              `json:"dry_run"`
	Back        bool              `json:"back"`
	Embedded    bool              `json:"embedded"`
	Environment string            `json:"environment"`
	Region      string            `json:"region"`
	Layers      []string          `json:"layers"` // ARNs of the versions to attach or, with --back, to leave
	Summary     rolloutSummary    `json:"summary"`
	Functions   []rolloutFunction `json:"functions"`
	GoBack      string            `json:"go_back,omitempty"` // the command that moves aliases back
	AWSCalls    map[string]int    `json:"aws_calls"`
	DurationMS  int64             `json:"duration_ms"`
}

type rolloutSummary struct {
	Change int `json:"change"` // to be changed, or changed
	Keep   int `json:"keep"`
	Skip   int `json:"skip"`
	Refuse int `json:"refuse"`
}

type rolloutFunction struct {
	Function string        `json:"function"` // in the manifest
	Name     string        `json:"name"`     // in Lambda
	Action   string        `json:"action"`   // change, keep, skip, refuse
	State    string        `json:"state"`    // planned, changed, unchanged, failed, stopped, not tried
	Reason   string        `json:"reason,omitempty"`
	Place    int           `json:"place"` // of the layer in the function's list, from 1; 0 if it does not have it
	Layers   int           `json:"layers"`
	From     int64         `json:"layer_from"` // version of the layer; 0 for none
	To       int64         `json:"layer_to"`
	Latest   bool          `json:"set_layers"`      // $LATEST gets another list of layers
	Publish  bool          `json:"publish_version"` // a version is published
	Alias    *rolloutAlias `json:"alias"`           // null if the function has none
}

type rolloutAlias struct {
	Name  string  `json:"name"`
	Move  bool    `json:"move"`
	From  string  `json:"version_from"`
	To    string  `json:"version_to"` // "" if it is not published yet, or stays
	Share float64 `json:"share"`      // of the calls that the new version gets
}

// NewRollout describes what a rollout did or would do.
func NewRollout(how *pipeline.Rollout, plan *pipeline.RolloutPlan, dryRun bool, goBack string) *Rollout {
	m := how.Manifest
	r := &Rollout{
		Changed: plan.Touched(), DryRun: dryRun, Back: how.How.Back, Embedded: m.Environment.Embedded.Value != "", Environment: m.Environment.Name.Value,
		Region: how.Region, Layers: []string{}, Functions: []rolloutFunction{},
	}
	for _, ref := range plan.Layers {
		r.Layers = append(r.Layers, ref.String())
	}
	for i, row := range plan.Rows {
		one := rolloutFunction{
			Function: plan.Functions[i].Name.Value, Name: row.Function, Action: string(row.Action), State: string(row.State), Reason: row.Reason,
			Place: row.Place, Layers: row.Layers, From: row.From, To: row.To, Latest: row.Latest, Publish: row.Publish,
		}
		if row.Alias != "" {
			one.Alias = &rolloutAlias{row.Alias, row.Move, row.Serves, row.Next, row.Share}
			if !row.Move {
				one.Alias.To = ""
			}
		}
		switch row.Action {
		case rollout.Change:
			r.Summary.Change++
		case rollout.Keep:
			r.Summary.Keep++
		case rollout.Skip:
			r.Summary.Skip++
		default:
			r.Summary.Refuse++
		}
		r.Functions = append(r.Functions, one)
	}
	if r.Changed && !r.Back {
		r.GoBack = goBack
	}
	return r
}

// Plan prints what is to be done, and what not.
func (r *Rollout) Plan(out *printable.Stream) error {
	for _, f := range r.Functions {
		for _, line := range f.plan() {
			if err := out.Printf("%s\n", line); err != nil {
				return err
			}
		}
	}
	return out.Printf("\nPlan: %d to change, %d unchanged, %d skipped, %d refused.\n", r.Summary.Change, r.Summary.Keep, r.Summary.Skip, r.Summary.Refuse)
}

// plan are the lines about a function.
func (f rolloutFunction) plan() []string {
	name := f.label()
	switch f.Action {
	case string(rollout.Keep):
		return []string{"    " + name + ": unchanged" + f.because(fmt.Sprintf(", has version %d of the layer", f.To))}
	case string(rollout.Skip):
		return []string{"    " + name + ": skipped" + f.because("")}
	case string(rollout.Change):
	default:
		return []string{"  ! " + name + ": refused"}
	}
	lines := []string{"  ~ " + name}
	if f.Latest {
		lines = append(lines, fmt.Sprintf("      $LATEST: layer %d of %d: version %d -> %d", f.Place, f.Layers, f.From, f.To))
	}
	if f.Publish {
		lines = append(lines, "      version: published from $LATEST")
	}
	if f.Alias != nil && f.Alias.Move {
		lines = append(lines, "      alias "+f.Alias.text())
	}
	if f.Reason != "" {
		lines = append(lines, "      "+f.Reason)
	}
	return lines
}

// label names a function by both of its names, if they differ.
func (f rolloutFunction) label() string {
	if f.Function == f.Name {
		return f.Name
	}
	return f.Function + " (" + f.Name + ")"
}

func (f rolloutFunction) because(or string) string {
	if f.Reason == "" {
		return or
	}
	return ", " + f.Reason
}

// text says where an alias points, and will.
func (a *rolloutAlias) text() string {
	to := a.To
	if to == "" {
		to = "new version"
	}
	switch {
	case !a.Move:
		return a.Name + " -> " + a.From
	case a.Share < 1:
		return fmt.Sprintf("%s: %s, and %s %% -> %s", a.Name, a.From, strconv.FormatFloat(math.Round(a.Share*1e4)/100, 'f', -1, 64), to)
	case a.To == a.From:
		return a.Name + ": only " + a.From
	}
	return a.Name + ": " + a.From + " -> " + to
}

func (r *Rollout) table() [][]string {
	rows := [][]string{{"FUNCTION", "LAYER", "ALIAS", "STATE", "NOTE"}}
	for _, f := range r.Functions {
		layer, alias := "", ""
		switch {
		case f.From == 0:
		case f.From == f.To:
			layer = strconv.FormatInt(f.To, 10)
		default:
			layer = fmt.Sprintf("%d -> %d", f.From, f.To)
		}
		if f.Alias != nil {
			alias = f.Alias.text()
		}
		rows = append(rows, []string{f.label(), layer, alias, f.state(), f.Reason})
	}
	return rows
}

// state is the state for people: a function without the layer is not merely unchanged.
func (f rolloutFunction) state() string {
	switch f.Action {
	case string(rollout.Skip):
		return "skipped"
	case string(rollout.Refuse):
		return "refused"
	}
	return f.State
}

// applied reports whether it came to changes, so that the table of states says more than the plan.
func (r *Rollout) applied() bool {
	for _, f := range r.Functions {
		if f.Action == string(rollout.Change) && f.State != string(rollout.Planned) {
			return true
		}
	}
	return false
}

// Text implements Result.
func (r *Rollout) Text(out *printable.Stream) error {
	if !r.applied() {
		return r.Plan(out)
	}
	if err := out.Table(r.table()); err != nil {
		return err
	}
	if r.GoBack == "" {
		return nil
	}
	return out.Printf("\nTo move the aliases back:\n  %s\n", r.GoBack)
}

// Markdown implements Result.
func (r *Rollout) Markdown() string {
	heading := "### bundle rollout: " + actions.Cell(r.Environment+" "+r.Region) + "\n\n"
	text := heading + MarkdownTable(r.table())
	if r.GoBack != "" {
		text += "\nTo move the aliases back:\n\n    " + strings.ReplaceAll(r.GoBack, "\n", " ") + "\n"
	}
	return text
}

// Outputs implements Result.
func (r *Rollout) Outputs() []actions.Output {
	return []actions.Output{{Name: "changed", Value: fmt.Sprint(r.Changed)}}
}

// Notes implements Result.
func (r *Rollout) Notes() []string { return nil }

// Brief implements Result.
func (r *Rollout) Brief() Brief {
	state := "unchanged"
	switch {
	case r.Summary.Refuse > 0:
		state = "refused"
	case r.Changed:
		state = "changed"
	case r.Summary.Change > 0:
		state = "to change"
	}
	return Brief{Layer: strings.Join(r.Layers, ", "), State: state, Notable: r.Changed}
}
