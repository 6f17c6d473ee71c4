package pipeline

import (
	"slices"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Reading is a manifest for one environment with its secrets parsed, once for
// all checks. It does not change.
type Reading struct {
	Manifest *manifest.Manifest

	functions []*functionRun
	problems  problem.Problems // of references, fields, encodings and constraints
}

// Read parses the secrets of a manifest. It makes no call to AWS.
func Read(m *manifest.Manifest) *Reading {
	r := &Reading{Manifest: m}
	r.functions, r.problems = functionRuns(m)
	return r
}

// In returns the reading for one of the environment's regions.
func (r *Reading) In(region string) *Reading {
	in := &Reading{Manifest: r.Manifest.In(region), problems: r.problems, functions: slices.Clone(r.functions)}
	for i, run := range r.functions {
		there := *run
		there.fn = in.Manifest.Functions[i]
		in.functions[i] = &there
	}
	return in
}

// WithLayerParameters returns the reading with other parameters for the ARNs of the layers:
// that of the bundle's layer, and those of each function's.
func (r *Reading) WithLayerParameters(of func(function string) string) *Reading {
	m := *r.Manifest
	at := m.Bundle.Layer.Range
	m.Bundle.LayerParameter = manifest.Text{Value: of(""), Range: at}
	m.Functions = slices.Clone(m.Functions)
	with := &Reading{Manifest: &m, problems: r.problems, functions: slices.Clone(r.functions)}
	for i, run := range r.functions {
		m.Functions[i].LayerParameter = manifest.Text{Value: of(m.Functions[i].Name.Value), Range: at}
		there := *run
		there.fn = m.Functions[i]
		with.functions[i] = &there
	}
	return with
}

// Check reports every invalid reference, field, encoding and constraint.
func (r *Reading) Check() problem.Problems { return slices.Clone(r.problems).Sort() }
