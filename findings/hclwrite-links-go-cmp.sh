#!/usr/bin/env bash
# hcl v2.25.0 with Go 1.26, seen 2026-11-28.
# Package hclwrite compares nodes with github.com/google/go-cmp, whose documentation says that it is for tests only and
# may panic. Every program that formats HCL links it, and pays for its initialization. A check of licenses or
# dependencies finds it in a release.
# Output seen: the block at the end, with the bytes rounded down to hundreds of kilobytes.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"os"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

func main() { os.Stdout.Write(hclwrite.Format([]byte("a=1\n"))) }
GO
{ go mod init probe && go get github.com/hashicorp/hcl/v2@v2.25.0 && go build -o probe .; } >log 2>&1 || { cat log; exit 1; }
{
  ./probe
  go version -m probe | awk '$2 == "github.com/google/go-cmp" {print "linked:", $2}'
  GODEBUG=inittrace=1 ./probe 2>&1 >/dev/null |
    sed -n 's/^init github.com\/google\/go-cmp\/cmp .* \([0-9]*\) bytes, .*/\1/p' | awk '{printf "init: %.1f MB\n", int($1 / 100000) / 10}'
} >seen
diff seen - <<'END'
a = 1
linked: github.com/google/go-cmp
init: 0.1 MB
END
