#!/usr/bin/env bash
# go-cty v1.20.0, hcl v2.25.0, seen 2026-11-28.
# Every cty string is in Unicode normalization form C. A decomposed letter in a quoted HCL string, or in a variable handed
# in, comes out with other bytes: a password no longer matches, and neither does a digest. Ligatures stay as they are.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsimple"
	"github.com/zclconf/go-cty/cty"
)

func main() {
	for _, in := range []string{"e\u0301", "\u2126", "\ufb01"} {
		var manifest struct {
			Value string `hcl:"value"`
		}
		if err := hclsimple.Decode("m.hcl", []byte("value = \""+in+"\"\n"), nil, &manifest); err != nil {
			panic(err)
		}
		fmt.Printf("in %x, hcl %x, cty %x\n", in, manifest.Value, cty.StringVal(in).AsString())
	}
}
GO
{ go mod init probe && go get github.com/hashicorp/hcl/v2@v2.25.0 github.com/zclconf/go-cty@v1.20.0; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
in 65cc81, hcl c3a9, cty c3a9
in e284a6, hcl cea9, cty cea9
in efac81, hcl efac81, cty efac81
SEEN
