#!/usr/bin/env bash
# pre-commit 4.7.0 (PyPI) with Go on PATH, seen 2026-11-28.
# A hook with "language: golang" is built with `go install ./...`: every main package of the hook's repository, also those below
# internal and examples, into the folder that comes first on PATH of the hook. An example named sort is the sort of every script
# that the hook runs. Of two programs of one name, one is installed, without an error, and not always the same one. A folder with a
# go.mod of its own is left out.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
for name in "${!GIT_@}" "${!PRE_COMMIT@}"; do unset "$name"; done
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check pre-commit==4.7.0
export HOME=$dir/home GOCACHE=$dir/cache GIT_CONFIG_NOSYSTEM=1 && mkdir home
git config --global user.name probe && git config --global user.email probe@example.com
say() { mkdir -p "$1" && printf 'package main\n\nfunc main() { println("%s") }\n' "$1" >"$1/main.go"; }
mkdir hooks && cd hooks && git init -q
printf 'module example.com/hooks\n\ngo 1.24\n' >go.mod
say cmd/check
say examples/sort
say internal/check
say internal/gen
say apart && printf 'module example.com/apart\n\ngo 1.24\n' >apart/go.mod
cat >.pre-commit-hooks.yaml <<'YAML'
- {id: where, name: where, language: golang, entry: sh -c 'ls "$(dirname "$(command -v sort)")"; sort', pass_filenames: false, verbose: true}
YAML
git add . && git commit -qm hooks && cd ..
mkdir project && cd project && git init -q
printf 'repos: [{repo: ../hooks, rev: %s, hooks: [{id: where}]}]\n' "$(git -C ../hooks rev-parse HEAD)" >.pre-commit-config.yaml
git add . && git commit -qm project
../venv/bin/pre-commit run --all-files >../log 2>&1 || { cat ../log; exit 1; }
grep -vE '^\[INFO\]|^where|^- |^$' ../log | diff - /dev/fd/3 3<<'SEEN'
check
gen
sort
examples/sort
SEEN
