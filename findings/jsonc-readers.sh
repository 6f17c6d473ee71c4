#!/usr/bin/env bash
# Go hujson v0.0.0-20260727124030-b80ff77dac4f, tidwall/jsonc v0.3.3, npm jsonc-parser 3.3.1 (VS Code's), seen 2026-11-28.
# What "JSON with comments" is. hujson wants a newline behind a // comment, which the last line of a stored value often lacks.
# stripComments of jsonc-parser leaves trailing commas, so JSON.parse refuses what the package's own parse reads without an option.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
mkdir values
printf '{"a": 1} // last line' >values/last-line
printf '{"a": /* b */ 1}' >values/block
printf '{"a": 1,}' >values/trailing-comma
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/tailscale/hujson"
	"github.com/tidwall/jsonc"
)

func main() {
	for _, name := range os.Args[1:] {
		in, _ := os.ReadFile("values/" + name)
		standard, err := hujson.Standardize(append([]byte{}, in...))
		fmt.Println(name, "hujson", err == nil && json.Valid(standard))
		fmt.Println(name, "tidwall", json.Valid(jsonc.ToJSON(append([]byte{}, in...))))
	}
}
GO
cat >read.js <<'JS'
const { parse, stripComments } = require("jsonc-parser")
const attempt = (read) => { try { return read().a === 1 } catch { return false } }
for (const name of process.argv.slice(2)) {
  const text = require("fs").readFileSync("values/" + name, "utf8")
  console.log(name, "jsonc-parser", attempt(() => parse(text)))
  console.log(name, "stripComments", attempt(() => JSON.parse(stripComments(text))))
}
JS
{ go mod init probe && go get github.com/tailscale/hujson@v0.0.0-20260727124030-b80ff77dac4f github.com/tidwall/jsonc@v0.3.3; } 2>log || { cat log; exit 1; }
npm install --silent --no-audit --no-fund --prefix . jsonc-parser@3.3.1
{ go run . last-line block trailing-comma && node read.js last-line block trailing-comma; } | diff - /dev/fd/3 3<<'SEEN'
last-line hujson false
last-line tidwall true
block hujson true
block tidwall true
trailing-comma hujson true
trailing-comma tidwall true
last-line jsonc-parser true
last-line stripComments true
block jsonc-parser true
block stripComments true
trailing-comma jsonc-parser true
trailing-comma stripComments false
SEEN
