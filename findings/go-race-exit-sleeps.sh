#!/usr/bin/env bash
# Go 1.26.8 with a C compiler on Linux, seen 2026-11-28.
# A program built with -race sleeps for one second before it ends with status 0, whether there was a race or not. With another
# status it does not. A test suite that starts a command 600 times waits ten minutes for that. GORACE=atexit_sleep_ms=0 takes
# it away.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOTOOLCHAIN=go1.26.8 CGO_ENABLED=1
unset GORACE
mkdir zero one
echo 'package main; func main() {}' >zero/main.go
echo 'package main; import "os"; func main() { os.Exit(1) }' >one/main.go
{ go mod init probe && go build -race -o bin/ ./...; } 2>log || { cat log; exit 1; }
sleeps() { # the quickest of three runs, so that a busy machine does not count
  for _ in 1 2 3; do
    local start=${EPOCHREALTIME/./}
    "$@" || true
    echo $((${EPOCHREALTIME/./} - start))
  done | sort -n | awk 'NR == 1 {print ($1 >= 1000000) ? "yes" : "no"}'
}
{
  echo "status 0: $(sleeps bin/zero)"
  echo "status 1: $(sleeps bin/one)"
  export GORACE=atexit_sleep_ms=0
  echo "status 0, atexit_sleep_ms=0: $(sleeps bin/zero)"
} | diff - /dev/fd/3 3<<'SEEN'
status 0: yes
status 1: no
status 0, atexit_sleep_ms=0: no
SEEN
