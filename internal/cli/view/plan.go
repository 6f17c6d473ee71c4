package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Plan is the result of bundle plan, as --json prints it.
type Plan struct {
	Changed     bool           `json:"changed"`
	Offline     bool           `json:"offline"`
	Embedded    bool           `json:"embedded"`
	Bundle      string         `json:"bundle"`
	Environment string         `json:"environment"`
	Region      string         `json:"region"`
	Previous    string         `json:"previous"` // file or ARN; "" for a first build
	Summary     planSummary    `json:"summary"`
	Functions   []planFunction `json:"functions"`
	Parameter   *Standing      `json:"layer_parameter,omitempty"`
	AWSCalls    map[string]int `json:"aws_calls"`
	DurationMS  int64          `json:"duration_ms"`

	Path string `json:"-"` // of the layer that a build would write; "" if none is named
}

type planSummary struct {
	Add    int `json:"add"`
	Reseal int `json:"reseal"`
	Remove int `json:"remove"`
	Carry  int `json:"carry"`
}

type planFunction struct {
	Function string       `json:"function"` // in the manifest
	Name     string       `json:"name"`     // in Lambda
	Action   plan.Action  `json:"action"`
	Key      string       `json:"key"` // ARN; offline, it can be as in the manifest
	Mode     string       `json:"mode"`
	Secrets  []planSecret `json:"secrets"`
	Paths    []string     `json:"paths,omitempty"` // offline, of added functions: the parameters below are unknown
	Reasons  []planReason `json:"reasons"`

	keyName string // as in the manifest
}

type planSecret struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`              // "ssm" or "secretsmanager"
	Parameter string `json:"parameter"`         // ARN of the parameter or secret; offline, it can be as in the manifest
	Version   *int64 `json:"version,omitempty"` // of a parameter; 0 if unknown offline
	VersionID string `json:"version_id,omitempty"`
}

func newPlanSecret(s sealed.Source) planSecret {
	one := planSecret{Name: s.Secret, Kind: plan.Store(s).String(), Parameter: s.ARN}
	switch {
	case plan.Store(s) == secret.ParameterStore:
		one.Version = &s.Version
	case s.ID != plan.UnknownID:
		one.VersionID = s.ID
	}
	return one
}

type planReason struct {
	Secret string `json:"secret,omitempty"` // "" if it is about the function
	What   string `json:"what"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`

	FromDate time.Time `json:"from_date,omitzero"` // of a version of Secrets Manager
	ToDate   time.Time `json:"to_date,omitzero"`
}

// NewPlan describes a plan. An offline plan was made without calls.
func NewPlan(m *manifest.Manifest, result *pipeline.Result, offline bool) *Plan {
	r := &Plan{
		Offline: offline, Embedded: m.Environment.Embedded.Value != "", Bundle: m.Bundle.Name.Value,
		Environment: m.Environment.Name.Value, Region: m.Environment.Region(), Previous: result.Previous.Name,
		Functions: []planFunction{}, Parameter: newStanding(result.Standing),
	}
	for _, change := range result.Changes {
		switch change.Action {
		case plan.Add:
			r.Summary.Add++
		case plan.Reseal:
			r.Summary.Reseal++
		case plan.Remove:
			r.Summary.Remove++
		case plan.Carry:
			r.Summary.Carry++
		}
		r.Changed = r.Changed || change.Action != plan.Carry
		f := newPlanFunction(change)
		f.keyName = keyName(m, f.Name)
		if offline && change.Action == plan.Add {
			f.Paths = importPaths(m, f.Name)
		}
		r.Functions = append(r.Functions, f)
	}
	return r
}

func newPlanFunction(change plan.Change) planFunction {
	header, key := change.Want.Header, change.Want.Key
	if change.Action == plan.Remove {
		header, key = change.Previous.Header, change.Previous.Key
	}
	f := planFunction{
		Function: header.Function, Name: change.Name, Action: change.Action, Key: key, Mode: string(header.Mode),
		Secrets: []planSecret{}, Reasons: []planReason{},
	}
	for _, s := range header.Sources {
		f.Secrets = append(f.Secrets, newPlanSecret(s))
	}
	for _, reason := range change.Reasons {
		f.Reasons = append(f.Reasons, planReason(reason))
	}
	return f
}

// importPaths returns the paths that a function imports.
func importPaths(m *manifest.Manifest, file string) []string {
	var all []string
	for _, fn := range m.Functions {
		for _, im := range fn.Imports {
			if fn.File() == file {
				all = append(all, im.Path.Value)
			}
		}
	}
	return all
}

// Brief implements Result.
func (r *Plan) Brief() Brief {
	return Brief{Layer: r.Path, State: r.state(), Notable: r.Changed}
}

// state is the summary for a table, which has a row for each target.
func (r *Plan) state() string {
	if !r.Changed {
		return "no changes"
	}
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{r.Summary.Add, "to add"}, {r.Summary.Reseal, "to reseal"}, {r.Summary.Remove, "to remove"}, {r.Summary.Carry, "unchanged"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return strings.Join(parts, ", ")
}

// Outputs implements Result.
func (r *Plan) Outputs() []actions.Output {
	return []actions.Output{{Name: "changed", Value: fmt.Sprint(r.Changed)}}
}

// Text implements Result.
func (r *Plan) Text(out *printable.Stream) error {
	var err error
	line := func(indent, sign, text string) {
		if err == nil {
			_, err = io.WriteString(out.Text(), indent)
		}
		if err == nil {
			err = out.Color(signColors[sign], sign)
		}
		if err == nil {
			_, err = io.WriteString(out.Text(), " "+text+"\n")
		}
	}
	for _, f := range r.Functions {
		switch f.Action {
		case plan.Add:
			line("", "+", fmt.Sprintf("%s: %s under %s, %s", f.Function, printable.Count(len(f.Secrets), "secret"), f.keyName, f.Mode))
		case plan.Reseal:
			line("", "~", f.Function)
		case plan.Remove:
			line("", "-", f.Function)
		}
		for _, l := range f.lines() {
			line("    ", l.sign, l.Text(func(s string) string { return s }))
		}
	}
	if err == nil && r.Changed {
		err = out.Printf("\n")
	}
	if err == nil {
		err = out.Printf("%s\n", r.summary())
	}
	return err
}

// signColors are the colors of signs, as in Terraform's plans: green, yellow and red.
var signColors = map[string]int{"+": 32, "~": 33, "-": 31}

func (r *Plan) summary() string {
	if !r.Changed {
		return fmt.Sprintf("no changes: %s", printable.Count(r.Summary.Carry, "function"))
	}
	n := r.Summary
	return fmt.Sprintf("%s to add, %d to reseal, %d to remove, %d unchanged", printable.Count(n.Add, "function"), n.Reseal, n.Remove, n.Carry)
}

// A planLine is one change in a function.
type planLine struct {
	sign   string // "+", "~" or "-"
	secret string // "" if it is about the function
	what   string // bundle's own words
	id     string // of a version; "" if there is none
	values []string
}

// Text returns the line. code marks up names and values.
func (l planLine) Text(code func(string) string) string {
	var b strings.Builder
	if l.secret != "" {
		b.WriteString(code(l.secret) + ": ")
	}
	b.WriteString(l.what)
	if l.id != "" {
		b.WriteString(" " + code(l.id) + " of")
	}
	for i, value := range l.values {
		if i > 0 {
			b.WriteString(" →")
		}
		b.WriteString(" " + code(value))
	}
	return b.String()
}

// lines returns the changes in a function; for a new function, its content.
func (f *planFunction) lines() []planLine {
	var all []planLine
	if f.Action == plan.Add {
		for _, s := range f.Secrets {
			all = append(all, s.line())
		}
		for _, path := range f.Paths {
			all = append(all, planLine{sign: "+", what: "everything below", values: []string{path}})
		}
		return all
	}
	for _, reason := range f.Reasons {
		line := planLine{sign: "~", secret: reason.Secret, what: reason.What}
		switch reason.What {
		case "added":
			for _, s := range f.Secrets {
				if s.Name == reason.Secret {
					line = s.line()
				}
			}
		case "removed":
			line.sign = "-"
		case "asked for":
			line.what = "because of --reseal"
		}
		values := plan.Reason(reason).Values()
		for _, value := range values {
			line.values = append(line.values, shortARN(value))
		}
		if len(values) == 2 && line.values[0] == line.values[1] {
			line.values = values // a name that is in two stores or accounts
		}
		all = append(all, line)
	}
	return all
}

func (s planSecret) line() planLine {
	line := planLine{sign: "+", secret: s.Name, what: "from", values: []string{shortARN(s.Parameter)}}
	switch {
	case s.VersionID != "":
		line.what, line.id = "version", plan.Short(s.VersionID)
	case s.Version != nil && *s.Version > 0:
		line.what = fmt.Sprintf("version %d of", *s.Version)
	}
	return line
}

// shortARN returns the name in an ARN, without account and region.
func shortARN(s string) string {
	if name := cmp.Or(arn.ParameterName(s), arn.SecretName(s)); name != "" {
		return name
	}
	if a, ok := arn.Parse(s); ok && a.Key() != "" {
		return a.Resource
	}
	return s
}

// Notes implements Result.
func (r *Plan) Notes() []string { return r.Parameter.notes() }
