#!/usr/bin/env bash
# moto 5.2.5, boto3 1.44.8, seen 2026-11-29.
# The CreatedDate of a version is two things: GetSecretValue has when the version was put, and ListSecretVersionIds has the time of the
# call, for every version and anew each time. Code that orders or ages versions by the list sees them all as equally new.
# Output seen: get keeps its date True; list keeps its date False; list agrees with get False
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'moto[secretsmanager]==5.2.5' boto3==1.44.8
cat >probe.py <<'PY'
import time

import boto3
from moto import mock_aws

with mock_aws():
    sm = boto3.client("secretsmanager", "us-west-2", aws_access_key_id="id", aws_secret_access_key="key")
    sm.create_secret(Name="a", SecretString="x")
    got, listed = [], []
    for _ in range(2):
        time.sleep(2)
        got.append(sm.get_secret_value(SecretId="a")["CreatedDate"])
        listed.append(sm.list_secret_version_ids(SecretId="a")["Versions"][0]["CreatedDate"])
    print("get keeps its date", got[0] == got[1])
    print("list keeps its date", listed[0] == listed[1])
    print("list agrees with get", abs((listed[1] - got[1]).total_seconds()) < 1)
PY
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
venv/bin/python probe.py | diff - <(printf '%s\n' 'get keeps its date True' 'list keeps its date False' 'list agrees with get False')
