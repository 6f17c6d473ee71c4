package view

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
)

// A Build is the result of bundle build, as --json prints it.
type Build struct {
	Changed     bool             `json:"changed"`
	Embedded    bool             `json:"embedded"`
	Environment string           `json:"environment"`
	Region      string           `json:"region"`
	Layer       Layer            `json:"layer"`
	Previous    *previousReport  `json:"previous"` // null on a first build
	Functions   []functionReport `json:"functions"`
	AWSCalls    map[string]int   `json:"aws_calls"`
	DurationMS  int64            `json:"duration_ms"`
}

// A previousReport is the previous layer, which functions in state carried come from.
// Their boxes were not opened.
type previousReport struct {
	Layer   string     `json:"layer"` // file or ARN
	SHA256  string     `json:"sha256"`
	Created *time.Time `json:"created"` // publication time of the version; null for a file
}

type functionReport struct {
	Function string   `json:"function"` // in the manifest
	Name     string   `json:"name"`     // in Lambda, and of the document
	Key      string   `json:"key"`      // ARN
	Mode     string   `json:"mode"`
	Secrets  int      `json:"secrets"`
	Boxes    int      `json:"boxes"`
	SHA256   string   `json:"sha256"` // of the document
	State    string   `json:"state"`  // sealed or carried
	Reasons  []string `json:"reasons,omitempty"`

	keyName string // as in the manifest
}

const (
	stateSealed  = "sealed"
	stateCarried = "carried"
)

// NewBuild describes a build whose layer was written.
func NewBuild(m *manifest.Manifest, result *pipeline.Built, out *pipeline.Outfile, layer []byte) *Build {
	report := &Build{
		Changed:     result.Previous.Layer == nil || !bytes.Equal(result.Previous.Content, layer),
		Embedded:    m.Environment.Embedded.Value != "",
		Environment: m.Environment.Name.Value,
		Region:      m.Environment.Region(),
		Layer:       NewLayer(out.Path, layer),
	}
	changes := make(map[string]plan.Change)
	for _, change := range result.Changes {
		changes[change.Name] = change
	}
	if p := result.Previous; p.Layer != nil {
		report.Previous = &previousReport{Layer: p.Name, SHA256: pipeline.Digest(p.Content)}
		if !p.Created.IsZero() {
			report.Previous.Created = &p.Created
		}
	}
	for _, d := range result.Documents {
		report.Functions = append(report.Functions, newFunctionReport(d, changes[d.Header.Name], keyName(m, d.Header.Name)))
	}
	return report
}

func newFunctionReport(d *sealed.Document, change plan.Change, key string) functionReport {
	report := functionReport{
		Function: d.Header.Function, Name: d.Header.Name, Key: d.Key, Mode: string(d.Header.Mode),
		Secrets: len(d.Header.Sources), Boxes: len(d.Header.Boxes), SHA256: d.SHA256(),
		State: stateSealed, keyName: key,
	}
	if change.Action == plan.Carry {
		report.State = stateCarried
	}
	for _, reason := range change.Reasons {
		report.Reasons = append(report.Reasons, reason.String())
	}
	return report
}

// Brief implements Result.
func (r *Build) Brief() Brief {
	return Brief{Layer: r.Layer.Path, SHA256: r.Layer.SHA256, State: changedState(r.Changed), Notable: r.Changed, Note: r.carried()}
}

// carried says which functions were carried over without being opened, and from
// where; "" for none.
func (r *Build) carried() string {
	var names []string
	for _, f := range r.Functions {
		if f.State == stateCarried {
			names = append(names, f.Function)
		}
	}
	if len(names) == 0 || r.Previous == nil {
		return ""
	}
	from := r.Previous.Layer
	if r.Previous.Created != nil {
		from += ", published " + r.Previous.Created.Format(time.RFC3339)
	}
	return fmt.Sprintf("copied unchanged from %s: %s", from, strings.Join(names, ", "))
}

func changedState(changed bool) string {
	if changed {
		return "changed"
	}
	return "unchanged"
}

// Outputs implements Result.
func (r *Build) Outputs() []actions.Output {
	return []actions.Output{
		{Name: "changed", Value: fmt.Sprint(r.Changed)}, {Name: "sha256", Value: r.Layer.SHA256}, {Name: "layer", Value: r.Layer.Path},
	}
}

// Markdown implements Result.
func (r *Build) Markdown() string {
	var rows strings.Builder
	for _, f := range r.Functions {
		fmt.Fprintf(&rows, "| %s | %s | %d | %d | %s | %s |\n", actions.Cell(f.Function), actions.Cell(f.keyName), f.Secrets, f.Boxes,
			f.State, actions.Cell(strings.Join(f.Reasons, "; ")))
	}
	carried := r.carried()
	if carried != "" {
		carried = "\n" + actions.Cell(carried) + "\n"
	}
	return fmt.Sprintf("### bundle: %s in %s, %s\n\n| function | key | secrets | boxes | state | because |\n|---|---|---|---|---|---|\n%s\n%s: %d bytes, sha256 %s\n%s",
		actions.Cell(r.Environment), actions.Cell(r.Region), changedState(r.Changed), rows.String(),
		actions.Cell(r.Layer.Path), r.Layer.Bytes, r.Layer.SHA256, carried)
}

// Text implements Result.
func (r *Build) Text(out *printable.Stream) error {
	rows := [][]string{{"FUNCTION", "KEY", "SECRETS", "BOXES", "STATE"}}
	for _, f := range r.Functions {
		rows = append(rows, []string{f.Function, f.keyName, fmt.Sprint(f.Secrets), fmt.Sprint(f.Boxes), f.State})
	}
	if err := out.Table(rows); err != nil {
		return err
	}
	return out.Printf("\n%s\nsha256 %s\n%d bytes\nchanged=%t\n", r.Layer.Path, r.Layer.SHA256, r.Layer.Bytes, r.Changed)
}

// keyName returns the key of a function as the manifest names it.
func keyName(m *manifest.Manifest, file string) string {
	for _, fn := range m.Functions {
		if fn.File() == file {
			return fn.Key.Value
		}
	}
	return ""
}

// Notes implements Result.
func (r *Build) Notes() []string {
	var all []string
	for _, f := range r.Functions {
		if len(f.Reasons) > 0 {
			all = append(all, fmt.Sprintf("%s was resealed: %s", f.Function, strings.Join(f.Reasons, "; ")))
		}
	}
	if carried := r.carried(); carried != "" {
		all = append(all, carried)
	}
	return all
}
