package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
)

// A Prune is the result of bundle prune, as --json prints it.
type Prune struct {
	Changed     bool           `json:"changed"` // a version was deleted
	Pending     bool           `json:"pending"` // a version is to be deleted, and was not
	Embedded    bool           `json:"embedded"`
	Bundle      string         `json:"bundle"`
	Environment string         `json:"environment"`
	Region      string         `json:"region"`
	Name        string         `json:"name"`
	Layer       string         `json:"layer"` // ARN, without a version; "" if nothing is published
	Summary     pruneSummary   `json:"summary"`
	Versions    []pruneVersion `json:"versions"` // the newest first
	AWSCalls    map[string]int `json:"aws_calls"`
	DurationMS  int64          `json:"duration_ms"`
}

type pruneSummary struct {
	Delete  int `json:"delete"` // those that are not deleted yet
	Deleted int `json:"deleted"`
	Keep    int `json:"keep"`
}

type pruneVersion struct {
	Version int64         `json:"version"`
	ARN     string        `json:"arn"`
	Created *time.Time    `json:"created"` // null if Lambda does not say
	Action  string        `json:"action"`  // keep, delete or deleted
	Reasons []pruneReason `json:"reasons"` // to keep it
}

type pruneReason struct {
	What      string     `json:"what"`
	Since     *time.Time `json:"since,omitempty"`
	Function  string     `json:"function,omitempty"`
	Versions  []string   `json:"versions,omitempty"` // of the function
	Replica   string     `json:"replica_of,omitempty"`
	Parameter string     `json:"parameter,omitempty"`
	Version   int64      `json:"parameter_version,omitempty"`
}

// NewPrune describes what a prune did or would do.
func NewPrune(m *manifest.Manifest, result *pipeline.Pruned) *Prune {
	r := &Prune{
		Embedded: m.Environment.Embedded.Value != "", Bundle: m.Bundle.Name.Value, Environment: m.Environment.Name.Value,
		Region: m.Environment.Region(), Name: result.Name, Layer: result.Layer, Versions: []pruneVersion{},
	}
	for _, v := range result.Versions {
		one := pruneVersion{Version: v.Number, ARN: v.ARN, Created: known(v.Created), Reasons: []pruneReason{}}
		for _, k := range v.Kept {
			one.Reasons = append(one.Reasons, pruneReason{k.Why, known(k.Since), k.Function, k.Versions, k.Master, k.Parameter, k.Version})
		}
		switch {
		case v.Deleted:
			one.Action = "deleted"
			r.Summary.Deleted++
		case len(v.Kept) == 0:
			one.Action = "delete"
			r.Summary.Delete++
		default:
			one.Action = "keep"
			r.Summary.Keep++
		}
		r.Versions = append(r.Versions, one)
	}
	r.Changed, r.Pending = r.Summary.Deleted > 0, r.Summary.Delete > 0
	return r
}

// known returns a date, or nil for the zero one.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// mostFunctions is how many functions a cell names.
const mostFunctions = 3

// because is the reasons as text.
func (v pruneVersion) because() string {
	var all []string
	functions := 0
	for _, r := range v.Reasons {
		if r.What == pipeline.KeptFunction {
			if functions++; functions > mostFunctions {
				continue
			}
		}
		all = append(all, r.text())
	}
	if more := functions - mostFunctions; more > 0 {
		all = append(all, "and "+printable.Count(more, "more function"))
	}
	return strings.Join(all, "; ")
}

func (r pruneReason) text() string {
	switch r.What {
	case pipeline.KeptAmong:
		return "among the newest"
	case pipeline.KeptRecent:
		return "replaced " + r.Since.Format(time.RFC3339)
	case pipeline.KeptUndated:
		return "no date of its replacement"
	case pipeline.KeptForeign:
		return "not of this bundle and environment"
	case pipeline.KeptFunction:
		text := fmt.Sprintf("function %s (%s)", r.Function, strings.Join(r.Versions, ", "))
		if r.Replica != "" {
			text += ", a replica of " + r.Replica
		}
		return text
	case pipeline.KeptParameter:
		return fmt.Sprintf("parameter %s, version %d", r.Parameter, r.Version)
	case pipeline.KeptShared:
		return "shared with other accounts"
	case pipeline.KeptUnplanned:
		return "appeared during the run"
	}
	return r.What // newest, previous
}

func (r *Prune) table() [][]string {
	rows := [][]string{{"VERSION", "PUBLISHED", "ACTION", "BECAUSE"}}
	for _, v := range r.Versions {
		created := ""
		if v.Created != nil {
			created = v.Created.Format(time.RFC3339)
		}
		rows = append(rows, []string{strconv.FormatInt(v.Version, 10), created, v.Action, v.because()})
	}
	return rows
}

// state is the summary for a table, which has a row for each target.
func (r *Prune) state() string {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{r.Summary.Deleted, "deleted"}, {r.Summary.Delete, "to delete"}, {r.Summary.Keep, "kept"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if len(parts) == 0 {
		return "nothing published"
	}
	return strings.Join(parts, ", ")
}

// revokesNothing is said wherever something is or was to be deleted.
const revokesNothing = "deleting a version revokes nothing: functions that have it keep it, and so does everyone who has downloaded it. " +
	"To shut out old documents, run bundle revoke."

// Text implements Result.
func (r *Prune) Text(out *printable.Stream) error {
	if len(r.Versions) > 0 {
		if err := out.Table(r.table()); err != nil {
			return err
		}
		if err := out.Printf("\n%s\n", r.Layer); err != nil {
			return err
		}
	}
	return out.Printf("%s\n", r.state())
}

// Markdown implements Result.
func (r *Prune) Markdown() string {
	text := fmt.Sprintf("### bundle prune: %s: %s\n", actions.Cell(r.Name), r.state())
	if len(r.Versions) > 0 {
		text += "\n" + MarkdownTable(r.table())
	}
	if r.Changed || r.Pending {
		text += "\n" + strings.ToUpper(revokesNothing[:1]) + revokesNothing[1:] + "\n"
	}
	return text
}

// Outputs implements Result.
func (r *Prune) Outputs() []actions.Output {
	return []actions.Output{{Name: "pending", Value: fmt.Sprint(r.Pending)}, {Name: "deleted", Value: fmt.Sprint(r.Summary.Deleted)}}
}

// Brief implements Result.
func (r *Prune) Brief() Brief {
	return Brief{Layer: r.Layer, State: r.state(), Notable: r.Pending}
}

// Notes implements Result.
func (r *Prune) Notes() []string {
	if !r.Changed && !r.Pending {
		return nil
	}
	notes := []string{revokesNothing}
	if !r.Changed {
		notes = append(notes, "nothing was deleted: to delete, run the command again with --yes")
	}
	return notes
}
