#!/usr/bin/env bash
# moto 5.2.5, boto3 1.44.8, seen 2026-11-28.
# GetParameters of "/a:1" and "/a:2": Parameter Store says which is which in Selector. moto leaves Selector out, so two replies named /a
# can only be told apart by Version. Its order comes from a Python set and differs between processes:
# a test that pairs replies with requests by position passes or fails by chance.
# Output seen: selectors [None, None]; orders seen: more than 1
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'moto[ssm]==5.2.5' boto3==1.44.8
cat >probe.py <<'PY'
import sys
import boto3
from moto import mock_aws

with mock_aws():
    ssm = boto3.client("ssm", "us-west-2", aws_access_key_id="id", aws_secret_access_key="key")
    for value in "one", "two":
        ssm.put_parameter(Name="/a", Value=value, Type="String", Overwrite=True)
    for name in "/b", "/c", "/d", "/e":
        ssm.put_parameter(Name=name, Value="x", Type="String")
    if sys.argv[1] == "selectors":
        print("selectors", [p.get("Selector") for p in ssm.get_parameters(Names=["/a:1", "/a:2"])["Parameters"]])
    else:
        print([p["Name"] for p in ssm.get_parameters(Names=["/b", "/c", "/d", "/e"])["Parameters"]])
PY
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
venv/bin/python probe.py selectors | diff - <(echo 'selectors [None, None]')
orders=$(for seed in 1 2 3 4; do PYTHONHASHSEED=$seed venv/bin/python probe.py order; done | sort -u | wc -l)
[ "$orders" -gt 1 ] || { echo "all four processes gave one order"; exit 1; }
