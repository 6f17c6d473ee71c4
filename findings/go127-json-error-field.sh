#!/usr/bin/env bash
# Go 1.26.8 against Go 1.27.4 (encoding/json), seen 2026-11-28. The first run downloads both toolchains.
# json.UnmarshalTypeError.Field was made of names in the source code only. Since Go 1.27 it also has the keys of maps and the
# positions in lists, so the path, and the error's text, repeat what was in the input.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
)

func main() {
	var out map[string]struct {
		Limits []int `json:"limits"`
	}
	err := json.Unmarshal([]byte(`{"customer-4711": {"limits": [1, "x"]}}`), &out)
	var wrong *json.UnmarshalTypeError
	fmt.Println(runtime.Version(), errors.As(err, &wrong), wrong.Field)
}
GO
go mod init probe 2>log
for version in go1.26.8 go1.27.4; do GOTOOLCHAIN=$version go run . 2>>log; done | diff - /dev/fd/3 3<<'SEEN'
go1.26.8 true limits
go1.27.4 true customer-4711.limits.1
SEEN
