package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/publish"
)

// A Deployed is what bundle status --deployed adds to a Status.
type Deployed struct {
	Outdated  bool      `json:"outdated"` // calls can go to anything but the newest version of the layer
	Layer     string    `json:"layer"`    // ARN, without a version
	Newest    int64     `json:"newest"`   // version of the layer
	Functions []running `json:"functions"`
	Others    []running `json:"others"` // null with --functions-only
}

type running struct {
	Function  string         `json:"function,omitempty"` // in the manifest
	Name      string         `json:"name"`               // in Lambda
	Qualifier string         `json:"qualifier"`          // $LATEST, $LATEST.PUBLISHED or an alias; "" for versions that no alias names
	Versions  []string       `json:"versions"`           // of the function; none if there is no such function
	Weight    float64        `json:"weight"`
	Attached  int64          `json:"attached"` // version of the layer; 0 for none
	Behind    int64          `json:"behind"`   // the difference to the newest
	Deleted   bool           `json:"deleted"`
	Replica   string         `json:"replica_of,omitempty"`
	Stale     []statusReason `json:"stale"`         // null if not compared
	Pin       string         `json:"pin,omitempty"` // BUNDLE_SECRETS_SHA256 fits, holds or breaks; "" if it is not set or not compared

	outdated bool
}

// NewDeployed describes the status of a layer and of what has it. swept says that the whole account was looked at.
func NewDeployed(result *pipeline.DeployedResult, swept bool) *Status {
	r := NewStatus(result.StatusResult)
	r.Deployed = &Deployed{Outdated: result.Outdated(), Layer: result.Layer, Newest: result.Newest, Functions: []running{}}
	add := func(to *[]running, all []pipeline.Running, outdated func(pipeline.Running) bool) {
		for _, one := range all {
			row := newRunning(one, result.Newest)
			row.outdated = outdated(one)
			*to = append(*to, row)
		}
	}
	add(&r.Deployed.Functions, result.Functions, result.OutdatedFunction)
	if swept {
		r.Deployed.Others = []running{}
		add(&r.Deployed.Others, result.Others, result.OutdatedOther)
	}
	return r
}

func newRunning(one pipeline.Running, newest int64) running {
	row := running{
		Function: one.Function, Name: one.Name, Qualifier: one.Qualifier, Versions: append([]string{}, one.Versions...), Weight: one.Weight,
		Attached: one.Attached, Deleted: one.Deleted, Replica: one.Master, Pin: string(one.Pin),
	}
	if one.Attached > 0 {
		row.Behind = max(0, newest-one.Attached)
	}
	if one.Function == "" || one.Qualifier == "" || one.Attached == 0 || one.Unread {
		return row
	}
	row.Stale = []statusReason{}
	for _, reason := range one.Stale {
		row.Stale = append(row.Stale, statusReason{planReason: planReason(reason)})
	}
	return row
}

// where is the qualifier as text.
func (r running) where() string {
	versions := strings.Join(r.Versions, ", ")
	switch {
	case len(r.Versions) == 0:
		return "no such function"
	case r.Qualifier == "" && r.Function == "":
		return "versions " + versions
	case r.Qualifier == "":
		return "versions " + versions + " (no alias)"
	case r.Qualifier == publish.Latest, r.Qualifier == publish.LatestPublished:
		return r.Qualifier
	case r.Weight < 1:
		return fmt.Sprintf("%s → %s (%s %%)", r.Qualifier, versions, strconv.FormatFloat(100*r.Weight, 'f', -1, 64))
	}
	return r.Qualifier + " → " + versions
}

// state says how far the attached version is from the newest, and what keeps it from working.
func (r running) state() string {
	switch pipeline.Pin(r.Pin) {
	case pipeline.PinHolds:
		return r.distance() + "; BUNDLE_SECRETS_SHA256 pins this document: change it together with the layer"
	case pipeline.PinBreaks:
		return r.distance() + "; cannot open it: BUNDLE_SECRETS_SHA256 pins another document"
	}
	return r.distance()
}

func (r running) distance() string {
	switch {
	case len(r.Versions) == 0:
		return ""
	case r.Attached == 0:
		return "not attached"
	case r.Deleted:
		return fmt.Sprintf("%d behind; attached, deleted: keeps working, cannot be put back", r.Behind)
	case r.Behind > 0:
		return fmt.Sprintf("%d behind", r.Behind)
	}
	return "newest"
}

func (r running) cells(stale bool) []string {
	name, attached := r.Name, ""
	if r.Function != "" && r.Function != r.Name {
		name = r.Function + " (" + r.Name + ")"
	}
	if r.Replica != "" {
		name += " (replica of " + r.Replica + ")"
	}
	if r.Attached > 0 {
		attached = strconv.FormatInt(r.Attached, 10)
	}
	row := []string{name, r.where(), attached, r.state()}
	if !stale {
		return row
	}
	var because []string
	for _, reason := range r.Stale {
		because = append(because, reason.because())
	}
	return append(row, strings.Join(because, "; "))
}

// tables are that of the functions and, if there are any, that of the others.
func (d *Deployed) tables() (functions, others [][]string) {
	functions = [][]string{{"DEPLOYED", "QUALIFIER", "LAYER", "STATE", "STALE SECRETS"}}
	for _, r := range d.Functions {
		functions = append(functions, r.cells(true))
	}
	if len(d.Others) > 0 {
		others = [][]string{{"OTHERS WITH THE LAYER", "QUALIFIER", "LAYER", "STATE"}}
	}
	for _, r := range d.Others {
		others = append(others, r.cells(false))
	}
	return functions, others
}

func (d *Deployed) text(out *printable.Stream) error {
	functions, others := d.tables()
	if err := out.Printf("\n"); err != nil {
		return err
	}
	if err := out.Table(functions); err != nil {
		return err
	}
	if others != nil {
		if err := out.Printf("\n"); err != nil {
			return err
		}
		if err := out.Table(others); err != nil {
			return err
		}
	}
	return out.Printf("\nnewest=%s\noutdated=%t\n", publish.Ref{Layer: d.Layer, Version: d.Newest}, d.Outdated)
}

// markdown returns the tables, and nothing without a Deployed.
func (d *Deployed) markdown() string {
	if d == nil {
		return ""
	}
	functions, others := d.tables()
	text := "\n" + MarkdownTable(functions)
	if others != nil {
		text += "\n" + MarkdownTable(others)
	}
	return text
}
