package manifest

import (
	"slices"

	"github.com/whispering/bundle/internal/arn"
)

// Region is the region of an environment that is in one: of every manifest that In gives. It is "" where there are
// several, so that nothing works in the first of them by accident, and after an error.
func (e Environment) Region() string {
	if len(e.Regions) != 1 {
		return ""
	}
	return e.Regions[0].Value
}

// In is the manifest as it is in one of the environment's regions. Nothing crosses regions, with one exception: a
// multi-Region key has relatives of the same id in other regions, and where the ARN of one is written, its relative in
// the region is meant:
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func (m *Manifest) In(region string) *Manifest {
	in := *m
	in.Environment.Regions = slices.DeleteFunc(slices.Clone(m.Environment.Regions), func(r Text) bool { return r.Value != region })
	in.Environment.ParameterKeys = slices.Clone(m.Environment.ParameterKeys)
	for i := range in.Environment.ParameterKeys {
		in.Environment.ParameterKeys[i].relate(region)
	}
	in.Functions = slices.Clone(m.Functions)
	for i := range in.Functions {
		in.Functions[i].Key.relate(region)
	}
	return &in
}

// Of is the manifest as it is for a layer of one function alone: published under the name that the function gives it.
func (m *Manifest) Of(f Function) *Manifest {
	of := *m
	of.Functions, of.Bundle.Layer = []Function{f}, f.Layer
	return &of
}

// relate turns the ARN of a multi-Region key into that of its relative in a region.
func (t *Text) relate(region string) {
	a, ok := arn.Parse(t.Value)
	if !ok || !arn.MultiRegion(t.Value) {
		return
	}
	a.Region = region
	t.Value = a.String()
}
