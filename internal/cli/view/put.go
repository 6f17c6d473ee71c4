package view

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// A Put is the result of bundle put and bundle import in one environment and region, as
// --json prints it.
type Put struct {
	Changed     bool           `json:"changed"` // a parameter was written, or may have been
	DryRun      bool           `json:"dry_run"`
	Embedded    bool           `json:"embedded"`
	Environment string         `json:"environment"`
	Region      string         `json:"region"`
	Parameters  []PutParameter `json:"parameters"` // in the order of the names
	AWSCalls    map[string]int `json:"aws_calls"`
	DurationMS  int64          `json:"duration_ms"`
}

// A PutParameter is a parameter that was written, or would be.
type PutParameter struct {
	Parameter string      `json:"parameter"`
	Secrets   []PutSecret `json:"secrets"` // that were named
	State     string      `json:"state"`   // create or update (planned), created, updated, unchanged, failed, unclear, not tried
	Type      string      `json:"type"`
	Key       string      `json:"key"` // "" unless a SecureString
	OldKey    string      `json:"old_key,omitempty"`
	Tier      string      `json:"tier"`
	DataType  string      `json:"data_type"`
	Before    int64       `json:"version_before"`    // 0 for none
	Version   int64       `json:"version"`           // 0 unless it was written
	GoBack    string      `json:"go_back,omitempty"` // a command that puts the version before again
}

// A PutSecret is a secret of a function.
type PutSecret struct {
	Function string `json:"function"`
	Secret   string `json:"secret"`
	Field    string `json:"field,omitempty"`
}

// NewPut returns a result without its calls. goBack returns the command that puts the
// version before again.
func NewPut(p *pipeline.Put, dryRun bool, goBack func(pipeline.PutOutcome) string) *Put {
	env := p.Manifest.Environment
	r := &Put{
		DryRun: dryRun, Embedded: env.Embedded.Value != "", Environment: env.Name.Value, Region: p.Region, Parameters: []PutParameter{},
	}
	for _, o := range p.Outcomes() {
		one := PutParameter{
			Parameter: o.Parameter, State: string(o.State), Type: o.Type, Key: o.Key, OldKey: o.OldKey, Tier: o.Tier, DataType: o.DataType,
			Before: o.Before, Version: o.Version,
		}
		for _, s := range o.Secrets {
			one.Secrets = append(one.Secrets, PutSecret{s.Function, s.Name, s.Field})
		}
		switch o.State {
		case pipeline.PutCreated, pipeline.PutUpdated, pipeline.PutUnclear:
			r.Changed = true
			one.GoBack = goBack(o)
		}
		r.Parameters = append(r.Parameters, one)
	}
	return r
}

// PutTable is the results of several environments and regions as one table.
type PutTable []*Put

// Text prints a row for each parameter in each environment and region, and then how to go
// back.
func (all PutTable) Text(out *printable.Stream) error {
	if err := out.Table(all.Rows()); err != nil {
		return err
	}
	for i, command := range all.goBack() {
		if i == 0 {
			if err := out.Printf("\n%s\n", goBackHeading); err != nil {
				return err
			}
		}
		if err := out.Printf("  %s\n", command); err != nil {
			return err
		}
	}
	return nil
}

const goBackHeading = "To undo this:"

// goBack returns the commands that put the versions before again.
func (all PutTable) goBack() []string {
	var commands []string
	for _, r := range all {
		for _, p := range r.Parameters {
			if p.GoBack != "" {
				commands = append(commands, p.GoBack)
			}
		}
	}
	return commands
}

// Rows returns the table with its heading.
func (all PutTable) Rows() [][]string {
	rows := [][]string{{"ENVIRONMENT", "REGION", "SECRET", "PARAMETER", "KEY", "TIER", "VERSION", "STATE"}}
	for _, r := range all {
		for _, p := range r.Parameters {
			rows = append(rows, []string{r.Environment, r.Region, p.names(), p.Parameter, p.keys(), p.Tier, p.versions(), p.State})
		}
	}
	return rows
}

// Markdown is Text for a report.
func (all PutTable) Markdown() string {
	heading := "### bundle: parameters\n\n"
	for _, r := range all {
		if r.DryRun {
			heading = "### bundle: parameters that would be written\n\n"
		}
	}
	text := heading + MarkdownTable(all.Rows())
	if commands := all.goBack(); len(commands) > 0 {
		text += "\n" + goBackHeading + "\n\n    " + strings.Join(commands, "\n    ") + "\n"
	}
	return text
}

// names returns the names of the secrets, with their fields.
func (p PutParameter) names() string {
	var all []string
	seen := map[string]bool{}
	for _, s := range p.Secrets {
		name := s.Secret
		if s.Field != "" {
			name += " (field " + s.Field + ")"
		}
		if !seen[name] {
			seen[name] = true
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

func (p PutParameter) keys() string {
	switch {
	case p.Key == "":
		return "none (" + p.Type + ")"
	case p.OldKey != "":
		return p.OldKey + " -> " + p.Key
	}
	return p.Key
}

func (p PutParameter) versions() string {
	switch {
	case p.Version != 0 && p.Before == 0:
		return fmt.Sprint(p.Version)
	case p.Version != 0:
		return fmt.Sprintf("%d -> %d", p.Before, p.Version)
	case p.Before == 0:
		return "none"
	}
	return fmt.Sprint(p.Before)
}
