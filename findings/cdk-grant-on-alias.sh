#!/usr/bin/env bash
# npm aws-cdk-lib 2.276.0, seen 2026-11-28.
# grantDecrypt on a key that was named by its alias (Alias.fromAliasName) adds nothing to the role: no statement, no warning, no
# error. Only the returned grant says success: false. By the key's ARN, and with the feature flag
# applyImportedAliasPermissionsToPrincipal, there is a statement. `cdk init` sets the flag in new apps only.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
npm install --silent --no-audit --no-fund --prefix . aws-cdk-lib@2.276.0 constructs@10.7.0
cat >probe.js <<'JS'
const cdk = require("aws-cdk-lib"), kms = require("aws-cdk-lib/aws-kms"), iam = require("aws-cdk-lib/aws-iam")
const { Annotations, Match, Template } = require("aws-cdk-lib/assertions")
function show(title, context, key) {
  const stack = new cdk.Stack(new cdk.App({ context }), "S")
  const role = new iam.Role(stack, "R", { assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") })
  const { success } = key(stack).grantDecrypt(role)
  const statements = Object.values(Template.fromStack(stack).findResources("AWS::IAM::Policy")).flatMap((p) => p.Properties.PolicyDocument.Statement)
  const messages = ["findWarning", "findError"].flatMap((find) => Annotations.fromStack(stack)[find]("*", Match.anyValue()))
  console.log(`${title}: success ${success}, ${statements.length} statements, ${messages.length} messages`)
}
const byAlias = (stack) => kms.Alias.fromAliasName(stack, "K", "alias/app")
show("alias", {}, byAlias)
show("alias, flag", { "@aws-cdk/aws-kms:applyImportedAliasPermissionsToPrincipal": true }, byAlias)
show("ARN", {}, (stack) => kms.Key.fromKeyArn(stack, "K", "arn:aws:kms:us-west-2:111111111111:key/00000000-0000-4000-8000-000000000000"))
JS
node probe.js | diff - /dev/fd/3 3<<'SEEN'
alias: success false, 0 statements, 0 messages
alias, flag: success true, 1 statements, 0 messages
ARN: success true, 1 statements, 0 messages
SEEN
