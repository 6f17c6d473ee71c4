#!/usr/bin/env bash
# go-cty v1.20.0, seen 2026-11-28.
# convert.Convert(string, number), which is also HCL's own conversion: "1p5" is 32 (a binary exponent) and "inf" is infinity, while
# "0x1f", "1_000" and " 1" are refused. To bool, "1" is true, and "True" is refused.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

func main() {
	show := func(to cty.Type, in string) {
		v, err := convert.Convert(cty.StringVal(in), to)
		if err != nil {
			fmt.Printf("%q: refused\n", in)
			return
		}
		fmt.Printf("%q: %#v\n", in, v)
	}
	for _, in := range []string{"1p5", "inf", "010", "0x1f", "1_000", " 1"} {
		show(cty.Number, in)
	}
	for _, in := range []string{"1", "True"} {
		show(cty.Bool, in)
	}
}
GO
{ go mod init probe && go get github.com/zclconf/go-cty@v1.20.0; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
"1p5": cty.NumberIntVal(32)
"inf": cty.NumberFloatVal(+Inf)
"010": cty.NumberIntVal(10)
"0x1f": refused
"1_000": refused
" 1": refused
"1": cty.True
"True": refused
SEEN
