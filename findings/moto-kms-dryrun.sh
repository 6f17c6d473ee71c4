#!/usr/bin/env bash
# moto 5.2.5, boto3 1.44.8, seen 2026-11-28.
# KMS answers a permitted call with DryRun=True by the error DryRunOperationException, and does nothing. moto ignores DryRun: the same call
# succeeds and returns the data. Code that expects the error for "allowed" never gets it from moto.
# Output seen: encrypt: 200; decrypt: 200, b'x'
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'moto[kms]==5.2.5' boto3==1.44.8
cat >probe.py <<'PY'
import boto3
from moto import mock_aws

with mock_aws():
    kms = boto3.client("kms", "us-west-2", aws_access_key_id="id", aws_secret_access_key="key")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x", DryRun=True)
    opened = kms.decrypt(KeyId=key, CiphertextBlob=sealed["CiphertextBlob"], DryRun=True)
    print("encrypt: %d; decrypt: %d, %r" % (sealed["ResponseMetadata"]["HTTPStatusCode"], opened["ResponseMetadata"]["HTTPStatusCode"], opened["Plaintext"]))
PY
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
venv/bin/python probe.py | diff - /dev/fd/3 3<<'SEEN'
encrypt: 200; decrypt: 200, b'x'
SEEN
