package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/plan"
)

// A Status is the result of bundle status, as --json prints it.
type Status struct {
	Stale       bool             `json:"stale"`
	Layer       Layer            `json:"layer"` // path is the ARN of a published one
	Bundle      string           `json:"bundle"`
	Environment string           `json:"environment"`
	Region      string           `json:"region"`
	Functions   []statusFunction `json:"functions"`
	Parameter   *Standing        `json:"layer_parameter,omitempty"`
	Deployed    *Deployed        `json:"deployed,omitempty"` // with --deployed
	AWSCalls    map[string]int   `json:"aws_calls"`
	DurationMS  int64            `json:"duration_ms"`
}

type statusFunction struct {
	Function string         `json:"function"`
	Name     string         `json:"name"`
	Stale    bool           `json:"stale"`
	Since    *time.Time     `json:"since"` // the earliest date of a change; null if no change has one
	Reasons  []statusReason `json:"reasons"`
}

type statusReason struct {
	planReason
	Modified *time.Time `json:"modified"` // of the current version; null if there is none
}

// NewStatus describes the status of a layer.
func NewStatus(result *pipeline.StatusResult) *Status {
	r := &Status{
		Layer:  NewLayer(result.Name, result.Content),
		Bundle: result.Header.Bundle, Environment: result.Header.Environment, Region: result.Region,
		Parameter: newStanding(result.Standing),
	}
	for _, change := range result.Changes {
		f := statusFunction{
			Function: change.Previous.Header.Function, Name: change.Name, Stale: change.Action != plan.Carry, Reasons: []statusReason{},
		}
		for _, reason := range change.Reasons {
			s := statusReason{planReason: planReason(reason)}
			if now, ok := change.Want.Header.Source(reason.Secret); ok && !now.Modified.IsZero() {
				s.Modified = &now.Modified
				if f.Since == nil || now.Modified.Before(*f.Since) {
					f.Since = &now.Modified
				}
			}
			f.Reasons = append(f.Reasons, s)
		}
		r.Stale = r.Stale || f.Stale
		r.Functions = append(r.Functions, f)
	}
	return r
}

// Brief implements Result.
func (r *Status) Brief() Brief {
	state := "current"
	if r.Stale {
		state = "stale"
	}
	notable := r.Stale
	if r.Deployed != nil && r.Deployed.Outdated {
		state, notable = state+", deployed outdated", true
	}
	return Brief{Layer: r.Layer.Path, SHA256: r.Layer.SHA256, State: state, Notable: notable}
}

// Outputs implements Result.
func (r *Status) Outputs() []actions.Output {
	return []actions.Output{{Name: "stale", Value: fmt.Sprint(r.Stale)}}
}

// Markdown returns a table for the step's summary.
func (r *Status) Markdown() string {
	return fmt.Sprintf("### bundle status: %s is %s\n\n%s", actions.Cell(r.Layer.Path), r.Brief().State, MarkdownTable(r.table())) + r.Parameter.markdown() + r.Deployed.markdown()
}

// table returns the rows with their heading.
func (r *Status) table() [][]string {
	return append([][]string{{"FUNCTION", "STATE", "SINCE", "BECAUSE"}}, r.rows()...)
}

// Text implements Result.
func (r *Status) Text(out *printable.Stream) error {
	if err := out.Table(r.table()); err != nil {
		return err
	}
	if err := out.Printf("\n%s\nstale=%t\n", r.Layer.Path, r.Stale); err != nil || r.Deployed == nil {
		return err
	}
	return r.Deployed.text(out)
}

// rows returns a row for each function.
func (r *Status) rows() [][]string {
	var rows [][]string
	for _, f := range r.Functions {
		state, since := "current", ""
		if f.Stale {
			state = "stale"
		}
		if f.Since != nil {
			since = f.Since.Format(time.RFC3339)
		}
		var because []string
		for _, reason := range f.Reasons {
			short := plan.Reason(reason.planReason)
			short.From, short.To = shortARN(reason.From), shortARN(reason.To)
			because = append(because, short.String())
		}
		rows = append(rows, []string{f.Function, state, since, strings.Join(because, "; ")})
	}
	return rows
}

// Notes implements Result.
func (r *Status) Notes() []string { return r.Parameter.notes() }
