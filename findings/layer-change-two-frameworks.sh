#!/usr/bin/env bash
# aws-sam-translator 1.115.0, npm aws-cdk-lib 2.276.0, seen 2026-11-28.
# A function whose only change is its layer. With AutoPublishAlias, SAM makes the same version resource as before, so the alias
# stays on the version with the old layer; AutoPublishAliasAllProperties makes a new one. The currentVersion of CDK does the
# same with a LayerVersion of the app, unless the feature flag recognizeLayerVersion is set, which `cdk init` writes into new
# apps only. With a layer by its ARN, CDK makes a new version without the flag.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check aws-sam-translator==1.115.0 boto3==1.44.8
npm install --silent --no-audit --no-fund --prefix . aws-cdk-lib@2.276.0 constructs@10.7.0
cat >sam.py <<'PY'
from samtranslator.translator.transform import transform

class NoManagedPolicies:
    def load(self):
        return {}

def version(layer, **more):
    properties = {"Runtime": "python3.12", "Handler": "a.b", "CodeUri": "s3://bucket/key", "AutoPublishAlias": "live",
                  "Layers": ["arn:aws:lambda:us-west-2:111111111111:layer:secrets:%d" % layer], **more}
    out = transform({"Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": properties}}}, {}, NoManagedPolicies())
    return [name for name, resource in out["Resources"].items() if resource["Type"] == "AWS::Lambda::Version"]

for more in {}, {"AutoPublishAliasAllProperties": True}:
    print("sam", *more, "same version:", version(1, **more) == version(2, **more))
PY
cat >cdk.js <<'JS'
const cdk = require("aws-cdk-lib"), lambda = require("aws-cdk-lib/aws-lambda"), fs = require("fs")
const { Template } = require("aws-cdk-lib/assertions")
function version(context, layer) {
  const stack = new cdk.Stack(new cdk.App({ context }), "S")
  new lambda.Function(stack, "F", { runtime: lambda.Runtime.NODEJS_22_X, handler: "index.h", code: lambda.Code.fromInline("x"), layers: [layer(stack)] }).currentVersion
  return Object.keys(Template.fromStack(stack).findResources("AWS::Lambda::Version")).join()
}
for (const n of [1, 2]) { fs.mkdirSync(`layer${n}`); fs.writeFileSync(`layer${n}/a`, `${n}`) }
const own = (n) => (stack) => new lambda.LayerVersion(stack, "L", { code: lambda.Code.fromAsset(`layer${n}`) })
const arn = (n) => (stack) => lambda.LayerVersion.fromLayerVersionArn(stack, "L", `arn:aws:lambda:us-west-2:111111111111:layer:secrets:${n}`)
const flag = { "@aws-cdk/aws-lambda:recognizeLayerVersion": true }
console.log("cdk own layer same version:", version({}, own(1)) === version({}, own(2)))
console.log("cdk own layer, flag, same version:", version(flag, own(1)) === version(flag, own(2)))
console.log("cdk layer by ARN same version:", version({}, arn(1)) === version({}, arn(2)))
JS
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_DEFAULT_REGION=us-west-2 AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none" POWERTOOLS_METRICS_DISABLED=true
{ venv/bin/python sam.py 2>log && node cdk.js; } | diff - /dev/fd/3 3<<'SEEN'
sam same version: True
sam AutoPublishAliasAllProperties same version: False
cdk own layer same version: true
cdk own layer, flag, same version: false
cdk layer by ARN same version: false
SEEN
