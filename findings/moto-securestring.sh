#!/usr/bin/env bash
# moto 5.2.5, boto3 1.44.8, seen 2026-11-28.
# Parameter Store returns a SecureString without decryption as the base64 of a KMS ciphertext, which kms:Decrypt and kms:ReEncrypt open
# with the context PARAMETER_ARN. moto returns "kms:KEY:" and the clear value there, although its KMS does encrypt: code that passes the
# ciphertext on cannot be tested with it.
# Output seen: kms:KEY:hunter2
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'moto[kms,ssm]==5.2.5' boto3==1.44.8
cat >probe.py <<'PY'
import boto3
from moto import mock_aws

with mock_aws():
    ssm, kms = (boto3.client(s, "us-west-2", aws_access_key_id="id", aws_secret_access_key="key") for s in ("ssm", "kms"))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    ssm.put_parameter(Name="/a", Value="hunter2", Type="SecureString", KeyId=key)
    print(ssm.get_parameter(Name="/a", WithDecryption=False)["Parameter"]["Value"].replace(key, "KEY"))
PY
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
venv/bin/python probe.py | diff - /dev/fd/3 3<<'SEEN'
kms:KEY:hunter2
SEEN
