#!/usr/bin/env bash
# npm lefthook 2.2.1, seen 2026-11-28.
# Installing the package is enough to change the repository: its postinstall script runs `lefthook install` in the repository that
# encloses the folder of package.json, however far up. Without a configuration it writes an example there, and a hook into
# .git/hooks. With CI=true it does neither.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
for name in "${!GIT_@}" "${!LEFTHOOK@}"; do unset "$name"; done
unset CI
export HOME="$dir/home" && mkdir home
for ci in '' true; do
  rm -rf repository && mkdir -p repository/apps/ui
  git init -q repository
  echo '{"name": "ui", "version": "1.0.0"}' >repository/apps/ui/package.json
  (cd repository/apps/ui && CI=$ci npm install --silent --no-audit --no-fund --cache "$dir/npm" lefthook@2.2.1 >>"$dir/log" 2>&1)
  echo "CI='$ci': $(cd repository && find . -path ./apps -prune -o -type f \( -path './.git/hooks/*' ! -name '*.sample' -o -name 'lefthook*' ! -path './.git/*' \) -print | sort | xargs)"
done | diff - /dev/fd/3 3<<'SEEN'
CI='': ./.git/hooks/prepare-commit-msg ./lefthook.yml
CI='true': 
SEEN
