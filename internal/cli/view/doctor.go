package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/doctor"
)

// A Doctor is the result of bundle doctor, as --json prints it.
type Doctor struct {
	Healthy     bool           `json:"healthy"`
	Environment string         `json:"environment"`
	Region      string         `json:"region"`
	Endpoint    string         `json:"endpoint"` // "" for AWS's own
	Caller      string         `json:"caller"`   // ARN; "" if unknown
	Checks      []DoctorCheck  `json:"checks"`
	AWSCalls    map[string]int `json:"aws_calls"`
}

// A DoctorCheck is the outcome of one check.
type DoctorCheck struct {
	Check    string `json:"check"`
	Status   string `json:"status"` // ok, note or failed
	Function string `json:"function,omitempty"`
	Action   string `json:"action,omitempty"`
	Resource string `json:"resource,omitempty"`
	Detail   string `json:"detail"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
}

// NewDoctor describes a diagnosis, each detail as forUser returns it.
func NewDoctor(d *pipeline.Diagnosis, healthy bool, forUser func(string) string) *Doctor {
	r := &Doctor{Healthy: healthy, Caller: d.Caller}
	for _, c := range d.Checks {
		check := DoctorCheck{Check: c.Name, Status: string(c.Status), Function: c.Function, Action: c.Action, Resource: c.Resource, Detail: forUser(c.Detail)}
		if c.At != nil {
			check.File, check.Line = c.At.Filename, c.At.Start.Line
		}
		r.Checks = append(r.Checks, check)
	}
	return r
}

// Brief implements Result.
func (r *Doctor) Brief() Brief { return Brief{State: "healthy"} } // a failed one has problems instead

// Outputs implements Result.
func (r *Doctor) Outputs() []actions.Output { return nil }

// Markdown implements Result.
func (r *Doctor) Markdown() string {
	state := "not healthy"
	if r.Healthy {
		state = "healthy"
	}
	return fmt.Sprintf("### bundle doctor: %s in %s is %s\n\n%s", actions.Cell(r.Environment), actions.Cell(r.Region), state, MarkdownTable(r.rows()))
}

// Text implements Result.
func (r *Doctor) Text(out *printable.Stream) error { return out.Table(r.rows()) }

func (r *Doctor) rows() [][]string {
	rows := [][]string{{"CHECK", "STATUS", "FUNCTION", "DETAIL"}}
	for _, check := range r.Checks {
		detail := check.Detail
		if check.Status == string(doctor.Failed) {
			detail, _, _ = strings.Cut(detail, ". ") // the problems have all of it
		}
		rows = append(rows, []string{check.Check, check.Status, cmp.Or(check.Function, "-"), detail})
	}
	return rows
}

// Notes implements Result.
func (r *Doctor) Notes() []string { return nil }
