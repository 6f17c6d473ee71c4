#!/usr/bin/env bash
# npm @cloud-copilot/iam-simulate 0.1.173, seen 2026-11-28.
# A policy that allows kms:Decrypt for one value of kms:EncryptionContext:app. The request has that value, and the answer is
# "ImplicitlyDenied": the simulator drops context keys of this prefix. The same policy with kms:ViaService, or with
# aws:PrincipalTag/app for a stand-in, is allowed.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
npm install --silent --no-audit --no-fund --prefix . @cloud-copilot/iam-simulate@0.1.173
cat >probe.mjs <<'JS'
import { runSimulation } from "@cloud-copilot/iam-simulate"

const account = "111111111111"
const key = `arn:aws:kms:us-west-2:${account}:key/00000000-0000-4000-8000-000000000000`
const policy = (...Statement) => ({ Version: "2012-10-17", Statement })
for (const name of ["kms:EncryptionContext:app", "kms:ViaService", "aws:PrincipalTag/app"]) {
  const result = await runSimulation({
    simulationMode: "Strict",
    request: { principal: `arn:aws:iam::${account}:role/f`, action: "kms:Decrypt", resource: { resource: key, accountId: account }, contextVariables: { [name]: "x" } },
    identityPolicies: [{ name: "function", policy: policy({ Effect: "Allow", Action: "kms:Decrypt", Resource: key, Condition: { StringEquals: { [name]: "x" } } }) }],
    resourcePolicy: policy({ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "kms:*", Resource: "*" }),
    serviceControlPolicies: [], resourceControlPolicies: [],
  }, {})
  console.log(`${name}: ${result.overallResult}`)
}
JS
node probe.mjs | diff - /dev/fd/3 3<<'SEEN'
kms:EncryptionContext:app: ImplicitlyDenied
kms:ViaService: Allowed
aws:PrincipalTag/app: Allowed
SEEN
