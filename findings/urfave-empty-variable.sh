#!/usr/bin/env bash
# urfave/cli v2.27.7, seen 2026-11-28.
# A variable that exists and is empty (as `${{ vars.NOT_SET }}` is in a workflow), behind a flag's EnvVars: a StringFlag counts as set,
# satisfies Required, and hides the next variable of the list. An IntFlag counts as not set and keeps its default, yet the next variable
# is hidden as well. A BoolFlag whose default is true becomes false.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"
)

func main() {
	os.Setenv("NEW", "")
	os.Setenv("OLD", "7")
	both := []string{"NEW", "OLD"}
	app := &cli.App{
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "string", EnvVars: both, Value: "default", Required: true},
			&cli.IntFlag{Name: "int", EnvVars: both, Value: 1},
			&cli.BoolFlag{Name: "bool", EnvVars: []string{"NEW"}, Value: true},
		},
		Action: func(c *cli.Context) error {
			for _, name := range []string{"string", "int", "bool"} {
				fmt.Printf("%s: %#v, set: %v\n", name, c.Value(name), c.IsSet(name))
			}
			return nil
		},
	}
	if err := app.Run([]string{"probe"}); err != nil {
		panic(err)
	}
}
GO
{ go mod init probe && go get github.com/urfave/cli/v2@v2.27.7; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
string: "", set: true
int: 1, set: false
bool: false, set: true
SEEN
