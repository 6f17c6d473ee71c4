package pipeline

import (
	"slices"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Reading is a manifest as it is for one environment, with what its secrets say
// read once for everything that is checked of it. It does not change.
type Reading struct {
	Manifest *manifest.Manifest

	functions []*functionRun
	problems  problem.Problems // of references, fields, encodings and constraints
}

// Read reads what the secrets of a manifest say. It makes no call to AWS.
func Read(m *manifest.Manifest) *Reading {
	r := &Reading{Manifest: m}
	r.functions, r.problems = functionRuns(m)
	return r
}

// In is the reading as it is in one of the environment's regions.
func (r *Reading) In(region string) *Reading {
	in := &Reading{Manifest: r.Manifest.In(region), problems: r.problems, functions: slices.Clone(r.functions)}
	for i, run := range r.functions {
		there := *run
		there.fn = in.Manifest.Functions[i]
		in.functions[i] = &there
	}
	return in
}

// Check reports every reference, field, encoding and constraint that cannot be one.
func (r *Reading) Check() problem.Problems { return slices.Clone(r.problems).Sort() }
