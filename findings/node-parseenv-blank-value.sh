#!/usr/bin/env bash
# Node.js 20.20.2, 22.23.3 and 24.21.0 (npm package node), seen 2026-11-28.
# In a .env file, "A= " with a blank behind the equals sign: since Node 22, util.parseEnv and --env-file give A the whole next
# line, "B=1", and B does not exist. Node 20 reads A as empty and B as 1, and so do Node 22 and 24 without the blank, or with a
# comment behind it. There is no error.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
printf 'A= \nB=1\nC=2\n' >blank.env
printf 'A=\nB=1\nC=2\n' >none.env
printf 'A= # none\nB=1\nC=2\n' >comment.env
for version in 20.20.2 22.23.3 24.21.0; do
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
  for file in blank none comment; do
    "$version/node_modules/node/bin/node" -e '
      const read = require("util").parseEnv(require("fs").readFileSync(process.argv[1], "utf8"))
      console.log(process.argv[2], process.argv[1], JSON.stringify({ ...read }))' "$file.env" "$version"
  done
done | diff - /dev/fd/3 3<<'SEEN'
20.20.2 blank.env {"A":"","B":"1","C":"2"}
20.20.2 none.env {"A":"","B":"1","C":"2"}
20.20.2 comment.env {"A":"","B":"1","C":"2"}
22.23.3 blank.env {"A":"B=1","C":"2"}
22.23.3 none.env {"A":"","B":"1","C":"2"}
22.23.3 comment.env {"A":"","B":"1","C":"2"}
24.21.0 blank.env {"A":"B=1","C":"2"}
24.21.0 none.env {"A":"","B":"1","C":"2"}
24.21.0 comment.env {"A":"","B":"1","C":"2"}
SEEN
