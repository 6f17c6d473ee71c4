#!/usr/bin/env bash
# Go 1.26.8 and 1.27.4 (encoding/json), seen 2026-11-28.
# json.Valid says yes to a number that neither Unmarshal into any nor Decoder.Token can read without UseNumber, and the error quotes
# the number. A value that passed Valid can fail later, and the error then shows it.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

func main() {
	const in = `[1234e999]`
	var out any
	err := json.Unmarshal([]byte(in), &out)
	fmt.Println("valid:", json.Valid([]byte(in)), "unmarshal:", err == nil, "quoted:", strings.Contains(fmt.Sprint(err), "1234e999"))
	for _, useNumber := range []bool{false, true} {
		decoder := json.NewDecoder(strings.NewReader(in))
		if useNumber {
			decoder.UseNumber()
		}
		decoder.Token()
		token, err := decoder.Token()
		fmt.Println("token:", token, "error:", err != nil)
	}
}
GO
go mod init probe 2>log
for version in go1.26.8 go1.27.4; do GOTOOLCHAIN=$version go run . 2>>log; done | diff - /dev/fd/3 3<<'SEEN'
valid: true unmarshal: false quoted: true
token: <nil> error: true
token: 1234e999 error: false
valid: true unmarshal: false quoted: true
token: <nil> error: true
token: 1234e999 error: false
SEEN
