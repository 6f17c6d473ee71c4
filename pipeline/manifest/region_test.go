package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const twoRegions = `
bundle { 
  name  = "payments" 
  layer = "payments-${function.name}"
}
environment "prod" {
  account_id     = "222222222222"
  regions        = ["us-west-2", "eu-west-1"]
  parameter_keys = ["arn:aws:kms:us-west-2:222222222222:key/mrk-1", "alias/parameters"]
}
function "a" {
  kms_key = "arn:aws:kms:us-west-2:222222222222:key/mrk-0123456789abcdef0123456789abcdef"
  secret "XX" { parameter = "/a" }
}
function "b" {
  kms_key = "arn:aws:kms:us-west-2:222222222222:key/0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11"
  secret "XX" { parameter = "/b" }
}
function "c" {
  kms_key = "arn:aws:kms:us-west-2:222222222222:alias/mrk-c"
  secret "XX" { parameter = "/c" }
}
`

// Only a multi-Region key has a related key in another region. An alias there may have
// any key.
func TestOnlyMultiRegionKeysAreInEveryRegion(t *testing.T) {
	m := evaluate(t, twoRegions, "prod", Options{})
	if region := m.Environment.Region(); region != "" {
		t.Errorf("an environment in two regions is in %q", region)
	}
	before := evaluate(t, twoRegions, "prod", Options{})
	in := m.In("eu-west-1")
	got := []string{in.Environment.Region(), in.Environment.ParameterKeys[0].Value, in.Environment.ParameterKeys[1].Value}
	for _, f := range in.Functions {
		got = append(got, f.Key.Value)
	}
	want := []string{
		"eu-west-1", "arn:aws:kms:eu-west-1:222222222222:key/mrk-1", "alias/parameters",
		"arn:aws:kms:eu-west-1:222222222222:key/mrk-0123456789abcdef0123456789abcdef",
		"arn:aws:kms:us-west-2:222222222222:key/0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11",
		"arn:aws:kms:us-west-2:222222222222:alias/mrk-c",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(before, m, withoutRanges); diff != "" {
		t.Errorf("the manifest itself has changed: -before +after:\n%s", diff)
	}
}

func TestOfOneFunction(t *testing.T) {
	m := evaluate(t, twoRegions, "prod", Options{})
	of := m.Of(m.Functions[1])
	if of.Bundle.Layer.Value != "payments-b" || len(of.Functions) != 1 || of.Functions[0].Name.Value != "b" || len(m.Functions) != 3 {
		t.Errorf("layer %q, %d functions", of.Bundle.Layer.Value, len(of.Functions))
	}
}
