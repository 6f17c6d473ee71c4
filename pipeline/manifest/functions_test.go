package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

// A function that reads anything, or whose result is not bounded by its arguments, does not belong in this list.
func TestFunctionsAreTheseAndNoOthers(t *testing.T) {
	want := strings.Fields(`chomp coalesce coalescelist compact concat contains element flatten join keys length lookup lower
		merge replace reverse setintersection setsubtract setunion slice sort split strlen substr title trim trimprefix
		trimspace trimsuffix upper values zipmap`)
	if diff := cmp.Diff(want, Functions()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEveryFunctionTakesEverything(t *testing.T) {
	arguments := []cty.Value{
		cty.NullVal(cty.DynamicPseudoType), cty.DynamicVal, cty.StringVal(""), cty.StringVal("a,b"), cty.StringVal("1e999999999"), cty.Zero,
		cty.NumberIntVal(-1), cty.True, cty.EmptyTupleVal, cty.EmptyObjectVal, cty.NullVal(cty.String), cty.UnknownVal(cty.String),
		cty.ListVal([]cty.Value{cty.StringVal("a")}), cty.ListValEmpty(cty.String), cty.UnknownVal(cty.List(cty.String)),
		cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.NullVal(cty.DynamicPseudoType), cty.DynamicVal, cty.EmptyObjectVal}),
		cty.MapVal(map[string]cty.Value{"a": cty.StringVal("x")}), cty.ObjectVal(map[string]cty.Value{"a": cty.True, "b": cty.DynamicVal}),
		cty.SetVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
	}
	for name, f := range functions(newMeter(1)) {
		calls := [][]cty.Value{{}}
		for depth := 1; depth <= 3; depth++ {
			var next [][]cty.Value
			for _, call := range calls {
				for _, a := range arguments {
					next = append(next, append(append([]cty.Value{}, call...), a))
				}
			}
			for _, call := range next {
				_, err := f.Call(call)
				if err != nil && strings.Contains(err.Error(), "panic") {
					t.Fatalf("%s%#v: %v", name, call, err)
				}
			}
			calls = next
		}
	}
}

func TestValuesAreBounded(t *testing.T) {
	long := cty.StringVal(strings.Repeat("x", maxValue+1))
	deep := cty.True
	for range maxNested + 1 {
		deep = cty.TupleVal([]cty.Value{deep})
	}
	many := make([]cty.Value, maxValue)
	for i := range many {
		many[i] = cty.True
	}
	for name, v := range map[string]cty.Value{
		"long text": long, "long key": cty.ObjectVal(map[string]cty.Value{long.AsString(): cty.True}), "deep": deep, "many": cty.TupleVal(many),
		"great number": cty.MustParseNumberVal("1e99999999"), "small number": cty.MustParseNumberVal("1e-99999999"), "infinity": cty.PositiveInfinity,
	} {
		if _, ok := sizeOf(v); ok {
			t.Errorf("%s is accepted", name)
		}
	}
	for name, v := range map[string]cty.Value{
		"text": cty.StringVal(strings.Repeat("x", maxValue)), "null": cty.NullVal(cty.String), "unknown": cty.DynamicVal, "number": cty.NumberIntVal(1 << 60),
	} {
		if _, ok := sizeOf(v); !ok {
			t.Errorf("%s is refused", name)
		}
	}
}
