#!/usr/bin/env bash
# hcl v2.25.0, seen 2026-11-28.
# Decoding with the EvalContext nil, as most programs without variables do. In native syntax a string is a template all the
# same: "$${" is an escape and "${1+1}" is 2. In JSON syntax it is then a literal, so one text has two values, and a variable
# that does not exist is no error. With an empty EvalContext both syntaxes agree.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsimple"
)

func main() {
	show := func(name, source string, ctx *hcl.EvalContext) string {
		var manifest struct {
			Value string `hcl:"value"`
		}
		if err := hclsimple.Decode(name, []byte(source), ctx, &manifest); err != nil {
			return "error"
		}
		return manifest.Value
	}
	for _, ctx := range []*hcl.EvalContext{nil, {}} {
		for _, text := range []string{"a$${b}", "a${1+1}", "a${b}", "a%{b"} {
			native := show("m.hcl", "value = \""+text+"\"\n", ctx)
			json := show("m.json", "{\"value\": \""+text+"\"}", ctx)
			fmt.Printf("context: %v, %s: native %s, json %s\n", ctx != nil, text, native, json)
		}
	}
}
GO
{ go mod init probe && go get github.com/hashicorp/hcl/v2@v2.25.0; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
context: false, a$${b}: native a${b}, json a$${b}
context: false, a${1+1}: native a2, json a${1+1}
context: false, a${b}: native error, json a${b}
context: false, a%{b: native error, json a%{b
context: true, a$${b}: native a${b}, json a${b}
context: true, a${1+1}: native a2, json a2
context: true, a${b}: native error, json error
context: true, a%{b: native error, json error
SEEN
