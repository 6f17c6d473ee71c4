package pipeline

import (
	"github.com/hashicorp/hcl/v2"

	table "github.com/whispering/bundle/pipeline/problem"
)

type (
	// Kind is that of a Problem.
	Kind = table.Kind
	// Problem is one thing that keeps a run from being done.
	Problem = table.Problem
	// Problems are all that one run found.
	Problems = table.Problems
	// Gathered are the problems of several functions and environments.
	Gathered = table.Gathered
)

// The kinds of problems.
const (
	Fault       = table.Fault
	Manifest    = table.Manifest
	Access      = table.Access
	Missing     = table.Missing
	Unavailable = table.Unavailable
	Integrity   = table.Integrity
	Output      = table.Output
)

// problem makes a Problem at a place of the manifest; nil means none.
func problem(kind Kind, at *hcl.Range, summary, detail string) Problem {
	return table.New(kind, at, summary, detail)
}

// FromDiagnostics turns the errors among diags into problems of the manifest.
func FromDiagnostics(diags hcl.Diagnostics) Problems { return table.FromDiagnostics(diags) }
