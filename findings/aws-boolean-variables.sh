#!/usr/bin/env bash
# AWS SDK for Go v2 config v1.33.16, boto3 1.44.8 (also the AWS CLI v1), npm @aws-sdk/client-ssm 3.1000.0, seen 2026-11-28.
# AWS_USE_DUALSTACK_ENDPOINT, and the other booleans of the SDKs. "1" stops Go, and is false without a word for Python and
# JavaScript. "TRUE" is true for Go and Python, and false without a word for JavaScript.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	env, err := config.NewEnvConfig()
	if err != nil {
		fmt.Println("go", os.Getenv("AWS_USE_DUALSTACK_ENDPOINT"), "error")
		return
	}
	state, _, _ := env.GetUseDualStackEndpoint(context.Background())
	fmt.Println("go", os.Getenv("AWS_USE_DUALSTACK_ENDPOINT"), state == aws.DualStackEndpointStateEnabled)
}
GO
cat >read.py <<'PY'
import os, boto3

url = boto3.client("ssm", "us-west-2", aws_access_key_id="id", aws_secret_access_key="key").meta.endpoint_url
print("python", os.environ["AWS_USE_DUALSTACK_ENDPOINT"], str(url.endswith(".api.aws")).lower())
PY
cat >read.js <<'JS'
const { SSMClient } = require("@aws-sdk/client-ssm")
new SSMClient({ region: "us-west-2" }).config.useDualstackEndpoint().then(
  (on) => console.log("js", process.env.AWS_USE_DUALSTACK_ENDPOINT, on),
  () => console.log("js", process.env.AWS_USE_DUALSTACK_ENDPOINT, "error"))
JS
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/config@v1.33.16 && go build -o probe .; } 2>log || { cat log; exit 1; }
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check boto3==1.44.8
npm install --silent --no-audit --no-fund --prefix . @aws-sdk/client-ssm@3.1000.0
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
for value in true TRUE 1; do
  export AWS_USE_DUALSTACK_ENDPOINT=$value
  ./probe && venv/bin/python read.py && node read.js 2>>log
done | diff - /dev/fd/3 3<<'SEEN'
go true true
python true true
js true true
go TRUE true
python TRUE true
js TRUE false
go 1 error
python 1 false
js 1 false
SEEN
