#!/usr/bin/env bash
# The walk of docs/local.md with the AWS CLI: nothing in it knows that the AWS is an embedded one.
set -euo pipefail
name=/local/walk/password alias=alias/local-walk
blob=$(mktemp)
trap 'rm -f "$blob"' EXIT

key=$(aws kms create-key --description "of the walk" --query KeyMetadata.Arn --output text)
aws kms create-alias --alias-name "$alias" --target-key-id "$key"
echo "put version $(aws ssm put-parameter --name "$name" --type SecureString --key-id "$alias" --value not-a-real-password --query Version)"

echo "listed $(aws ssm get-parameters-by-path --path /local/walk --recursive --query 'Parameters[].Name' --output text)"

echo "decrypted $(aws ssm get-parameter --name "$name" --with-decryption --query Parameter.Value --output text)"

# Without decryption it is a KMS ciphertext, under the key and the parameter's ARN.
read -r value arn <<<"$(aws ssm get-parameter --name "$name" --query 'Parameter.[Value, ARN]' --output text)"
base64 -d <<<"$value" >"$blob"
echo "opened $(aws kms decrypt --ciphertext-blob "fileb://$blob" --key-id "$key" --encryption-context "PARAMETER_ARN=$arn" \
  --query Plaintext --output text | base64 -d)"
refusal=$(aws kms decrypt --ciphertext-blob "fileb://$blob" --key-id "$key" 2>&1 || true)
echo "refused $(grep -o 'InvalidCiphertextException' <<<"$refusal" | head -1)"

aws ssm delete-parameter --name "$name"
aws kms delete-alias --alias-name "$alias"
aws kms schedule-key-deletion --key-id "$key" --pending-window-in-days 7 >/dev/null
echo deleted
