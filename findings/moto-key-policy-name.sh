#!/usr/bin/env bash
# moto 5.2.5, boto3 1.44.8, seen 2026-11-28.
# PolicyName is optional in GetKeyPolicy and PutKeyPolicy, and means "default" where it is left out. moto answers
# NotFoundException without it, "No such policy exists", while ListKeyPolicies says that "default" exists.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'moto[kms]==5.2.5' boto3==1.44.8
cat >probe.py <<'PY'
import boto3
from moto import mock_aws

with mock_aws():
    kms = boto3.client("kms", "us-west-2", aws_access_key_id="id", aws_secret_access_key="key")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    print("required:", kms.meta.service_model.operation_model("GetKeyPolicy").input_shape.required_members)
    print("policies:", kms.list_key_policies(KeyId=key)["PolicyNames"])
    for call, more in (kms.get_key_policy, {}), (kms.put_key_policy, {"Policy": policy}):
        try:
            call(KeyId=key, **more)
            print(call.__name__, "ok")
        except kms.exceptions.NotFoundException:
            print(call.__name__, "NotFoundException")
PY
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
venv/bin/python probe.py | diff - /dev/fd/3 3<<'SEEN'
required: ['KeyId']
policies: ['default']
get_key_policy NotFoundException
put_key_policy NotFoundException
SEEN
