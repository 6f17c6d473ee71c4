#!/usr/bin/env bash
# policy-sentry 0.15.2, seen 2026-11-28.
# AWS classes kms:Decrypt as Write. A policy made for "read" access to a SecureString and to its key therefore cannot read the
# value: it has no kms:Decrypt. "write" access to the key brings it, together with PutKeyPolicy, ScheduleKeyDeletion and
# kms:CreateKey on "*".
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check policy-sentry==0.15.2
export HOME="$dir"
for access in read write; do
  printf 'mode: crud\nname: f\n%s: ["arn:aws:kms:us-west-2:111111111111:key/00000000-0000-4000-8000-000000000000"]\n' "$access" >template.yml
  venv/bin/policy_sentry write-policy --input-file template.yml >policy.json
  for action in kms:DescribeKey kms:Decrypt kms:PutKeyPolicy kms:ScheduleKeyDeletion kms:CreateKey; do
    if grep -q "\"$action\"" policy.json; then echo "$access: $action"; fi
  done
done | diff - /dev/fd/3 3<<'SEEN'
read: kms:DescribeKey
write: kms:Decrypt
write: kms:PutKeyPolicy
write: kms:ScheduleKeyDeletion
write: kms:CreateKey
SEEN
