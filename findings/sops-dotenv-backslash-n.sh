#!/usr/bin/env bash
# sops v3.13.3 with an age key (age-keygen v1.3.1), seen 2026-11-28.
# As dotenv, sops writes a newline as \n, and a backslash as it is: a value of two lines and one with a backslash and an n come out
# as the same text. Read from dotenv, both are two lines: C:\new is one no more for exec-env and in JSON, while dotenv to dotenv has
# the same bytes. No other escape is syntax for it, and the quotes around a value are a part of the value.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
GOBIN=$dir go install github.com/getsops/sops/v3/cmd/sops@v3.13.3 2>log || { cat log; exit 1; }
GOBIN=$dir go install filippo.io/age/cmd/age-keygen@v1.3.1 2>log || { cat log; exit 1; }
./age-keygen -o age.txt 2>log
SOPS_AGE_RECIPIENTS=$(./age-keygen -y age.txt)
export SOPS_AGE_KEY_FILE=$dir/age.txt SOPS_AGE_RECIPIENTS
printf '%s\n' '{"LINES": "C:\new", "FOLDER": "C:\\new"}' >plain.json
printf '%s\n' 'FOLDER=C:\new' 'TAB=a\tb' 'NAME="a b"' >plain.env
./sops encrypt plain.json >sealed.json
./sops encrypt plain.env >sealed.env
{
  echo 'JSON as dotenv:'
  ./sops decrypt --output-type dotenv sealed.json
  ./sops decrypt sealed.env | cmp - plain.env && echo 'dotenv as dotenv: the same bytes'
  echo "dotenv as JSON: $(./sops decrypt --output-type json sealed.env | tr -d '\n\t')"
  # shellcheck disable=SC2016 # the inner shell expands it
  echo "dotenv in exec-env: $(./sops exec-env sealed.env 'printf "%s %s" "$FOLDER" "$NAME"' | tr '\n' '|')"
} | diff - /dev/fd/3 3<<'SEEN'
JSON as dotenv:
LINES=C:\new
FOLDER=C:\new
dotenv as dotenv: the same bytes
dotenv as JSON: {"FOLDER": "C:\new","TAB": "a\\tb","NAME": "\"a b\""}
dotenv in exec-env: C:|ew "a b"
SEEN
