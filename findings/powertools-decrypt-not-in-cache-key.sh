#!/usr/bin/env bash
# PyPI aws-lambda-powertools 3.37.0, npm @aws-lambda-powertools/parameters 2.35.0 with client-ssm 3.1000.0, seen 2026-11-28.
# The cache of SSMProvider.get knows name and transform, and not decrypt. Within five seconds of a get without decrypt, a get
# with decrypt returns the same undecrypted value, without a call and without an error. With the transform "json" as well, the
# second one is a call of its own.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"; kill "$server" 2>/dev/null || true' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check aws-lambda-powertools==3.37.0 boto3==1.44.8
npm install --silent --no-audit --no-fund --prefix . @aws-lambda-powertools/parameters@2.35.0 @aws-sdk/client-ssm@3.1000.0
# A parameter that is `"clear"` with WithDecryption and `sealed` without, on a port of its own.
cat >server.js <<'JS'
require("http").createServer((request, response) => {
  let body = ""
  request.on("data", (data) => (body += data)).on("end", () => {
    const { Name, WithDecryption } = JSON.parse(body)
    response.setHeader("Content-Type", "application/x-amz-json-1.1")
    response.end(JSON.stringify({ Parameter: { Name, Type: "SecureString", Value: WithDecryption ? '"clear"' : "sealed" } }))
  })
}).listen(0, "127.0.0.1", function () { require("fs").writeFileSync("port.new", `${this.address().port}`); require("fs").renameSync("port.new", "port") })
JS
node server.js & server=$!
for _ in $(seq 100); do [ -f port ] && break; sleep 0.1; done
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2 AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=key AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
AWS_ENDPOINT_URL_SSM="http://127.0.0.1:$(cat port)" && export AWS_ENDPOINT_URL_SSM
{
  venv/bin/python -c 'if True:
    from aws_lambda_powertools.utilities.parameters import SSMProvider
    ssm = SSMProvider()
    print("python", ssm.get("/a", decrypt=False), ssm.get("/a", decrypt=True), ssm.get("/a", decrypt=True, transform="json"))'
  node -e '
    const { SSMProvider } = require("@aws-lambda-powertools/parameters/ssm")
    const ssm = new SSMProvider()
    ;(async () => console.log("js", await ssm.get("/a", { decrypt: false }), await ssm.get("/a", { decrypt: true }), await ssm.get("/a", { decrypt: true, transform: "json" })))()' 2>log
} | diff - /dev/fd/3 3<<'SEEN'
python sealed sealed clear
js sealed sealed clear
SEEN
