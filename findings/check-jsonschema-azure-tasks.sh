#!/usr/bin/env bash
# check-jsonschema 0.39.0, also the pre-commit hook check-azure-pipelines, seen 2026-11-28.
# The schema of Azure Pipelines lists the tasks of Microsoft. A step with a task of an extension, a company's own or one from the
# Marketplace, is an error, with thousands of others, though the pipeline is valid for a server that has the extension.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check check-jsonschema==0.39.0
for task in GoTool@0 CompanyTask@1; do
  printf 'steps:\n  - task: %s\n' "$task" >azure-pipelines.yml
  status=0
  venv/bin/check-jsonschema --builtin-schema vendor.azure-pipelines azure-pipelines.yml >out 2>&1 || status=$?
  echo "$task: status $status, thousands of errors: $(grep -cE '^ *[0-9]{4,} other errors' out || true)"
done | diff - /dev/fd/3 3<<'SEEN'
GoTool@0: status 0, thousands of errors: 0
CompanyTask@1: status 1, thousands of errors: 1
SEEN
