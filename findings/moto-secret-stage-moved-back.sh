#!/usr/bin/env bash
# moto 5.2.5, boto3 1.44.8, seen 2026-11-29.
# After UpdateSecretVersionStage moved AWSCURRENT back to the older version, GetSecretValue without a stage returns the newest version,
# although that is at AWSPREVIOUS. With VersionStage="AWSCURRENT", which is the default by the API's reference, it returns the older one.
# A test of a way back passes or fails by how the code under test asks.
# Output seen: default new ['AWSPREVIOUS']; named old ['AWSCURRENT']
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'moto[secretsmanager]==5.2.5' boto3==1.44.8
cat >probe.py <<'PY'
import boto3
from moto import mock_aws

with mock_aws():
    sm = boto3.client("secretsmanager", "us-west-2", aws_access_key_id="id", aws_secret_access_key="key")
    old = sm.create_secret(Name="a", SecretString="old")["VersionId"]
    new = sm.put_secret_value(SecretId="a", SecretString="new")["VersionId"]
    sm.update_secret_version_stage(SecretId="a", VersionStage="AWSCURRENT", MoveToVersionId=old, RemoveFromVersionId=new)
    for how, stage in ("default", {}), ("named", {"VersionStage": "AWSCURRENT"}):
        got = sm.get_secret_value(SecretId="a", **stage)
        print(how, got["SecretString"], got["VersionStages"])
PY
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
venv/bin/python probe.py | diff - <(printf '%s\n' "default new ['AWSPREVIOUS']" "named old ['AWSCURRENT']")
