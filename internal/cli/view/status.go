package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Status is the result of bundle status, as --json prints it.
type Status struct {
	Stale       bool             `json:"stale"`
	Layer       Layer            `json:"layer"` // path is the ARN of a published one
	Bundle      string           `json:"bundle"`
	Environment string           `json:"environment"`
	Region      string           `json:"region"`
	Functions   []statusFunction `json:"functions"`
	Secrets     []statusSecret   `json:"secrets,omitempty"` // of Secrets Manager
	Parameter   *Standing        `json:"layer_parameter,omitempty"`
	Deployed    *Deployed        `json:"deployed,omitempty"` // with --deployed
	AWSCalls    map[string]int   `json:"aws_calls"`
	DurationMS  int64            `json:"duration_ms"`
}

type statusFunction struct {
	Function string         `json:"function"`
	Name     string         `json:"name"`
	Stale    bool           `json:"stale"`
	Since    *time.Time     `json:"since"`                     // the earliest date of a change; null if no change has one
	AtLatest bool           `json:"since_at_latest,omitempty"` // it may have been stale before that
	Reasons  []statusReason `json:"reasons"`
}

type statusReason struct {
	Kind string `json:"kind,omitempty"` // "ssm" or "secretsmanager"; "" if it is about the function
	planReason
	Modified *time.Time `json:"modified"`                     // of the current version; null if there is none
	AtLatest bool       `json:"modified_at_latest,omitempty"` // the version may be older
}

// A statusSecret is what Secrets Manager says of a secret that the layer was made from.
type statusSecret struct {
	Kind         string    `json:"kind"`
	ARN          string    `json:"arn"`       // in the layer
	Functions    []string  `json:"functions"` // in the manifest
	Rotates      bool      `json:"rotates"`
	Owner        string    `json:"owning_service,omitempty"`
	NextRotation time.Time `json:"next_rotation,omitzero"`
	LastRotated  time.Time `json:"last_rotated,omitzero"`
	Deleted      time.Time `json:"deleted,omitzero"` // when it will be
}

// NewStatus describes the status of a layer.
func NewStatus(result *pipeline.StatusResult) *Status {
	r := &Status{
		Layer:  NewLayer(result.Name, result.Content),
		Bundle: result.Header.Bundle, Environment: result.Header.Environment, Region: result.Region,
		Parameter: newStanding(result.Standing),
	}
	for _, s := range result.Secrets {
		r.Secrets = append(r.Secrets, statusSecret{
			secret.SecretsManager.String(), s.ARN, s.Functions, s.Rotates, s.Owner, s.NextRotation, s.LastRotated, s.Deleted,
		})
	}
	for i := range result.Changes {
		change := &result.Changes[i]
		f := statusFunction{
			Function: change.Previous.Header.Function, Name: change.Name, Stale: change.Action != plan.Carry, Reasons: []statusReason{},
		}
		for _, reason := range change.Reasons {
			s := newStatusReason(result, change, reason)
			if s.Modified != nil && (f.Since == nil || s.Modified.Before(*f.Since)) {
				f.Since, f.AtLatest = s.Modified, s.AtLatest
			}
			f.Reasons = append(f.Reasons, s)
		}
		r.Stale = r.Stale || f.Stale
		r.Functions = append(r.Functions, f)
	}
	return r
}

// newStatusReason describes one difference between a document and what a build would make now. If it is not known when a version
// of Secrets Manager was written, it was not after the last change of the secret.
func newStatusReason(result *pipeline.StatusResult, change *plan.Change, reason plan.Reason) statusReason {
	s := statusReason{planReason: planReason(reason)}
	if source, ok := change.Previous.Header.Source(reason.Secret); ok {
		s.Kind = plan.Store(source).String()
	}
	now, ok := change.Want.Header.Source(reason.Secret)
	switch {
	case !ok:
	case !now.Modified.IsZero():
		s.Modified = &now.Modified
	case now.ID != "":
		for i := range result.Secrets {
			if l := &result.Secrets[i]; arn.SecretName(l.ARN) == arn.SecretName(now.ARN) && !l.LastChanged.IsZero() {
				s.Modified, s.AtLatest = &l.LastChanged, true
			}
		}
	}
	return s
}

// because says what has changed.
func (r statusReason) because() string {
	short := plan.Reason(r.planReason)
	short.From, short.To = shortARN(r.From), shortARN(r.To)
	if r.What == pipeline.ReasonDeleted {
		short.What = "will be deleted on " + r.ToDate.Format(time.RFC3339)
	}
	return short.String()
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
		if f.AtLatest {
			since += " at the latest"
		}
		var because []string
		for _, reason := range f.Reasons {
			because = append(because, reason.because())
		}
		rows = append(rows, []string{f.Function, state, since, strings.Join(because, "; ")})
	}
	return rows
}

// Notes implements Result.
func (r *Status) Notes() []string { return r.Parameter.notes() }
