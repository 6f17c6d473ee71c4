package view

import (
	"fmt"
	"slices"

	"github.com/whispering/bundle/internal/printable"
)

// A Validate is the result of bundle validate, as --json prints it.
type Validate struct {
	Environments []Validity `json:"environments"`
}

// A Validity describes a valid manifest in one environment.
type Validity struct {
	Environment string `json:"environment"`
	Functions   int    `json:"functions"`
	Secrets     int    `json:"secrets"` // declared secrets, without those of path imports
	Paths       int    `json:"paths"`
}

// Markdown is Text for the step's summary.
func (r *Validate) Markdown() string {
	return fmt.Sprintf("### bundle validate: no problems in %s\n\n%s", printable.Count(len(r.Environments), "environment"), MarkdownTable(r.rows()))
}

func (r *Validate) rows() [][]string {
	rows := [][]string{{"ENVIRONMENT", "FUNCTIONS", "SECRETS", "PATH IMPORTS"}}
	for _, v := range r.Environments {
		rows = append(rows, []string{v.Environment, fmt.Sprint(v.Functions), fmt.Sprint(v.Secrets), fmt.Sprint(v.Paths)})
	}
	return rows
}

// Text prints a row for each environment.
func (r *Validate) Text(out *printable.Stream) error {
	imports := slices.ContainsFunc(r.Environments, func(v Validity) bool { return v.Paths > 0 })
	if err := out.Table(r.rows()); err != nil || !imports {
		return err
	}
	return out.Printf("\nSECRETS does not count the secrets of path imports. Only a build or plan that reads parameters knows them.\n")
}
