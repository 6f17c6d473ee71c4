#!/usr/bin/env bash
# godotenv v1.5.1, python-dotenv 1.2.1, npm dotenv 17.2.3, seen 2026-11-28.
# Five lines of .env that three readers read differently, without an error. Only npm dotenv starts a comment at a # inside an
# unquoted value, and takes backticks for quotes. In double quotes, \t is the letter t, a tab, or the two characters as they are.
# godotenv expands $1 in double quotes. Only python-dotenv takes \' in single quotes for a quote.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >secrets.env <<'ENV'
A=ab#cd
B="C:\temp"
C="pa$1word"
D='it\'s'
E=`f`
ENV
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/joho/godotenv"
)

func main() {
	values, err := godotenv.Read("secrets.env")
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		fmt.Println("go", name, values[name])
	}
}
GO
{ go mod init probe && go get github.com/joho/godotenv@v1.5.1; } 2>log || { cat log; exit 1; }
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check python-dotenv==1.2.1
npm install --silent --no-audit --no-fund --prefix . dotenv@17.2.3
{
  go run .
  venv/bin/python -c 'import dotenv
for name, value in dotenv.dotenv_values("secrets.env").items():
    print("python", name, value.replace("\t", "<TAB>"))'
  node -e 'const values = require("dotenv").parse(require("fs").readFileSync("secrets.env"))
    for (const name in values) console.log("js", name, values[name])'
} | sort -s -k2,2 | diff - /dev/fd/3 3<<'SEEN'
go A ab#cd
python A ab#cd
js A ab
go B C:temp
python B C:<TAB>emp
js B C:\temp
go C paword
python C pa$1word
js C pa$1word
go D it\'s
python D it's
js D it\'s
go E `f`
python E `f`
js E f
SEEN
