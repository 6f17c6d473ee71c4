#!/usr/bin/env bash
# vitest 3.2.4, npm 11.19.1, Node.js 20.20.2, seen 2026-11-28.
# A CommonJS package that npm installed from a folder (`npm install ./pkg` makes a link) is loaded twice in one test file:
# vitest transforms it for `import`, and Node loads it for `require`. So there are two copies of its state, and an error of one
# is no instance of the class of the other. The same package installed from its tarball is loaded once.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
mkdir pkg
cat >pkg/package.json <<'JSON'
{"name": "pkg", "version": "1.0.0", "type": "commonjs", "main": "index.cjs", "exports": {".": "./index.cjs", "./state": "./state.cjs"}}
JSON
echo 'class E extends Error {} module.exports = { E }' >pkg/index.cjs
echo 'const { E } = require("pkg"); module.exports.fail = () => { throw new E("x") }' >pkg/state.cjs
cat >one.test.mjs <<'JS'
import { test } from "vitest"
import { E } from "pkg"
import { fail } from "pkg/state"
test("one class", () => {
  try { fail() } catch (e) { console.log("SAME", e instanceof E) }
})
JS
tarball=$(npm pack --silent ./pkg)
for way in ./pkg "./$tarball"; do
  rm -rf node_modules package.json package-lock.json
  npm install --silent --no-audit --no-fund vitest@3.2.4 "$way"
  NO_COLOR=1 npx vitest run --reporter=verbose 2>&1 | grep -o 'SAME.*' | sed "s|^|$way |"
done | diff - /dev/fd/3 3<<'SEEN'
./pkg SAME false
./pkg-1.0.0.tgz SAME true
SEEN
