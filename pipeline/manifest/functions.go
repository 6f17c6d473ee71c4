package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

const (
	// maxValue is the largest size of a value: the bytes of its strings, plus elementCost for each element.
	maxValue = 64 << 10
	// elementCost is the size of an element of a list or object, roughly the memory that it uses.
	elementCost = 64
	// maxArguments is the largest size of the arguments of one function call.
	maxArguments = 4 * maxValue
	// maxNested is how deep a value can nest.
	maxNested = 100
	// maxExponent is the largest binary exponent of a number, so that it stays short as a string.
	maxExponent = 128
)

// Functions returns the sorted names of the functions that a manifest can call. All of them are pure, and their cost is
// proportional to their arguments and results. Left out on purpose: functions that read files, the environment or the
// clock; format and indent, which turn 28 bytes into 2 GB; try and can, which hide errors.
func Functions() []string { return slices.Sorted(maps.Keys(functions(newMeter(1)))) }

func functions(m *meter) map[string]function.Function {
	all := map[string]function.Function{
		"chomp":           stdlib.ChompFunc,
		"coalesce":        stdlib.CoalesceFunc,
		"coalescelist":    stdlib.CoalesceListFunc,
		"compact":         stdlib.CompactFunc,
		"concat":          stdlib.ConcatFunc,
		"contains":        stdlib.ContainsFunc,
		"element":         stdlib.ElementFunc,
		"flatten":         stdlib.FlattenFunc,
		"join":            stdlib.JoinFunc,
		"keys":            stdlib.KeysFunc,
		"length":          stdlib.LengthFunc,
		"lookup":          stdlib.LookupFunc,
		"lower":           stdlib.LowerFunc,
		"merge":           stdlib.MergeFunc,
		"replace":         stdlib.ReplaceFunc,
		"reverse":         stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc,
		"setsubtract":     stdlib.SetSubtractFunc,
		"setunion":        stdlib.SetUnionFunc,
		"slice":           stdlib.SliceFunc,
		"sort":            stdlib.SortFunc,
		"split":           stdlib.SplitFunc,
		"strlen":          stdlib.StrlenFunc,
		"substr":          stdlib.SubstrFunc,
		"title":           stdlib.TitleFunc,
		"trim":            stdlib.TrimFunc,
		"trimprefix":      stdlib.TrimPrefixFunc,
		"trimspace":       stdlib.TrimSpaceFunc,
		"trimsuffix":      stdlib.TrimSuffixFunc,
		"upper":           stdlib.UpperFunc,
		"values":          stdlib.ValuesFunc,
		"zipmap":          stdlib.ZipmapFunc,
	}
	for name, f := range all {
		all[name] = m.bounded(f, nil)
	}
	all["join"] = m.bounded(stdlib.JoinFunc, joined)
	all["replace"] = m.bounded(stdlib.ReplaceFunc, replaced)
	all["merge"] = m.bounded(noNull(stdlib.MergeFunc), nil)
	return all
}

// noNull returns f without null in its variable arguments: merge accepts null, and panics if it is not of an object type.
func noNull(f function.Function) function.Function {
	rest := *f.VarParam()
	rest.AllowNull = false
	return function.New(&function.Spec{
		Params:   f.Params(),
		VarParam: &rest,
		Type:     f.ReturnTypeForValues,
		Impl:     func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

// bounded returns f with limits on the size of its arguments and result. The meter counts the arguments. size, if not
// nil, computes the length of the result in advance. When the meter is empty, the result is unknown.
func (m *meter) bounded(f function.Function, size func(args []cty.Value) int) function.Function {
	check := func(args []cty.Value) error {
		budget := maxArguments
		for _, a := range args {
			before := budget
			if !spend(a, &budget, 0) {
				return fmt.Errorf("the arguments are too large (more than %d bytes in total)", maxArguments)
			}
			m.use(a, before-budget)
		}
		if size != nil && size(args) > maxValue {
			return fmt.Errorf("the result would be too large (more than %d bytes)", maxValue)
		}
		return nil
	}
	return function.New(&function.Spec{
		Params:   f.Params(),
		VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := check(args); err != nil || !known(args) || m.empty() {
				return cty.DynamicPseudoType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !known(args) || m.empty() {
				return cty.DynamicVal, nil // the reason has been reported, and some functions panic on unknown values
			}
			return f.Call(args)
		},
	})
}

func known(args []cty.Value) bool {
	return !slices.ContainsFunc(args, func(a cty.Value) bool { return !a.IsWhollyKnown() })
}

// joined returns the length of the result of join.
func joined(args []cty.Value) int {
	n := 0
	for i, a := range args {
		if i == 0 || !a.IsKnown() || a.IsNull() {
			continue
		}
		n += a.LengthInt() * length(args[0])
	}
	return n
}

// replaced returns the length of the result of replace.
func replaced(args []cty.Value) int {
	for _, a := range args {
		if !a.IsKnown() || a.IsNull() {
			return 0
		}
	}
	text, part := args[0].AsString(), args[1].AsString()
	return len(text) + strings.Count(text, part)*length(args[2])
}

func length(v cty.Value) int {
	if !v.IsKnown() || v.IsNull() {
		return 0
	}
	return len(v.AsString())
}

// sizeOf returns the size of a value, and whether it is within the limits. If it is not, the size is incomplete.
func sizeOf(v cty.Value) (n int, ok bool) {
	budget := maxValue
	ok = spend(v, &budget, 0)
	return maxValue - budget, ok
}

// spend subtracts the size of v from the budget, and reports whether it was enough.
func spend(v cty.Value, budget *int, depth int) bool {
	if depth > 0 {
		*budget -= elementCost
	}
	if *budget < 0 || depth > maxNested {
		return false
	}
	if !v.IsKnown() || v.IsNull() {
		return true
	}
	switch t := v.Type(); {
	case t == cty.String:
		*budget -= len(v.AsString())
	case t == cty.Number:
		if n := v.AsBigFloat(); n.IsInf() || n.MantExp(nil) > maxExponent || n.MantExp(nil) < -maxExponent {
			return false
		}
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next(); {
			key, element := it.Element()
			if key.Type() == cty.String {
				*budget -= len(key.AsString())
			}
			if !spend(element, budget, depth+1) {
				return false
			}
		}
	}
	return *budget >= 0
}
