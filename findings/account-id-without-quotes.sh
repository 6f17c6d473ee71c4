#!/usr/bin/env bash
# hcl v2.25.0, go.yaml.in/yaml/v3 v3.0.6, PyYAML 6.0.3, npm yaml 2.8.1, seen 2026-11-28.
# An AWS account ID that begins with 0, written without quotes. HCL accepts it for a string attribute and drops the zero.
# The YAML readers disagree, and for two of them it matters whether the ID has an 8 or a 9 in it.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsimple"
	"go.yaml.in/yaml/v3"
)

func main() {
	for _, id := range []string{"012345678901", "012345670123"} {
		var manifest struct {
			Account string `hcl:"account"`
		}
		if err := hclsimple.Decode("m.hcl", []byte("account = "+id+"\n"), nil, &manifest); err != nil {
			panic(err)
		}
		var parsed map[string]any
		if err := yaml.Unmarshal([]byte("account: "+id), &parsed); err != nil {
			panic(err)
		}
		fmt.Printf("hcl      %s: %q\n", id, manifest.Account)
		fmt.Printf("yaml/v3  %s: %T %v\n", id, parsed["account"], parsed["account"])
	}
}
GO
{ go mod init probe && go get github.com/hashicorp/hcl/v2@v2.25.0 go.yaml.in/yaml/v3@v3.0.6; } 2>log || { cat log; exit 1; }
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check PyYAML==6.0.3
npm install --silent --no-audit --no-fund --prefix . yaml@2.8.1
{
  go run .
  venv/bin/python -c 'if True:
    import yaml
    for id in "012345678901", "012345670123":
        print("PyYAML  ", id + ":", repr(yaml.safe_load("account: " + id)["account"]))'
  node -e 'for (const id of ["012345678901", "012345670123"])
    console.log("npm yaml " + id + ":", require("yaml").parse("account: " + id).account)'
} | diff - /dev/fd/3 3<<'SEEN'
hcl      012345678901: "12345678901"
yaml/v3  012345678901: float64 1.2345678901e+10
hcl      012345670123: "12345670123"
yaml/v3  012345670123: int 1402433619
PyYAML   012345678901: '012345678901'
PyYAML   012345670123: 1402433619
npm yaml 012345678901: 12345678901
npm yaml 012345670123: 12345670123
SEEN
