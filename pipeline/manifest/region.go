package manifest

import (
	"slices"

	"github.com/whispering/bundle/internal/arn"
)

// Region returns the region of an environment that has only one, as in every manifest that In returns. It is "" if there
// are several, so that nothing uses the first one by accident, and after an error.
func (e Environment) Region() string {
	if len(e.Regions) != 1 {
		return ""
	}
	return e.Regions[0].Value
}

// In returns the manifest for one of the environment's regions. Nothing crosses regions, with one exception: a
// multi-Region key has related keys with the same ID in other regions. If the manifest has the ARN of one of them, In
// replaces it with the ARN of the related key in the region:
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

// Of returns the manifest for a layer of one function, published under that function's layer name.
func (m *Manifest) Of(f Function) *Manifest {
	of := *m
	of.Functions, of.Bundle.Layer, of.Bundle.LayerParameter = []Function{f}, f.Layer, f.LayerParameter
	return &of
}

// relate replaces the ARN of a multi-Region key with that of the related key in a region.
func (t *Text) relate(region string) {
	a, ok := arn.Parse(t.Value)
	if !ok || !arn.MultiRegion(t.Value) {
		return
	}
	a.Region = region
	t.Value = a.String()
}
