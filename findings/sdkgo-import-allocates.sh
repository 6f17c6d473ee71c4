#!/usr/bin/env bash
# aws-sdk-go-v2 service/ssm v1.82.0 and service/kms v1.62.5 with Go 1.26, seen 2026-11-28.
# Importing a service's client costs memory before main begins, whether it is used or not: the package "schemas" of the
# service builds the shapes of all its operations when it is initialized. An empty main that imports ssm allocates more
# than a megabyte that way, kms a third of one. A program with three clients can meet its first garbage collection, at
# 4 MB, before main.
# Output seen: the block at the end, with the bytes rounded down to hundreds of kilobytes.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	_ "github.com/aws/aws-sdk-go-v2/service/kms"
	_ "github.com/aws/aws-sdk-go-v2/service/ssm"
)

func main() {}
GO
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2/service/ssm@v1.82.0 github.com/aws/aws-sdk-go-v2/service/kms@v1.62.5 && go build -o probe .; } >log 2>&1 || { cat log; exit 1; }
GODEBUG=inittrace=1 ./probe 2>&1 |
  sed -n 's/^init github.com\/aws\/aws-sdk-go-v2\/service\/\([a-z]*\)\/schemas .* \([0-9]*\) bytes, .*/\1 \2/p' |
  awk '{printf "%s %.1f MB\n", $1, int($2 / 100000) / 10}' | sort >seen
diff seen - <<'END'
kms 0.3 MB
ssm 1.4 MB
END
