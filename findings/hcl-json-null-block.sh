#!/usr/bin/env bash
# hcl v2.25.0 (JSON syntax), seen 2026-11-28.
# {"secret": {"A": null}} has no block "A" and no diagnostic, though the block type is in the schema: a generator that writes
# null for "nothing special" loses the block. The neighbors {"secret": null} and {"secret": [null]} are errors.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/json"
)

func main() {
	for _, source := range []string{`{"secret": {"A": {}, "B": {}}}`, `{"secret": {"A": null, "B": {}}}`, `{"secret": null}`, `{"secret": [null]}`} {
		var manifest struct {
			Secrets []struct {
				Name string `hcl:"name,label"`
			} `hcl:"secret,block"`
		}
		file, diags := json.Parse([]byte(source), "manifest.hcl.json")
		diags = append(diags, gohcl.DecodeBody(file.Body, nil, &manifest)...)
		fmt.Printf("%s: %v, errors: %v\n", source, manifest.Secrets, diags.HasErrors())
	}
}
GO
{ go mod init probe && go get github.com/hashicorp/hcl/v2@v2.25.0; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
{"secret": {"A": {}, "B": {}}}: [{A} {B}], errors: false
{"secret": {"A": null, "B": {}}}: [{B}], errors: false
{"secret": null}: [], errors: true
{"secret": [null]}: [], errors: true
SEEN
