#!/usr/bin/env bash
# hcl v2.25.0 (JSON syntax), Go 1.26.8 encoding/json, seen 2026-11-28.
# A key that occurs twice is two blocks where the schema says block, and an error where it says attribute. encoding/json
# keeps the last one, as most readers do, so a formatter or generator in between changes what the manifest says.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	stdjson "encoding/json"
	"fmt"

	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/json"
)

type manifest struct {
	Name    string `hcl:"name,optional"`
	Secrets []struct {
		Name string `hcl:"name,label"`
		From string `hcl:"from"`
	} `hcl:"secret,block"`
}

func main() {
	for _, source := range []string{`{"secret": {"A": {"from": "/one"}, "A": {"from": "/two"}}}`, `{"name": "one", "name": "two"}`} {
		var m manifest
		file, diags := json.Parse([]byte(source), "manifest.hcl.json")
		diags = append(diags, gohcl.DecodeBody(file.Body, nil, &m)...)
		fmt.Printf("hcl: %v, errors: %v\n", m.Secrets, diags.HasErrors())
		var plain any
		err := stdjson.Unmarshal([]byte(source), &plain)
		fmt.Printf("encoding/json: %v, error: %v\n", plain, err)
	}
}
GO
{ go mod init probe && go get github.com/hashicorp/hcl/v2@v2.25.0; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
hcl: [{A /one} {A /two}], errors: false
encoding/json: map[secret:map[A:map[from:/two]]], error: <nil>
hcl: [], errors: true
encoding/json: map[name:two], error: <nil>
SEEN
