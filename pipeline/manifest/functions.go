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
	// maxValue bounds a value: the bytes of its texts, and elementCost for each element.
	maxValue = 64 << 10
	// elementCost is what an element of a list or object counts as: about what it takes in memory.
	elementCost = 64
	// maxArguments bounds the values that one call of a function is given.
	maxArguments = 4 * maxValue
	// maxNested bounds how deep a value nests.
	maxNested = 100
	// maxExponent bounds the binary exponent of a number: written out as a text, it has to stay short.
	maxExponent = 128
)

// Functions are the names of the functions that a manifest may call, sorted. All of them are pure, and cost no more
// than what they are given and give. Left out on purpose: whatever reads files, the environment or the clock;
// format and indent, which make 2 GB of 28 bytes; try and can, which hide errors.
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

// noNull is f without null among its variable arguments: merge lets them in, and panics if it is not of an object type.
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

// bounded is f without arguments or results that are too large, and of which the arguments count. size, if any,
// foretells the length of the result. When nothing is left, the result is unknown.
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
				return cty.DynamicVal, nil // something in them has been reported; and some functions panic at it
			}
			return f.Call(args)
		},
	})
}

func known(args []cty.Value) bool {
	return !slices.ContainsFunc(args, func(a cty.Value) bool { return !a.IsWhollyKnown() })
}

// joined is the length of what join makes of a separator and lists.
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

// replaced is the length of what replace makes of a text, a part of it and a replacement.
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

// sizeOf is how large a value is, and whether a manifest may work with it. It is not counted to its end if it may not.
func sizeOf(v cty.Value) (n int, ok bool) {
	budget := maxValue
	ok = spend(v, &budget, 0)
	return maxValue - budget, ok
}

// spend takes the size of v from the budget and says whether it sufficed.
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
