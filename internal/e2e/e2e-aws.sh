#!/usr/bin/env bash
# The whole story of bundle against the AWS account that the credentials at hand name, and a check of what AWS does where our
# documentation infers it. docs/e2e.md says what it makes, what it costs and which rights it takes.
#
# It needs bash, Go (or BUNDLE_E2E_BUNDLE, a built bundle), the AWS CLI (1 or 2), unzip and coreutils.
#
#   BUNDLE_E2E_YES=1     do not ask
#   BUNDLE_E2E_PARTS     some of: pack versions publish blind facts parameters keys limits functions rights grants sessions policies secrets (default: all)
#   BUNDLE_E2E_ROLE      the ARN of the role of docs/e2e.md; without it, what takes such a role is left out
#   BUNDLE_E2E_FUNCTION_ROLE   the ARN of a role that Lambda may take on; without it, what takes such a role is left out
#   BUNDLE_E2E_SHARED_KEY      the ARN of the key of docs/e2e.md that is shared with another account, and
#   BUNDLE_E2E_SHARED_ROLE     the ARN of a role there that may use it; without them, what takes such a key is left out
#
# Exit codes: 0 all well; 1 bundle did not do what it should; 2 nothing was begun; 3 AWS differs from what is inferred.
set -euo pipefail

all_parts="pack versions publish blind facts parameters keys limits functions rights grants sessions policies secrets"
parts=" ${BUNDLE_E2E_PARTS:-$all_parts} "
role=${BUNDLE_E2E_ROLE:-} function_role=${BUNDLE_E2E_FUNCTION_ROLE:-}
shared_key=${BUNDLE_E2E_SHARED_KEY:-} shared_role=${BUNDLE_E2E_SHARED_ROLE:-}
[ -n "$shared_role" ] || shared_key=""
root=$(cd "$(dirname "$0")/../.." && pwd)
export AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off

step() { printf '\n== %s\n' "$*"; }
ok() { echo "ok: $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
refuse() { echo "e2e-aws: $*" >&2; exit 2; }
part() { case $parts in *" $1 "*) ;; *) return 1 ;; esac; }
sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1; }
random() { od -An -N4 -tx1 /dev/urandom | tr -d ' \n'; }

# --- where we are ---

for p in $parts; do case " $all_parts " in *" $p "*) ;; *) refuse "there is no part \"$p\"" ;; esac; done
for program in aws unzip od base64; do command -v "$program" >/dev/null || refuse "$program is needed"; done
endpoint=${AWS_ENDPOINT_URL:-}
case $endpoint in
"" | http://127.0.0.1:* | http://localhost:* | http://\[::1\]:*) ;;
*) refuse "AWS_ENDPOINT_URL names neither AWS nor this machine" ;;
esac
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
[ -n "$region" ] || refuse "no region: set AWS_REGION"
export AWS_REGION=$region AWS_DEFAULT_REGION=$region
caller=$(aws sts get-caller-identity --query '[Account, Arn]' --output text) || refuse "AWS does not say who we are"
account=${caller%%$'\t'*} arn=${caller#*$'\t'}
partition=$(echo "$arn" | cut -d: -f2)
run=$(random)
name=bundle-e2e-$run

cat <<TEXT
account  $account
region   $region
caller   $arn
endpoint ${endpoint:-AWS}
parts   $parts
names    begin with $name

This makes up to 9 KMS keys with 56 aliases, 5 grants, 44 parameters (10 of them of the advanced tier), seven layer versions and two functions, and 9 secrets of
Secrets Manager, one with a replica, all with made-up values; and removes them, the keys after the least wait that KMS allows, 7 days, which costs nothing. It comes to a few cents.
TEXT
if [ "${BUNDLE_E2E_YES:-}" != 1 ]; then
  read -r -p "Go on in account $account? Type yes: " answer || true
  [ "${answer:-}" = yes ] || refuse "nothing was made"
fi

# --- clean-up, whatever happens ---

dir=$(mktemp -d)
keys=() aliases=() parameters=() functions=() secrets=() stack= signing= replicated=
clean() {
  status=$?
  trap '' INT TERM
  trap - EXIT
  step "clean up"
  left=0
  remove() { aws "$@" >"$dir/out" 2>"$dir/error" || grep -q 'NotFound' "$dir/error" || { left=1; echo "LEFT BEHIND by aws $*: $(tail -1 "$dir/error")" >&2; }; }
  layers=()
  if part publish; then layers+=("$name"); fi
  if [ ${#functions[@]} -gt 0 ]; then layers+=("$name-used"); fi
  for layer in ${layers[@]+"${layers[@]}"}; do
    remove lambda list-layer-versions --layer-name "$layer" --query 'LayerVersions[].[Version]' --output text
    for version in $(grep -E '^[0-9]+$' "$dir/out" || true); do remove lambda delete-layer-version --layer-name "$layer" --version-number "$version"; done
  done
  if [ -n "$stack" ]; then # its key is kept, with its alias
    if kept=$(aws kms describe-key --key-id "$(alias_of stack-packed)" --query KeyMetadata.Arn --output text 2>"$dir/error"); then
      keys+=("$(alias_of stack-packed)" "$kept")
    fi
    remove cloudformation delete-stack --stack-name "$stack"
    remove cloudformation wait stack-delete-complete --stack-name "$stack"
  fi
  for function in ${functions[@]+"${functions[@]}"}; do remove lambda delete-function --function-name "$function"; done
  [ -z "$signing" ] || remove lambda delete-code-signing-config --code-signing-config-arn "$signing"
  for ((i = 0; i < ${#parameters[@]}; i += 10)); do remove ssm delete-parameters --names "${parameters[@]:i:10}"; done
  [ -z "$replicated" ] || remove secretsmanager remove-regions-from-replication --secret-id "$replicated" --remove-replica-regions "$elsewhere"
  for secret in ${secrets[@]+"${secrets[@]}"}; do remove secretsmanager delete-secret --secret-id "$secret" --force-delete-without-recovery; done
  for alias in ${aliases[@]+"${aliases[@]}"}; do remove kms delete-alias --alias-name "$alias"; done
  for ((i = 0; i < ${#keys[@]}; i += 2)); do
    remove kms delete-alias --alias-name "${keys[i]}"
    remove kms schedule-key-deletion --key-id "${keys[i + 1]##*/}" --pending-window-in-days 7
  done
  rm -rf "$dir"
  [ $left = 0 ] && ok "nothing is left but keys that wait for their deletion"
  [ $status != 0 ] || status=$left
  exit "$status"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -n "${BUNDLE_E2E_BUNDLE:-}" ]; then program=$BUNDLE_E2E_BUNDLE; else
  program=$dir/bundle
  (cd "$root" && go build -o "$program" ./cmd/bundle)
fi

# bundle COMMAND …: where the target is a local one, bundle takes its address as a flag only.
bundle() {
  local command=$1
  shift
  if [ -z "$endpoint" ]; then "$program" "$command" "$@"; else
    env -u AWS_ENDPOINT_URL "$program" "$command" --endpoint-url "$endpoint" "$@"
  fi
}
# exits CODE COMMAND …: the command ends with that code; its results are in $dir/out, what else it says in $dir/err.
exits() {
  local want=$1 got=0
  shift
  "$@" >"$dir/out" 2>"$dir/err" || got=$?
  [ $got = "$want" ] || { cat "$dir/err" >&2; fail "exit code $got, not $want: $*"; }
}
has() { grep -qE -- "$1" "$dir/out" || fail "the result has no $1"; }
hasnot() { ! grep -qE -- "$1" "$dir/out" || fail "the result has $1"; }
decrypting='GetParameter[A-Za-z]*\(decrypt\)|kms:(Decrypt|Encrypt|ReEncrypt|GenerateDataKey)'

# --- keys, parameters, manifests ---

parameter() { echo "arn:$partition:ssm:$region:$account:parameter/$name/$1"; }
alias_of() { echo "alias/$name-$1"; }
key_of() { local i; for ((i = 0; i < ${#keys[@]}; i += 2)); do [ "${keys[i]}" != "$(alias_of "$1")" ] || echo "${keys[i + 1]}"; done; }
# The policy of every key: what is the default, one denial of each side of ReEncrypt, for one encryption context, and one of Decrypt, for one parameter.
key_policy() {
  local side
  echo '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:'"$partition:iam::$account"':root"}, "Action": "kms:*", "Resource": "*"}'
  for side in From To; do
    echo ', {"Effect": "Deny", "Principal": "*", "Action": "kms:ReEncrypt'$side'", "Resource": "*", "Condition": {"StringEquals": {"kms:EncryptionContext:deny": "'$side'"}}}'
  done
  echo ', {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": "'"$(parameter refused)"'"}}}'
  # Under the first, only a document opens whose digest is "kept"; the second exempts the role.
  local only='"StringNotEquals": {"kms:EncryptionContext:bundle:document": ["kept", "also-kept"]'
  echo ', {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"kms:EncryptionContext:revoked": "all"}, '"$only"'}}}'
  echo ', {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"kms:EncryptionContext:revoked": "some"}, '"$only"', "aws:PrincipalArn": "'"${role:-arn:$partition:iam::$account:role/none}"'"}}}'
  echo ']}'
}
new_key() {
  local key
  key=$(aws kms create-key --description "$name $1, made by a test" --key-usage ENCRYPT_DECRYPT --policy "$(key_policy)" --query KeyMetadata.Arn --output text)
  keys+=("$(alias_of "$1")" "$key")
  aws kms create-alias --alias-name "$(alias_of "$1")" --target-key-id "$key"
}
# appears WHAT COMMAND …: waits until the command succeeds, as it takes AWS a moment to see changes everywhere.
appears() {
  for _ in $(seq 60); do if "${@:2}" >/dev/null 2>&1; then return; fi; sleep 1; done
  fail "$1 does not happen"
}
# settles PATTERN COMMAND …: what the command prints, once it is as the pattern says, or after five minutes. A local target knows at once.
settles() {
  local found tries=300
  [ -z "$endpoint" ] || tries=1
  while found=$("${@:2}"); tries=$((tries - 1)); [ $tries -gt 0 ] && ! grep -qE -- "$1" <<<"$found"; do sleep 1; done
  echo "$found"
}
put() { # NAME TYPE VALUE …
  case " ${parameters[*]-} " in *" /$name/$1 "*) ;; *) parameters+=("/$name/$1") ;; esac
  aws ssm put-parameter --name "/$name/$1" --type "$2" --value "$3" "${@:4}" >/dev/null
}
fake() { echo "not-a-real-$1-$(random)"; }

step "keys and parameters"
for key in packed blind store broken; do new_key "$key"; done
appears "the last alias" aws kms describe-key --key-id "$(alias_of broken)"
store=$(alias_of store)
plain=$(fake plain) list=$(fake one),$(fake two) managed=$(fake managed) own=$(fake own) field=$(fake field) pinned=$(fake pinned) tree=$(fake tree)
bytes=$(fake bytes | base64)
fake any >"$dir/any.bin"
large=$(printf 'not-a-real-value-%.0s' $(seq 480)) # 8,160 bytes
put plain String "$plain"
put list StringList "$list"
put managed SecureString "$managed"
put own SecureString "$own" --key-id "$store"
put large SecureString "$large" --key-id "$store" --tier Advanced
put json SecureString "{\"live\": {\"key\": \"$field\"}, \"test\": {\"key\": \"unused\"}}" --key-id "$store"
put bytes SecureString "$bytes" --key-id "$store"
put pinned SecureString "$pinned" --key-id "$store"
aws ssm label-parameter-version --name "/$name/pinned" --parameter-version 1 --labels stable >/dev/null
put pinned SecureString "$(fake newer)" --key-id "$store" --overwrite
put tree/smtp/password SecureString "$tree" --key-id "$store"
put tree/host String "$plain"
ok "$((${#keys[@]} / 2)) keys, ${#parameters[@]} parameters"

export BUNDLE_VAR_name=$name BUNDLE_VAR_account=$account BUNDLE_VAR_region=$region
env=e2e
part versions || env=without-versions
pack=("$root/internal/e2e/testdata/pack.hcl" --env "$env")
blind=("$root/internal/e2e/testdata/blind.hcl" --env e2e)

# opens LAYER FUNCTION NAME=VALUE …: bundle run hands out exactly these values, and no secret ABSENT.
opens() {
  bundle run --override --layer "$dir/$1" --function "$2" -- bash -c 'wrong=0
    for pair; do name=${pair%%=*}; [ "${!name-}" = "${pair#*=}" ] || { echo "$name is not what was put" >&2; wrong=1; }; done
    [ -z "${ABSENT+x}" ] && exit $wrong' opens "${@:3}" || fail "$1 does not open as it should"
  ok "bundle run hands out $(($# - 2)) secrets of $1, each as it was put"
}
# by_hand LAYER FUNCTION SECRET prints the box that has the secret, as "By hand" in docs/format.md opens it.
by_hand() {
  local doc=$dir/$2.sealed box boxes digest context
  unzip -o -q -p "$dir/$1" "bundle/functions/$2.sealed" >"$doc"
  line() { sed -n "s/^$1 //p" "$doc"; }
  boxes=$(grep -c '^box ' "$doc")
  box=$(line box | grep -nw "$3" | head -1 | cut -d: -f1)
  digest=$(sed '/^$/q' "$doc" | sha256)
  context="bundle:document=$digest,bundle:function=$(line bundle)/$(line function),bundle:environment=$(line environment),bundle:box=$box/$boxes"
  [ "$(line mode)" = pack ] || context="$context,bundle:secret=$3"
  sed '1,/^key /d' "$doc" | sed -n "${box}p" | base64 -d >"$dir/box.bin"
  aws kms decrypt --key-id "$(line key)" --ciphertext-blob "fileb://$dir/box.bin" --encryption-context "$context" --query Plaintext --output text | base64 -d
}

# --- the story ---

everything() { # LAYER
  local more=()
  part versions && more=("PINNED=$pinned" "LABELLED=$pinned")
  opens "$1" packed "PLAIN=$plain" "LIST=$list" "MANAGED=$managed" "OWN=$own" "LARGE=$large" "FIELD=$field" "BYTES=$bytes" \
    "TREE_SMTP_PASSWORD=$tree" "TREE_HOST=$plain" ${more[@]+"${more[@]}"}
}

if part pack || part versions || part publish; then
  step "a packed build"
  exits 0 "$program" validate --manifest "${pack[@]}"
  exits 0 bundle build --manifest "${pack[@]}" --out "$dir/pack.zip" --json
  has '"changed": true'
  ok "built: String, StringList, SecureString under both keys, advanced, field, base64, optional, path"
fi

if part pack; then
  everything pack.zip
  case $(by_hand pack.zip packed OWN) in *"\"OWN\":\"$own\""*) ok "aws kms decrypt opens a box, too" ;; *) fail "a box does not open by hand" ;; esac

  step "unchanged"
  cp "$dir/pack.zip" "$dir/first.zip"
  exits 0 bundle build --manifest "${pack[@]}" --out "$dir/pack.zip" --json
  has '"changed": false'
  hasnot "$decrypting"
  cmp -s "$dir/pack.zip" "$dir/first.zip" || fail "an unchanged build changed bytes"
  exits 0 bundle plan --manifest "${pack[@]}" --out "$dir/pack.zip" --exit-code
  exits 0 bundle status --manifest "${pack[@]}" --exit-code --layer "$dir/pack.zip"
  ok "changed=false, the same bytes, nothing decrypted or encrypted"
fi

if part versions; then
  step "one parameter changed"
  own=$(fake own)
  put own SecureString "$own" --key-id "$store" --overwrite
  exits 3 bundle plan --manifest "${pack[@]}" --out "$dir/pack.zip" --exit-code --json
  has '"secret": "OWN"'
  hasnot "$decrypting"
  exits 3 bundle status --manifest "${pack[@]}" --exit-code --layer "$dir/pack.zip"
  has 'OWN: version 1 → 2'
  exits 0 bundle build --manifest "${pack[@]}" --out "$dir/pack.zip" --json
  has '"changed": true'
  everything pack.zip
  exits 0 bundle status --manifest "${pack[@]}" --exit-code --layer "$dir/pack.zip"
  exits 0 bundle verify --manifest "${pack[@]}" --open --layer "$dir/pack.zip"
  ok "plan and status name it, the build seals it, verify opens it"
fi

if part publish; then
  step "publish"
  exits 0 bundle publish --manifest "${pack[@]}" --layer "$dir/pack.zip" --json
  has '"changed": true'
  exits 0 bundle publish --manifest "${pack[@]}" --layer "$dir/pack.zip" --json
  has '"changed": false'
  hasnot 'lambda:PublishLayerVersion'
  ok "published once, though it was said twice"
  mv "$dir/pack.zip" "$dir/published.zip"
  exits 0 bundle build --manifest "${pack[@]}" --out "$dir/pack.zip" --previous auto --json
  has '"changed": false'
  has '"lambda:GetLayerVersion": 1'
  hasnot "$decrypting"
  cmp -s "$dir/pack.zip" "$dir/published.zip" || fail "carried over from the published layer, it is not the same"
  exits 0 bundle status --manifest "${pack[@]}" --exit-code
  ok "a fresh runner carries over from what is published"
fi

if part blind; then
  step "a blind build"
  exits 0 bundle build --manifest "${blind[@]}" --out "$dir/blind.zip" --blind --previous none --json
  has '"kms:ReEncrypt": [1-9]'
  hasnot 'GetParameter[A-Za-z]*\(decrypt\)|kms:Encrypt|kms:Decrypt'
  opens blind.zip blind "OWN=$own" "TREE_SMTP_PASSWORD=$tree"
  [ "$(by_hand blind.zip blind OWN)" = "$own" ] || fail "a blind box does not open by hand"
  exits 0 bundle build --manifest "${blind[@]}" --out "$dir/blind.zip" --blind --json
  has '"changed": false'
  hasnot 'kms:ReEncrypt"|\(decrypt\)'
  exits 0 bundle verify --manifest "${blind[@]}" --open --layer "$dir/blind.zip"
  exits 2 bundle build --manifest "${pack[@]}" --out "$dir/never.zip" --blind
  [ ! -e "$dir/never.zip" ] || fail "--blind wrote a layer that is not"
  ok "moved inside KMS, opened by bundle run and by hand, unchanged at the second build"
fi

# --- what AWS does ---

confirmed=0 differ=0 skipped=0
# fact NAME KNOWN PATTERN FOUND compares what was found with what our documentation infers.
fact() {
  local found=${4:-nothing}
  echo "known: [$1] $2"
  if grep -qE -- "$3" <<<"$found"; then echo "confirmed: [$1] $found"; confirmed=$((confirmed + 1))
  elif grep -qE '^ *(usage:|.*(Unknown options|Unknown parameter in))' <<<"$found"; then echo "skipped: [$1] this AWS CLI is too old to ask"; skipped=$((skipped + 1))
  elif grep -q '^over' <<<"$found"; then echo "skipped: [$1] it was over too soon to ask"; skipped=$((skipped + 1))
  else echo "DIFFERS: [$1] $found"; differ=$((differ + 1)); fi
}
# skip WHY NAME …: what is not checked.
skip() {
  skipped=$((skipped + $# - 1))
  echo "skipped: $1: ${*:2}"
}
# outcome SERVICE OPERATION … prints "ok" and the result, or the error's code and message, in one line.
outcome() {
  local out
  if out=$(aws "$@" --output text 2>&1); then echo ok "$out"; else
    out=$(echo "$out" | tr '\n' ' ')
    echo "$out" | sed -E 's/.*An error occurred \(([^)]*)\) when calling the [A-Za-z]+ operation( \([^)]*\))?: */\1 /'
  fi | tr '\t\n' '  '
}
stored() { aws ssm get-parameter --name "/$name/$1" --query Parameter.Value --output text | base64 -d >"$dir/$1.bin"; }
leading() { od -An -tx1 -N6 "$dir/$1.bin" | tr -d ' \n'; }
parameter_arn() { echo "PARAMETER_ARN=$(parameter "$1")"; }
move() { outcome kms re-encrypt --ciphertext-blob "fileb://$dir/$1.bin" --source-encryption-context "$(parameter_arn "$1")" \
  --destination-key-id "$(key_of blind)" --destination-encryption-context "${2:-to=e2e}" --query SourceKeyId; }
# try_key NAME …: makes a key, where AWS lets it. The outcome is in $dir/made, and the key in $made; an empty one lets all that needs it differ.
try_key() {
  outcome kms create-key --description "$name $1, made by a test" "${@:2}" --query KeyMetadata.Arn >"$dir/made"
  made=""
  if grep -q '^ok arn:' "$dir/made"; then
    made=$(cut -d' ' -f2 "$dir/made")
    keys+=("$(alias_of "$1")" "$made")
  fi
}
# seal FILE KEY CONTEXT: a ciphertext of something, under a key of ours.
seal() {
  aws kms encrypt --key-id "$(key_of "$2")" --plaintext "fileb://$dir/any.bin" --encryption-context "$3" --query CiphertextBlob --output text | base64 -d >"$dir/$1.bin"
}
# helper NAME: builds a program of ours for calls that the AWS CLI cannot make. As for every SDK, AWS_ENDPOINT_URL leads to a local target.
helper() { (cd "$root" && go run -exec cp "./internal/e2e/$1" "$dir/$1") 2>"$dir/err"; }
# assume ROLE …: takes on a role, in which as_role makes calls.
assume() {
  read -r id secret token < <(aws sts assume-role --role-arn "$1" --role-session-name e2e "${@:2}" --query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]' --output text) || fail "$1 cannot be assumed"
}
# in_session COMMAND …: runs a command with the credentials of that session.
in_session() (
  unset AWS_PROFILE
  export AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token
  "$@"
)
# as_role SERVICE OPERATION …: the outcome for the role.
as_role() { in_session outcome "$@"; }
both() { outcome ssm get-parameters --names "/$name/plain" "/$name/broken" --with-decryption --query '[Parameters[].Name, InvalidParameters]'; }

if part facts; then
  step "ciphertexts and messages"
  for p in own managed; do stored "$p"; done
  put broken SecureString "$(fake broken)" --key-id "$(alias_of broken)"
  put short SecureString "$own" --key-id "$store" --tier Advanced
  stored short
  aws kms disable-key --key-id "$(key_of broken)"
  is_off() { ! aws ssm get-parameter --name "/$name/broken" --with-decryption; }
  appears "disabling a key" is_off

  fact reencrypt-standard "kms:ReEncrypt takes a standard SecureString as it is stored" "^ok $(key_of store)" "$(move own)"
  fact reencrypt-managed "alias/aws/ssm refuses a direct kms:ReEncrypt" '^AccessDeniedException' "$(move managed)"
  fact reencrypt-advanced "kms:ReEncrypt refuses an advanced SecureString" '^InvalidCiphertextException' "$(move short)"
  fact advanced-bytes "an advanced SecureString begins 01 80: a message of the Encryption SDK, version 1" '^0180' "$(leading short)"
  fact kms-bytes "a KMS ciphertext begins 01, 01 to 03, 02 00 78" '^010[123]020078' "$(leading own)"
  fact batch-failure "one value that cannot be decrypted fails a decrypting GetParameters as a whole" '^InvalidKeyId' "$(both)"
  fact stored-disabled "what is stored under a disabled key can be read undecrypted" '^ok' "$(outcome ssm get-parameter --name "/$name/broken" --query Parameter.Version)"
  fact duplicates "a name that GetParameters is asked for twice is answered once" '^ok 1 *$' \
    "$(outcome ssm get-parameters --names "/$name/plain" "/$name/plain" --query 'length(Parameters)')"
  fact dry-run "a dry run that is allowed ends in DryRunOperationException" '^DryRunOperationException' \
    "$(outcome kms encrypt --key-id "$(key_of packed)" --plaintext "fileb://$dir/any.bin" --encryption-context a=b --dry-run)"
  fact dry-run-modifier "a dry run of Decrypt needs no ciphertext where IGNORE_CIPHERTEXT is said" '^DryRunOperationException' \
    "$(outcome kms decrypt --key-id "$(key_of packed)" --encryption-context a=b --dry-run --dry-run-modifiers IGNORE_CIPHERTEXT)"
  fact fresh "the same value encrypted twice is two ciphertexts" '^differ' "$(for _ in 1 2; do
    aws kms encrypt --key-id "$(key_of packed)" --plaintext "fileb://$dir/any.bin" --query CiphertextBlob --output text; done | sort -u | wc -l | sed 's/ *2 */differ/')"

  seal from store deny=From
  from=(kms re-encrypt --ciphertext-blob "fileb://$dir/from.bin" --source-encryption-context deny=From --destination-key-id "$(key_of blind)" --query SourceKeyId)
  fact missing-from "where the right to the source is missing and SourceKeyId is said, the message names kms:ReEncryptFrom" \
    '^AccessDeniedException.*kms:ReEncryptFrom' "$(outcome "${from[@]}" --source-key-id "$(key_of store)")"
  fact missing-from-unsaid "where SourceKeyId is not said, the message names no action" '^AccessDeniedException The ciphertext refers to' "$(outcome "${from[@]}")"
  fact refusal-form "IAM says of a right that is missing who lacks it, for which action, on which resource" \
    '^AccessDeniedException User: arn:[^ ]+ is not authorized to perform: kms:ReEncryptTo on resource: arn:[^ ]+ ' "$(move own deny=To)"
  fact explicit-clause "where a policy denies, the message ends with which kind of policy" ' with an explicit deny in a resource-based policy' "$(move own deny=To)"
  put refused SecureString "$(fake refused)" --key-id "$store"
  fact kms-through-ssm "what KMS refuses to Parameter Store, that passes on as an AccessDeniedException that begins with IAM's words about kms:Decrypt and the key" \
    '^AccessDeniedException User: arn:[^ ]+ is not authorized to perform: kms:Decrypt on resource: arn:[^ ]+:key/[^ ]+ with an explicit deny in a resource-based policy' \
    "$(outcome ssm get-parameter --name "/$name/refused" --with-decryption --query Parameter.Version)"
  fact missing-to "where the right to the destination is missing, the message names kms:ReEncryptTo" '^AccessDeniedException.*kms:ReEncryptTo' "$(move own deny=To)"
fi

if part parameters; then
  step "data types, names and lists of Parameter Store"
  for p in json standard jsonc key comment integer list binary omitted untiered url raised; do parameters+=("/$name/typed-$p"); done
  typed() { outcome ssm put-parameter --name "/$name/typed-$1" --type "$2" --data-type "$3" --tier "$4" --value "$5" --query Tier; }
  fact data-type-advanced "Intelligent-Tiering makes a SecureString of the data type json advanced, however short it is" '^ok Advanced' "$(typed json SecureString json Intelligent-Tiering '{}')"
  fact data-type-standard "the data types json, jsonc and url are refused in the standard tier" '^(ValidationException .*){3}$' \
    "$(typed standard SecureString json Standard '{}'; typed standard String jsonc Standard '{}'; typed standard String url Standard ftp://example.com/a)"
  fact data-type-jsonc "the data type jsonc takes // and /* */ comments and trailing commas" '^ok Advanced' \
    "$(typed jsonc SecureString jsonc Advanced $'// c\n{"a": [1,], /* d */}')"
  fact data-type-jsonc-key "the data type jsonc refuses keys without quotes" '^ValidationException' "$(typed key SecureString jsonc Advanced '{a: 1}')"
  fact data-type-json "the data type json refuses comments" '^ValidationException' "$(typed comment SecureString json Advanced '{} // c')"
  fact data-type-checked "a SecureString is checked against its data type" '^ValidationException' "$(typed integer SecureString integer Standard sample)"
  fact data-type-list "each item of a StringList is checked" '^ValidationException' "$(typed list StringList integer Standard 80,https)"
  fact data-type-binary "the data type binary takes base64" '^ok Standard' "$(typed binary SecureString binary Standard AAEC/w==)"
  put typed-omitted String 5 --data-type integer
  put typed-omitted String 5 --overwrite
  fact data-type-omitted "a put without a data type makes the new version text" '^ok text' "$(outcome ssm get-parameter --name "/$name/typed-omitted" --query Parameter.DataType)"
  fact data-type-untiered "without a tier, the data type json is refused where the account's default tier is Standard" '^ValidationException' \
    "$(outcome ssm put-parameter --name "/$name/typed-untiered" --type String --data-type json --value '{}' --query Tier)"
  # A URL of http would be fetched by version 1 of the CLI.
  fact data-type-raised "Intelligent-Tiering makes url and jsonc advanced, too" '^ok Advanced ok Advanced *$' \
    "$(typed url String url Intelligent-Tiering ftp://example.com/a && typed raised String jsonc Intelligent-Tiering '{}')"
  put layer-arn String first
  put layer-raised String first --tier Advanced
  again() { outcome ssm put-parameter --name "/$name/$1" --type String --data-type text --tier Intelligent-Tiering --value next --query Tier "${@:2}"; }
  fact tier-kept "a put with Intelligent-Tiering and a short value keeps the tier of a parameter" '^ok Standard ok Advanced *$' \
    "$(again layer-arn --overwrite && again layer-raised --overwrite)"
  fact history-values "the history of a String has the value of each version" '^ok first next *$' \
    "$(outcome ssm get-parameter-history --name "/$name/layer-arn" --no-with-decryption --query 'Parameters[].Value')"
  fact put-exists "without Overwrite, a parameter that exists is not written" '^ParameterAlreadyExists' "$(again layer-arn)"
  accepted="" refused="" quoted=0 listed=""
  while IFS='|' read -r type tier value; do
    parameters+=("/$name/typed-as-${type//:/-}" "/$name/typed-list-${type//:/-}" "/$name/untrue-${type//:/-}")
    taken=$(typed "as-${type//:/-}" SecureString "$type" "$tier" "$value")
    accepted+="$type ${taken%% *} "
    listed+="$type $(typed "list-${type//:/-}" StringList "$type" "$tier" "$value" | cut -d' ' -f1) "
    outcome ssm put-parameter --name "/$name/untrue-${type//:/-}" --type String --data-type "$type" --tier Advanced --value 'no such value' >"$dir/untrue"
    refused+="$type $(cut -d' ' -f1 "$dir/untrue") "
    ! grep -q 'no such value' "$dir/untrue" || quoted=$((quoted + 1))
  done <<'TYPES'
aws:region|Standard|us-east-1
aws:account:id|Standard|123456789012
boolean|Standard|true
integer|Standard|-80
float|Standard|1.5
binary|Standard|AAEC
hostname|Standard|db.example.com
email|Standard|somebody@example.com
ipv4-address|Standard|192.0.2.1
ipv6-address|Standard|2001:db8::1
url|Advanced|ftp://example.com/a
json|Advanced|[1]
jsonc|Advanced|[1] // c
TYPES
  fact data-types "every data type takes a plain value, also of a SecureString" '^([a-z0-9:-]+ ok )+$' "$accepted"
  fact data-types-refused "every data type refuses what is no such value" '^([a-z0-9:-]+ ValidationException )+$' "$refused"
  fact data-type-items "a StringList has every data type but binary, url, json and jsonc" \
    '^([a-z0-9:-]+ ok ){5}binary ValidationException ([a-z0-9-]+ ok ){4}((url|jsonc?) ValidationException ){3}$' "$listed"
  fact data-types-unquoted "the message of such a refusal does not quote the value" '^0 messages' "$quoted messages quote it"
  fact missing-version "a version that does not exist is in InvalidParameters" "^ok 1 /$name/plain:99 *\$" \
    "$(outcome ssm get-parameters --names "/$name/own" "/$name/plain:99" --query '[[length(Parameters)], InvalidParameters]')"
  fact missing-label "a label that does not exist is in InvalidParameters" "^ok 1 /$name/plain:none *\$" \
    "$(outcome ssm get-parameters --names "/$name/own" "/$name/plain:none" --query '[[length(Parameters)], InvalidParameters]')"
  fact missing-version-alone "GetParameter says of a missing version, and of a missing label, ParameterVersionNotFound" '^ParameterVersionNotFound ParameterVersionNotFound *$' \
    "$(for p in 99 none; do outcome ssm get-parameter --name "/$name/plain:$p" --query Parameter.Version | cut -d' ' -f1; done | tr '\n' ' ')"
  parameters+=("$name-one")
  aws ssm put-parameter --name "$name-one" --type String --value "$plain" >/dev/null
  fact one-level-name "a name of one level is in replies as it was first put, also where it is asked for with a slash" "^ok $name-one *\$" \
    "$(outcome ssm get-parameter --name "/$name-one" --query Parameter.Name)"
  fact spaces "spaces around a name are dropped, and a name with a space inside is refused" '^ok 1 ValidationException' \
    "$(outcome ssm get-parameters --names " /$name/plain " --query 'length(Parameters)' && outcome ssm get-parameters --names "/$name/pl ain" --query Parameters)"
  one_arn=$(aws ssm get-parameter --name "$name-one" --query Parameter.ARN --output text)
  fact names-only "a parameter is not labeled by its ARN, nor deleted" '^ParameterNotFound.* ParameterNotFound' \
    "$(outcome ssm label-parameter-version --name "$one_arn" --labels arn --query ParameterVersion && outcome ssm delete-parameter --name "$one_arn")"
  fact label-zero "version 0 cannot be labeled" '^ParameterVersionNotFound' \
    "$(outcome ssm label-parameter-version --name "/$name/plain" --parameter-version 0 --labels zero --query ParameterVersion)"
  fact label-selector "a parameter is not labeled by its name with a version" '^ParameterNotFound' \
    "$(outcome ssm label-parameter-version --name "/$name/plain:1" --labels selected --query ParameterVersion)"
  fact request-faults "all faults of a request are in one message" "^ValidationException 2 validation errors detected: .*'Text' at 'type'.*'Gold' at 'tier'" \
    "$(outcome ssm put-parameter --name "/$name/plain" --type Text --tier Gold --value sample --query Version)"
  fact parameter-tags "a tag of a parameter cannot begin with aws:" '^ValidationException' \
    "$(outcome ssm add-tags-to-resource --resource-type Parameter --resource-id "/$name/plain" --tags Key=aws:e2e,Value=a)"
  fact path-levels "a path with an empty level is refused" '^ValidationException' \
    "$(outcome ssm get-parameters-by-path --path "/$name//tree" --no-paginate --query 'length(Parameters)')"
  fact empty-path "a path without parameters is answered with an empty list, not without one" '^ok True *$' \
    "$(outcome ssm get-parameters-by-path --path "/$name/nothing" --no-paginate --query 'Parameters == `[]`')"
  fact empty-reply "where no name is found, the list of parameters is there and empty" '^ok True *$' \
    "$(outcome ssm get-parameters --names "/$name/nothing" --query 'Parameters == `[]`')"
  fact empty-descriptions "where nothing is described, the list is there and empty" '^ok True *$' \
    "$(outcome ssm describe-parameters --parameter-filters "Key=Name,Values=/$name/nothing" --no-paginate --query 'Parameters == `[]`')"
  fact empty-layers "the versions of a layer that does not exist are an empty list" '^ok True *$' \
    "$(outcome lambda list-layer-versions --layer-name "$name-nothing" --no-paginate --query 'LayerVersions == `[]`')"
  # One CLI prints an epoch, the other a date; both with a fraction, whose zeros at the end say nothing.
  fact dates "LastModifiedDate is in milliseconds" '^(\.[0-9]{1,3} )+$' "$(aws ssm get-parameters --names "/$name/plain" "/$name/list" "/$name/own" \
    "/$name/json" --query 'Parameters[].LastModifiedDate' --output text | grep -oE '\.[0-9]*[1-9]' | tr '\n' ' ')"
fi

if part keys; then
  step "key policies, and when a key was used"
  # Two statements that KMS is said to ignore, and one about requests for the policy default.
  try_key ruled --policy '{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "arn:'"$partition:iam::$account"':root"}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Condition": {"StringEquals": {"kms:EncryptionContext:without": "Resource"}}},
    {"Effect": "Deny", "Principal": "*", "Resource": "*", "Condition": {"StringEquals": {"kms:EncryptionContext:without": "Action"}}},
    {"Effect": "Deny", "Principal": "*", "Action": "kms:GetKeyPolicy", "Resource": "*", "Condition": {"StringEquals": {"kms:PolicyName": "default"}}}]}'
  fact policy-incomplete "KMS accepts a key policy with statements that have no Resource or no Action" '^ok arn:' "$(<"$dir/made")"
  ruled=$made
  is_made() { aws kms describe-key --key-id "$ruled"; }
  [ -z "$ruled" ] || appears "the key" is_made
  used() { outcome kms get-key-last-usage --key-id "$1" --query '[KeyLastUsage.Operation, KeyLastUsage.Timestamp, KeyCreationDate == TrackingStartDate]'; }
  fact key-unused "a new key was not used, and is tracked since it was created" '^ok None None True *$' "$(used "$ruled")"
  outcome kms encrypt --key-id "$ruled" --plaintext "fileb://$dir/any.bin" --dry-run >"$dir/dry"
  fact key-unused-dry-run "a dry run does not use a key" '^DryRunOperationException.* ok None None ' "$(cat "$dir/dry") $(used "$ruled")"
  fact key-used "a key that was used says for what and when" '^ok [A-Z][A-Za-z]+ [0-9]' "$(settles '^ok [A-Z][A-Za-z]+ [0-9]' used "$(key_of store)")"
  without() { outcome kms encrypt --key-id "$ruled" --plaintext "fileb://$dir/any.bin" --encryption-context "without=$1" --query KeyId; }
  fact policy-ineffective "such statements do nothing" '^ok arn:[^ ]+ ok arn:[^ ]+ *$' "$(without Resource && without Action)"
  fact policy-unnamed "to kms:PolicyName, a request for a key policy without a name is one for default" '^AccessDeniedException .* explicit deny' \
    "$(outcome kms get-key-policy --key-id "$ruled")"
  fact ram-absent "a key that is not shared has no policy AWS_RAM; to kms:PolicyName, that is the name of the request" '^NotFoundException' \
    "$(outcome kms get-key-policy --key-id "$ruled" --policy-name AWS_RAM)"
  fact ram-unlisted "the policies of a key that is not shared are default" '^ok default *$' "$(outcome kms list-key-policies --key-id "$ruled" --query PolicyNames)"
  fact ram-put "nobody but Resource Access Manager puts the policy AWS_RAM" '^ValidationException .*RAM service' \
    "$(outcome kms put-key-policy --key-id "$ruled" --policy-name AWS_RAM --policy "$(key_policy)")"
  fact policy-other "there are no other names of key policies" '^NotFoundException NotFoundException *$' "$({
    outcome kms get-key-policy --key-id "$ruled" --policy-name other | cut -d' ' -f1
    outcome kms put-key-policy --key-id "$ruled" --policy-name other --policy "$(key_policy)" | cut -d' ' -f1
  } | tr '\n' ' ')"
  long=$(key_policy) every='"kms:*"'
  echo "${long/"$every"/[$(printf '"kms:Encrypt", %.0s' $(seq 2500)) $every]}" >"$dir/long.json"
  fact policy-long "a key policy of more than 32 KB is LimitExceededException" '^LimitExceededException' \
    "$(outcome kms put-key-policy --key-id "$ruled" --policy-name default --policy "file://$dir/long.json")"
  printf '%s%32768s' "$long" "" >"$dir/spaces.json"
  fact policy-spaces "white space counts in these 32 KB" '^LimitExceededException' \
    "$(outcome kms put-key-policy --key-id "$ruled" --policy-name default --policy "file://$dir/spaces.json")"
  fact policy-text "GetKeyPolicy returns a key policy letter for letter as it was put" '^same$' \
    "$([ "$(aws kms get-key-policy --key-id "$(key_of store)" --policy-name default --query Policy --output text)" = "$(key_policy)" ] && echo same || echo different)"
  managed_key=$(outcome kms describe-key --key-id alias/aws/ssm --query KeyMetadata.KeyId)
  outcome kms get-key-policy --key-id "$(cut -d' ' -f2 <<<"$managed_key")" --policy-name default --query Policy >"$dir/managed-policy"
  fact managed-policy "the policy of alias/aws/ssm lets in who comes through Parameter Store" "^ok .*\"kms:ViaService\" *: *\[? *\"ssm\.$region\." "$(<"$dir/managed-policy")"
fi

if part keys && [ -z "$shared_key" ]; then
  skip "BUNDLE_E2E_SHARED_KEY or BUNDLE_E2E_SHARED_ROLE is not set" ram-read ram-order ram-lets-in ram-denied
elif part keys; then
  step "a key that is shared"
  guest=$(cut -d: -f5 <<<"$shared_role")
  fact ram-read "GetKeyPolicy gives the policy AWS_RAM of a key that is shared, and it names the other account" "^ok AWS_RAM .*$guest" \
    "$(outcome kms get-key-policy --key-id "$shared_key" --policy-name AWS_RAM --query '[PolicyName, Policy]')"
  fact ram-order "ListKeyPolicies names default before AWS_RAM" '^ok default AWS_RAM *$' \
    "$(outcome kms list-key-policies --key-id "$shared_key" --query PolicyNames)"
  outcome kms get-key-policy --key-id "$shared_key" --policy-name default --query Policy >"$dir/default"
  assume "$shared_role"
  as_guest() { as_role kms encrypt --key-id "$shared_key" --plaintext "fileb://$dir/any.bin" "$@" --query KeyId; }
  fact ram-lets-in "it lets in whom the policy default does not name" "^0 ok $shared_key *\$" "$(grep -c "$guest" "$dir/default") $(as_guest)"
  fact ram-denied "an explicit Deny in default outranks it" '^AccessDeniedException' "$(as_guest --encryption-context deny=shared)"
fi

if part limits; then
  step "what is inferred beside recorded answers"
  stored own
  try_key twice --tags TagKey=a,TagValue=x TagKey=a,TagValue=y
  fact tags-duplicate "a new key cannot have one tag key twice" '^TagException Duplicate tag keys' "$(<"$dir/made")"
  try_key reserved --tags TagKey=a,TagValue=x TagKey=AWS:a,TagValue=y
  fact tags-reserved "a tag key that begins with aws: is refused, wherever it is in the list" '^TagException Tags beginning with aws: are reserved' "$(<"$dir/made")"
  try_key unknown --key-spec NONE
  fact key-specs "the refusal of a key spec that does not exist lists those that do" '^ValidationException .*enum value set: .*ML_KEM_512' "$(<"$dir/made")"
  try_key mlkem --key-spec ML_KEM_768 --key-usage ENCAPSULATE_DECAPSULATE
  fact mlkem-encrypt "Encrypt with an ML_KEM key is InvalidKeyUsageException" '^InvalidKeyUsageException' \
    "$(outcome kms encrypt --key-id "$made" --plaintext "fileb://$dir/any.bin" --query KeyId)"
  for i in $(seq 49); do
    aliases+=("$(alias_of "more-$i")")
    aws kms create-alias --alias-name "$(alias_of "more-$i")" --target-key-id "$(key_of blind)"
  done
  fact alias-limit "UpdateAlias does not give a key a 51st alias" '^LimitExceededException' \
    "$(outcome kms update-alias --alias-name "$(alias_of broken)" --target-key-id "$(key_of blind)")"
  fact key-material "replies to ReEncrypt and GenerateDataKey name the key material" '^ok [0-9a-f]{64} [0-9a-f]{64} ok [0-9a-f]{64} *$' \
    "$(outcome kms re-encrypt --ciphertext-blob "fileb://$dir/own.bin" --source-encryption-context "$(parameter_arn own)" --destination-key-id "$(key_of blind)" \
      --query '[SourceKeyMaterialId, DestinationKeyMaterialId]' && outcome kms generate-data-key --key-id "$(key_of packed)" --key-spec AES_256 --query KeyMaterialId)"
  fact grant-token "a grant token that is none is InvalidGrantTokenException" '^InvalidGrantTokenException' \
    "$(outcome kms describe-key --key-id "$(key_of packed)" --grant-tokens none --query KeyMetadata.KeyId)"
  fact list-runtime "ListLayerVersions refuses a runtime that does not exist" '^ValidationException' \
    "$(outcome lambda list-layer-versions --layer-name "$name" --compatible-runtime cobol --no-paginate --query 'length(LayerVersions)')"
fi

if part sessions; then
  step "a wrong clock"
  if helper signedat; then
    signed_at() { "$dir/signedat" "$1" 2>&1 | tr '\n' ' '; }
    fact clock-behind "a request that was signed 20 minutes ago is refused with a text that begins so" \
      '^SignatureDoesNotMatch Signature expired: [^ ]+ InvalidSignatureException Signature expired: [^ ]+ $' "$(signed_at -20m)"
    fact clock-ahead "a request that is signed for 20 minutes from now is refused with a text that begins so" \
      '^SignatureDoesNotMatch Signature not yet InvalidSignatureException Signature not yet $' "$(signed_at 20m)"
  else
    skip "Go is not here, or cannot build" clock-behind clock-ahead
  fi
fi

if part functions && [ -z "$function_role" ]; then
  skip "BUNDLE_E2E_FUNCTION_ROLE is not set" reserved-names underscore-names version-unchanged signing-kept signing-added layer-unlisted layers-listed layers-kept latest-only layer-back alias-kept version-used \
    aliases-sorted aliases-version alias-order version-missing version-gone version-latest version-again config-frozen tags-empty signing-none pending-update update-publish update-stale
elif part functions; then
  step "names of variables"
  # table CLASS: the names of docs/names.md, one a line; what a star stands for is an X.
  table() { sed -n "/<!-- names: $1 -->/,/<!-- end -->/p" "$root/docs/names.md" | sed -n 's/^| `\([^`]*\)` .*/\1/p' | tr '*' X; }
  # with_variables NAME …: the outcome of making a function that has them.
  with_variables() {
    functions=("$name")
    printf '%s\n' "$@" | sed '1s/^/{"Variables": {/; s/[A-Za-z0-9_]*$/"&": "x"/; $s/$/}}/; $!s/$/,/' >"$dir/variables.json"
    outcome lambda create-function --function-name "$name" --runtime python3.13 --role "$function_role" --handler none.none \
      --zip-file "fileb://$dir/function.zip" --environment "file://$dir/variables.json" --query FunctionName
  }
  exits 0 "$program" helpers --helpers python --out "$dir/function.zip"
  never=$(table never | grep -v '^BUNDLE_' | LC_ALL=C sort)
  wanted=$(grep -v '^_' <<<"$never" | tr '\n' ' ')
  # A function with both is not made. Those that Lambda lists are reserved, and those that it does not list are not.
  # shellcheck disable=SC2046,SC2086 # a name has no spaces
  with_variables $wanted AWS_COGNITO_CLIENT_SECRET $(table aws) >"$dir/reserved"
  fact reserved-names "of the names of docs/names.md that are AWS's, Lambda refuses those that nobody may have, and no other" "^InvalidParameterValueException $wanted\$" \
    "$(cut -d' ' -f1 "$dir/reserved" | tr '\n' ' ')$(sed -n 's/.*Reserved keys used in this request: *//p' "$dir/reserved" | tr -s ',. ' '\n' | grep . | LC_ALL=C sort | tr '\n' ' ')"
  # shellcheck disable=SC2046
  fact underscore-names "a name that begins with an underscore is refused" '^(ValidationException|InvalidParameterValueException)' "$(with_variables $(grep '^_' <<<"$never"))"

  step "functions"
  used=(--function-name "$name-used")
  # ready: waits until nothing is under way.
  ready() {
    local i
    for ((i = 0; i < 90; i++)); do
      [ "$(aws lambda get-function-configuration "${used[@]}" --query '[State, LastUpdateStatus]' --output text)" != $'Active\tSuccessful' ] || return 0
      sleep 1
    done
    fail "the function $name-used does not become active"
  }
  functions+=("$name-used")
  attached=$(aws lambda publish-layer-version --layer-name "$name-used" --zip-file "fileb://$dir/function.zip" --query LayerVersionArn --output text)
  exits 0 aws lambda create-function "${used[@]}" --runtime python3.13 --role "$function_role" --handler none.none --zip-file "fileb://$dir/function.zip" --layers "$attached"
  ready
  exits 0 aws lambda publish-version "${used[@]}"
  fact version-unchanged "PublishVersion with another description, and no change since the last version, makes no version" '^ok 1 *$' \
    "$(outcome lambda publish-version "${used[@]}" --description other --query Version)"
  signing=$(aws lambda create-code-signing-config --allowed-publishers "SigningProfileVersionArns=arn:$partition:signer:$region:$account:/signing-profiles/none" \
    --code-signing-policies UntrustedArtifactOnDeployment=Enforce --query CodeSigningConfig.CodeSigningConfigArn --output text)
  exits 0 aws lambda put-function-code-signing-config "${used[@]}" --code-signing-config-arn "$signing"
  fact signing-kept "with a code signing configuration that enforces, a layer that the function has already is not checked" '^ok arn:[^ ]+ *$' \
    "$(outcome lambda update-function-configuration "${used[@]}" --layers "$attached" --query 'Layers[].Arn')"
  ready
  added=$(aws lambda publish-layer-version --layer-name "$name-used" --zip-file "fileb://$dir/function.zip" --query LayerVersionArn --output text)
  fact signing-added "and one that is added is, so that an unsigned one is CodeVerificationFailedException" '^CodeVerificationFailedException' \
    "$(outcome lambda update-function-configuration "${used[@]}" --layers "$added" --query 'Layers[].Arn')"
  exits 0 aws lambda delete-function-code-signing-config "${used[@]}"
  exits 0 aws lambda delete-layer-version --layer-name "$name-used" --version-number "${added##*:}"
  exits 0 aws lambda delete-layer-version --layer-name "$name-used" --version-number "${attached##*:}"
  fact layer-unlisted "a deleted layer version is not in the list of versions at once" '^ok 0 *$' \
    "$(outcome lambda list-layer-versions --layer-name "$name-used" --no-paginate --query 'length(LayerVersions)')"
  fact layers-listed "ListFunctions with ALL lists every version with its ARN and its layers, also with one that is deleted" \
    '^ok \$LATEST arn[^ ]*:layer:[^ ]* arn[^ ]*:\$LATEST 1 arn[^ ]*:layer:[^ ]* arn[^ ]*:1 *$' \
    "$(outcome lambda list-functions --function-version ALL --query "join(' ', Functions[?FunctionName=='$name-used'].join(' ', [Version, Layers[0].Arn, FunctionArn]))")"
  fact layers-kept "an update that says nothing of layers keeps them" '^ok arn:[^ ]+ *$' \
    "$(outcome lambda update-function-configuration "${used[@]}" --memory-size 256 --query 'Layers[].Arn')"
  ready
  fact latest-only "an update of a version, instead of \$LATEST, is refused" '^InvalidParameterValueException' \
    "$(outcome lambda update-function-configuration --function-name "$name-used:1" --description first --query RevisionId)"
  fact layer-back "a list of layers that keeps a deleted version is refused" '^InvalidParameterValueException Layer version .* does not exist' \
    "$(outcome lambda update-function-configuration "${used[@]}" --layers "$attached" --query RevisionId)"
  exits 0 aws lambda update-function-configuration "${used[@]}" --description second
  ready
  exits 0 aws lambda publish-version "${used[@]}"
  exits 0 aws lambda create-alias "${used[@]}" --name live --function-version 1 --routing-config 'AdditionalVersionWeights={2=0.25}'
  fact alias-kept "an UpdateAlias that says nothing keeps the weights" '^ok 0\.25 *$' \
    "$(outcome lambda update-alias "${used[@]}" --name live --query 'RoutingConfig.AdditionalVersionWeights.*')"
  fact version-used "a version that an alias names, also by a weight, cannot be deleted" '^ResourceConflictException' \
    "$(outcome lambda delete-function "${used[@]}" --qualifier 2)"
  exits 0 aws lambda create-alias "${used[@]}" --name early --function-version 1
  fact aliases-sorted "ListAliases is in the order of the names" '^ok early live *$' "$(outcome lambda list-aliases "${used[@]}" --query 'Aliases[].Name')"
  of_version() { outcome lambda list-aliases "${used[@]}" --function-version "$1" --query 'Aliases[].Name'; }
  fact aliases-version "ListAliases with a version leaves out an alias that names the version by a weight only" '^ok early live *ok *$' "$(of_version 1)$(of_version 2)"
  fact alias-order "where an alias exists and its version does not, CreateAlias misses the version" '^ResourceNotFoundException' \
    "$(outcome lambda create-alias "${used[@]}" --name early --function-version 99 --query Name)"
  fact version-missing "GetFunction of a version that does not exist names it" '^ResourceNotFoundException Function not found: arn:[^ ]+:99 *$' \
    "$(outcome lambda get-function "${used[@]}" --qualifier 99 --query Configuration.Version)"
  fact version-gone "deleting a version that does not exist succeeds" '^ok( 204)? *$' "$(outcome lambda delete-function "${used[@]}" --qualifier 99)"
  fact version-latest "\$LATEST is not deleted as a version" '^InvalidParameterValueException' "$(outcome lambda delete-function "${used[@]}" --qualifier "\$LATEST")"
  for alias in early live; do exits 0 aws lambda delete-alias "${used[@]}" --name "$alias"; done
  exits 0 aws lambda delete-function "${used[@]}" --qualifier 2
  fact version-again "when the last version is deleted, its number is not used again, and PublishVersion without a change makes the next one" '^ok 3 *$' \
    "$(outcome lambda publish-version "${used[@]}" --query Version)"
  frozen() {
    aws lambda get-function-configuration "${used[@]}" --qualifier "$1" --output json --query '[sort(keys(@)), CodeSha256, Environment, Handler, Role, Runtime, Timeout,
      MemorySize, TracingConfig, EphemeralStorage, Architectures, LoggingConfig, VpcConfig, KMSKeyArn, PackageType, DeadLetterConfig, FileSystemConfigs, SnapStart.ApplyOn]' | tr -d ' \n'
  }
  same=differs
  [ "$(frozen 3)" != "$(frozen "\$LATEST")" ] || same="same $(frozen 3)"
  fact config-frozen "a version has, member by member, the configuration of the \$LATEST that it was published from" '^same \[' "$same"
  arn=$(aws lambda get-function-configuration "${used[@]}" --query FunctionArn --output text)
  fact tags-empty "ListTags of a function without tags answers an empty map" '^ok 0 *$' "$(outcome lambda list-tags --resource "$arn" --query 'length(keys(Tags))')"
  fact signing-none "GetFunctionCodeSigningConfig of a function without a configuration answers without an ARN" '^ok None *$' \
    "$(outcome lambda get-function-code-signing-config "${used[@]}" --query CodeSigningConfigArn)"

  step "a function that is busy"
  if helper busy; then
    functions+=("$name-busy")
    "$dir/busy" "$name-busy" "$function_role" "$dir/function.zip" >"$dir/asked" || fail "busy ends with an error"
    asked() { sed -n "s/^$1 //p" "$dir/asked"; }
    fact pending-update "a function is not updated while it is being created" '^Pending ResourceConflictException .* is currently in the following state: Pending' "$(asked pending)"
    fact update-publish "no version is published during an update" '^InProgress ResourceConflictException .*An update is in progress' "$(asked publish)"
    fact update-stale "during an update, an old RevisionId is the reason to refuse another one" '^InProgress PreconditionFailedException' "$(asked stale)"
  else
    skip "Go is not here, or cannot build" pending-update update-publish update-stale
  fi
fi

if part facts && part publish; then
  step "an older layer"
  exits 0 bundle build --manifest "${pack[@]}" --out "$dir/resealed.zip" --previous none --json
  newest() { aws lambda list-layer-versions --layer-name "$name" --query 'LayerVersions[].Version' --output text | tr '\t' ' '; }
  before=$(newest)
  exits 0 bundle publish --manifest "${pack[@]}" --layer "$dir/resealed.zip" --json
  fact next-version "a layer version has the next number, and is the first of the list at once" "^$((${before%% *} + 1)) ${before%% *}( |\$)" "$(newest)"
  fact version-dates "CreatedDate is a date with a zone" '^ok [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9]{4}) *$' \
    "$(outcome lambda get-layer-version --layer-name "$name" --version-number "$((${before%% *} + 1))" --query CreatedDate)"
  fact layer-described "ListLayerVersions has the description and the date of each version" \
    '^ok bundle [^ ]+, environment [^ ]+, sha256 [0-9a-f]{64} [0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]+ *$' \
    "$(outcome lambda list-layer-versions --layer-name "$name" --no-paginate --query 'LayerVersions[0].[Description, CreatedDate]')"
  own=$(fake own)
  put own SecureString "$own" --key-id "$store" --overwrite
  exits 0 bundle build --manifest "${pack[@]}" --out "$dir/newer.zip" --previous none --json
  exits 0 bundle publish --manifest "${pack[@]}" --layer "$dir/newer.zip" --json
  exits 7 bundle publish --manifest "${pack[@]}" --layer "$dir/resealed.zip"
  exits 0 bundle publish --manifest "${pack[@]}" --layer "$dir/resealed.zip" --allow-rollback --json
  has '"changed": true'
  ok "an older layer takes the place of a newer one only where that is asked for"
  # What docs/runtime.md names, in as many layer versions as it takes: one can have 15 of them. No word has a space.
  sed -n '/<!-- runtimes -->/,/<!-- end -->/p' "$root/docs/runtime.md" | cut -d'|' -f2 | grep -o '`[^`]*`' | tr -d '`' | xargs -n 15 >"$dir/runtimes"
  while read -r line; do
    # shellcheck disable=SC2086
    outcome lambda publish-layer-version --layer-name "$name" --zip-file "fileb://$dir/newer.zip" --compatible-runtimes $line --query Version
  done <"$dir/runtimes" >"$dir/accepted"
  fact runtime-case "runtimes are in lower case" '^ValidationException' \
    "$(outcome lambda publish-layer-version --layer-name "$name" --zip-file "fileb://$dir/newer.zip" --compatible-runtimes PYTHON3.14 --query Version)"
  { head -c 52428800 /dev/zero; cat "$dir/newer.zip"; } >"$dir/large.zip" # the CLI looks whether it is an archive, which is read from its end
  fact layer-zipped "an archive of more than 50 MB is RequestEntityTooLargeException, and the message is about its zipped size" \
    '^RequestEntityTooLargeException Zipped size must be smaller than 52428800 bytes' \
    "$(outcome lambda publish-layer-version --layer-name "$name" --zip-file "fileb://$dir/large.zip" --query Version)"
  rm "$dir/large.zip"
  fact layer-runtimes "Lambda has every runtime of docs/runtime.md" '^ok [0-9]+ ok [0-9]+ *$' "$(tr -s ' \n' ' ' <"$dir/accepted")"
  exits 0 bundle prune --manifest "${pack[@]}" --older-than 0d --yes --json
  has '"pending": false'
  ok "versions of the layer that nothing names are deleted"
fi

# --- rights ---

if part rights; then
  step "policy and doctor"
  for kind in ci plan doctor function; do
    exits 0 bundle policy --manifest "${pack[@]}" --kind "$kind" --parameter-key "$store" --parameter-key alias/aws/ssm
    has '"Effect": "Allow"'
  done
  ok "bundle policy writes the policies of the roles"
  exits 0 bundle doctor --manifest "${pack[@]}" --decrypt --json
  has '"healthy": true'
  exits 4 bundle doctor --manifest "${blind[@]}"
  grep -q 'not blind' "$dir/err" || fail "doctor does not say that this caller could decrypt"
  ok "bundle doctor: a build would be let through; this caller, who may decrypt, is not blind"
fi

# Everything as resources, for a bundle whose key and roles do not exist yet. No local target has CloudFormation.
if part policies && [ -z "$endpoint" ]; then
  export BUNDLE_VAR_name=$name-stack
  exits 0 bundle policy --manifest "${pack[@]}" --format cloudformation --parameter-key "$store"
  export BUNDLE_VAR_name=$name
  cp "$dir/out" "$dir/template.json"
  fact template "CloudFormation accepts the template that bundle writes" '^ok .*CAPABILITY_NAMED_IAM' \
    "$(outcome cloudformation validate-template --template-body "file://$dir/template.json" --query Capabilities)"
  if [ -n "$role" ]; then
    stack=$name
    trusting=()
    for who in Build Plan Put; do trusting+=("${who}Principal=$role"); done
    fact template-deploys "CloudFormation makes the roles, and a key whose policy names them" '^ok' \
      "$(outcome cloudformation deploy --stack-name "$stack" --template-file "$dir/template.json" --capabilities CAPABILITY_NAMED_IAM --parameter-overrides "${trusting[@]}")"
    fact template-shut "the key refuses Decrypt to who made it" '^AccessDeniedException' \
      "$(outcome kms decrypt --key-id "$(aws kms describe-key --key-id "$(alias_of stack-packed)" --query KeyMetadata.KeyId --output text)" \
        --encryption-context a=b --dry-run --dry-run-modifiers IGNORE_CIPHERTEXT)"
  fi
fi

if part rights && [ -z "$role" ]; then
  skip "BUNDLE_E2E_ROLE is not set" list-layer-versions managed-read stored-read implicit-clause kms-through-ssm-implicit malformed-resource published-resource
elif part rights; then
  step "rights of the role"
  assume "$role"
  fact list-layer-versions "lambda:ListLayerVersions on the layer's ARN is enough" '^ok' "$(as_role lambda list-layer-versions --layer-name "$name" --query 'length(LayerVersions)')"
  fact managed-read "a value under alias/aws/ssm can be read without an IAM right to kms:Decrypt" '^ok 1' \
    "$(as_role ssm get-parameters --names "/$name/managed" --with-decryption --query 'length(Parameters)')"
  fact stored-read "what is stored can be read undecrypted without any right to the key" '^ok 1' "$(as_role ssm get-parameters --names "/$name/own" --query 'length(Parameters)')"
  fact implicit-clause "where no policy allows, the message ends with which kind of policy should" \
    '^AccessDeniedException User: .* because no identity-based policy allows the ssm:DescribeParameters action' "$(as_role ssm describe-parameters --query 'length(Parameters)')"
  fact kms-through-ssm-implicit "so does what KMS refuses to Parameter Store, where that fails GetParameters as a whole" \
    '^(ok 0|AccessDeniedException User: arn:[^ ]+ is not authorized to perform: kms:Decrypt on resource: arn:[^ ]+:key/[^ ]+ because no identity-based policy allows the kms:Decrypt action)' \
    "$(as_role ssm get-parameters --names "/$name/own" --with-decryption --query 'length(Parameters)')"
  fact malformed-resource "a right to a parameter whose name is malformed is missing on all of Parameter Store" '^AccessDeniedException .* on resource: arn:[^ ]+:\* ' \
    "$(as_role ssm get-parameter --name "/$name/not a name" --query Parameter.Version)"
  fact published-resource "the right to read \$LATEST.PUBLISHED of a function is missing on the function's ARN without a qualifier" \
    "^AccessDeniedException User: .* is not authorized to perform: lambda:GetFunctionConfiguration on resource: arn:[^ ]+:function:$name " \
    "$(as_role lambda get-function-configuration --function-name "$name" --qualifier "\$LATEST.PUBLISHED" --query Version)"
fi

if part grants; then
  step "grants for services"
  for_service() {
    outcome kms create-grant --key-id "$(key_of packed)" --operations Decrypt --grantee-service-principal "lambda.amazonaws.com" "$@" --query '[GrantId]'
  }
  on_behalf="SourceArn=arn:$partition:lambda:$region:$account:function:$name"
  fact grant-service-alone "a grant for a service needs SourceArn, and somebody who can retire it" '^(ValidationException .*){2}$' \
    "$(for_service --retiring-service-principal lambda.amazonaws.com; for_service --constraints "$on_behalf")"
  for_service --retiring-service-principal lambda.amazonaws.com --constraints "$on_behalf" >"$dir/service"
  fact grant-service "with both it is made, and ListGrants names the service in another member than a principal" '^ok [0-9a-f]{64} *ok None lambda\.amazonaws\.com arn:[^ ]+ *$' \
    "$(cat "$dir/service")$(outcome kms list-grants --key-id "$(key_of packed)" --grant-id "$(cut -d' ' -f2 "$dir/service")" \
      --query 'Grants[].[GranteePrincipal, GranteeServicePrincipal, Constraints.SourceArn]')"
fi

if part grants && [ -z "$role" ]; then
  skip "BUNDLE_E2E_ROLE is not set" grant-none grant-source grant-equals grant-subset grant-operations grant-listed grant-deny revoked-listed revoked-other revoked-exempt revoked-dry-run \
    grant-counts grant-again grant-ended grant-missing
elif part grants; then
  step "grants"
  assume "$role"
  # With its token, a grant counts at once. No token is printed.
  seal lent store use=e2e
  seal more store use=e2e,more=yes
  seal other store use=other
  seal kept store "$(parameter_arn refused)"
  # grant …: gives the role Decrypt. The grant is in $grant, and its token in $grant_token.
  grant() {
    outcome kms create-grant --key-id "$(key_of store)" --grantee-principal "$role" --operations Decrypt "$@" --query '[GrantId, GrantToken]' >"$dir/grant"
    grant=none grant_token=none
    if grep -q '^ok ' "$dir/grant"; then grant=$(cut -d' ' -f2 "$dir/grant") grant_token=$(cut -d' ' -f3 "$dir/grant"); fi
  }
  opened() { as_role kms decrypt --key-id "$(key_of store)" --ciphertext-blob "fileb://$dir/$1.bin" --encryption-context "$2" "${@:3}" --query KeyId; }
  by_grant() { opened "$1" "$2" --grant-tokens "$grant_token"; }
  # three prints how each of three boxes opens by the grant.
  three() { { by_grant lent use=e2e | cut -d' ' -f1; by_grant more use=e2e,more=yes | cut -d' ' -f1; by_grant other use=other | cut -d' ' -f1; } | tr '\n' ' '; }
  fact grant-none "without a grant, the role cannot decrypt" '^AccessDeniedException' "$(opened lent use=e2e)"
  grant --constraints "SourceArn=arn:$partition:lambda:$region:$account:function:$name"
  fact grant-source "a grant with SourceArn does not let a role in that calls for itself" '^ok AccessDeniedException' \
    "$(if [ "$grant" = none ]; then cat "$dir/grant"; else echo "ok $(by_grant lent use=e2e)"; fi)"
  [ "$grant" = none ] || outcome kms revoke-grant --key-id "$(key_of store)" --grant-id "$grant" >"$dir/revoked"
  grant --constraints "EncryptionContextEquals={use=e2e}"
  fact grant-equals "a grant with EncryptionContextEquals decrypts what has exactly that context" '^ok AccessDeniedException AccessDeniedException *$' "$(three)"
  grant --constraints "EncryptionContextSubset={use=e2e}"
  fact grant-subset "one with EncryptionContextSubset decrypts what has that context and more" '^ok ok AccessDeniedException *$' "$(three)"
  fact grant-operations "a grant gives no other operation" '^AccessDeniedException' \
    "$(as_role kms describe-key --key-id "$(key_of store)" --grant-tokens "$grant_token" --query KeyMetadata.KeyId)"
  entry() { outcome kms list-grants --key-id "$(key_of store)" --grant-id "$1" \
    --query 'Grants[].[KeyId, GranteePrincipal, IssuingAccount, Operations[0], Constraints.EncryptionContextSubset.use]'; }
  listed="^ok $(key_of store) $role arn:$partition:iam::$account:root Decrypt e2e *\$"
  fact grant-listed "ListGrants shows a grant with the ARNs of the key, of the role and of the account" "$listed" "$(settles "$listed" entry "$grant")"
  grant --name e2e
  fact grant-deny "an explicit Deny in the key policy outranks a grant" '^ok arn:[^ ]+ AccessDeniedException .* with an explicit deny in a resource-based policy' \
    "$(by_grant other use=other && by_grant kept "$(parameter_arn refused)")"
  seal listed store revoked=all,bundle:document=kept
  seal unlisted store revoked=all,bundle:document=old
  seal without-digest store revoked=all
  seal exempt store revoked=some,bundle:document=old
  fact revoked-listed "a Deny of what is not listed as bundle:document lets open what is" '^ok' "$(by_grant listed revoked=all,bundle:document=kept)"
  fact revoked-other "it denies another value, and a call without one, also to the holder of a grant" '^(AccessDeniedException .* with an explicit deny in a resource-based policy *){2}$' \
    "$(by_grant unlisted revoked=all,bundle:document=old)$(by_grant without-digest revoked=all)"
  fact revoked-exempt "with aws:PrincipalArn as a second key, it exempts this role, and denies everyone else" '^ok arn:[^ ]+ *AccessDeniedException .* with an explicit deny in a resource-based policy' \
    "$(by_grant exempt revoked=some,bundle:document=old)$(outcome kms decrypt --key-id "$(key_of store)" --ciphertext-blob "fileb://$dir/exempt.bin" \
      --encryption-context revoked=some,bundle:document=old --query KeyId)"
  fact revoked-dry-run "a dry run of Decrypt is allowed what is listed, and denied another value" '^DryRunOperationException.* AccessDeniedException .*explicit deny' \
    "$(opened listed revoked=all,bundle:document=kept --grant-tokens "$grant_token" --dry-run) $(opened unlisted revoked=all,bundle:document=old --grant-tokens "$grant_token" --dry-run)"
  fact grant-counts "a grant counts within five minutes without its token" '^ok' "$(settles '^ok' opened other use=other)"
  first=$grant first_token=$grant_token
  grant --name e2e
  fact grant-again "a grant that is made again under its name is the same, with another token" '^same different *$' \
    "$([ "$grant" = "$first" ] && echo same || echo different) $([ "$grant_token" = "$first_token" ] && echo same || echo different)"
  # An administrator of the account retires one grant, and revokes the others.
  outcome kms retire-grant --grant-token "$grant_token" >"$dir/retired"
  of_role() { outcome kms list-grants --key-id "$(key_of store)" --grantee-principal "$role" --query 'Grants[].GrantId'; }
  for each in $(of_role | cut -d' ' -f2-); do
    [ "$each" = "$grant" ] || outcome kms revoke-grant --key-id "$(key_of store)" --grant-id "$each" >>"$dir/retired"
  done
  fact grant-ended "an administrator can retire and revoke grants, which then let nobody in" '^(ok +){3}AccessDeniedException' \
    "$(cat "$dir/retired")$(settles '^AccessDenied' opened other use=other)"
  fact grant-missing "a grant that is gone is not in the list, and cannot be revoked again" '^ok +NotFoundException' \
    "$(settles '^ok *$' of_role)$(outcome kms revoke-grant --key-id "$(key_of store)" --grant-id "$grant")"
fi

if part sessions && [ -z "$role" ]; then
  skip "BUNDLE_E2E_ROLE is not set" session-tags session-length source-identity scoped-refused scoped-identity scoped-narrows scoped-layers token-size scoped-temporary \
    session-deny session-deny-clause session-via session-clause
elif part sessions; then
  step "sessions of the role"
  fact session-tags "a session tag whose key begins with aws: is ValidationError" '^ValidationError' \
    "$(outcome sts assume-role --role-arn "$role" --role-session-name e2e --tags Key=aws:a,Value=x --query AssumedRoleUser.Arn)"
  # A role that takes on another is limited to an hour by another rule.
  case $arn in
  *:assumed-role/*)
    skip "the caller is a role's session" session-length ;;
  *)
    fact session-length "a session of more than the hour that is a role's maximum is ValidationError, and the message names MaxSessionDuration" \
      '^ValidationError .*MaxSessionDuration' \
      "$(outcome sts assume-role --role-arn "$role" --role-session-name e2e --duration-seconds 43200 --query AssumedRoleUser.Arn)" ;;
  esac
  fact source-identity "a source identity may have more than 64 characters" '^(ok 200 *$|AccessDenied )' \
    "$(outcome sts assume-role --role-arn "$role" --role-session-name e2e --source-identity "$(printf 'x%.0s' $(seq 200))" --query 'length(SourceIdentity)')"
  if helper stscall; then
    # in_sts OPERATION NAME=VALUE …: the answer of STS is in $dir/answer; a member of it is what said prints. No credentials are printed.
    in_sts() { in_session "$dir/stscall" "$@" >"$dir/answer" || fail "stscall $1"; }
    said() { sed -n "s/^$1=//p" "$dir/answer"; }
    refused() { sed -n 1p "$dir/answer"; }
    sized() { if [ "$(said SessionTokenSize)" = "$(said SessionToken | tr -d '\n' | wc -c | tr -d ' ')" ]; then echo size; else refused; fi; }
    # narrow NAME=VALUE …: goes on with the session in hand, narrowed.
    narrow() {
      in_sts GetScopedCredentials "$@"
      [ "$(refused)" != ok ] || id=$(said AccessKeyId) secret=$(said SecretAccessKey) token=$(said SessionToken)
    }
    whoami() { as_role sts get-caller-identity --query '[Arn, UserId]'; }
    allows() { echo 'Policy={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["'"$1"'"], "Resource": "*"}]}'; }
    assume "$role"
    in_sts GetScopedCredentials
    nothing=$(refused)
    in_sts GetScopedCredentials DurationSeconds=129600
    fact scoped-refused "GetScopedCredentials needs a policy or a duration, and does not make a session longer" '^ValidationError .*InsufficientSessionLifetime' "$nothing $(refused)"
    before=$(whoami)
    narrow "$(allows 'lambda:*", "ssm:DescribeParameters')"
    fact scoped-identity "a session that is narrowed keeps its identity, and the reply says how large its token is" '^size same ok ' \
      "$(sized) $([ "$(whoami)" = "$before" ] && echo same) $(whoami)"
    fact scoped-narrows "it can do what the session could and the policy allows, and nothing else" '^ok [0-9]+ *AccessDenied.* AccessDenied' \
      "$(as_role lambda list-layer-versions --layer-name "$name" --query 'length(LayerVersions)')$(as_role ssm get-parameters --names "/$name/plain" --query 'length(Parameters)' \
        | cut -d' ' -f1) $(as_role ssm describe-parameters --query 'length(Parameters)' | cut -d' ' -f1)"
    for _ in 2 3; do narrow "$(allows '*')"; done
    third=$(refused)
    in_sts GetScopedCredentials "$(allows '*')"
    fact scoped-layers "three policies narrow a session, and a fourth is refused" '^ok AccessDenied' "$third $(refused)"
    "$dir/stscall" AssumeRole RoleArn="$role" RoleSessionName=e2e MinimumSessionTokenSize=4096 >"$dir/answer" || fail "stscall AssumeRole"
    fact token-size "AssumeRole can make a token of 4,096 bytes, and says its size and how much of a token's limit it takes, in percent" '^size 4[0-9]{3} [0-9]+$' \
      "$(sized) $(said SessionTokenSize) $(said SessionTokenUtilization)"
    case $arn in
    *:assumed-role/*) skip "the caller is a role's session" scoped-temporary ;;
    *)
      "$dir/stscall" GetScopedCredentials "$(allows '*')" >"$dir/answer" || fail "stscall GetScopedCredentials"
      fact scoped-temporary "credentials that do not end cannot be narrowed" '^InvalidSubjectCredentials' "$(refused)" ;;
    esac
  else
    skip "Go is not here, or cannot build" scoped-refused scoped-identity scoped-narrows scoped-layers token-size scoped-temporary
  fi
  stored own
  assume "$role" --policy '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}]}'
  fact session-deny "a Deny of kms:Decrypt in a session policy holds for what Parameter Store decrypts" '^(AccessDenied|ok 0)' \
    "$(as_role ssm get-parameters --names "/$name/managed" --with-decryption --query 'length(Parameters)')"
  fact session-deny-clause "where the session policy denies, the message says so" ' with an explicit deny in a session policy' \
    "$(as_role kms decrypt --key-id "$(key_of store)" --ciphertext-blob "fileb://$dir/own.bin" --encryption-context "$(parameter_arn own)" --query KeyId)"
  assume "$role" --policy '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"},
    {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringLike": {"kms:ViaService": "ssm.'"$region"'.*"}}}]}'
  fact session-via "a session policy that allows kms:Decrypt where kms:ViaService is Parameter Store lets it decrypt" '^ok 1' \
    "$(as_role ssm get-parameters --names "/$name/managed" --with-decryption --query 'length(Parameters)')"
  fact session-clause "where the session policy does not allow, the message says so" ' because no session policy allows the lambda:ListLayerVersions action' \
    "$(as_role lambda list-layer-versions --layer-name "$name" --query 'length(LayerVersions)')"
fi

if part policies && [ -z "$role" ]; then
  skip "BUNDLE_E2E_ROLE is not set" split-deny simulated-keys simulated-list simulated-variable simulated-deny simulated-implicit simulated-twice \
    simulated-resources tag-variable tag-variable-case tag-variable-deny tag-variable-unset tag-environment tag-null tag-reencrypt tag-variable-star key-policy
elif part policies; then
  step "conditions and simulations"
  # except PARAMETER END: one of two parts of a Deny of everything except two parameters. The other one ends with END.
  except() {
    local all=arn:$partition:ssm:$region:$account:parameter
    echo '{"Effect": "Deny", "Action": "ssm:GetParameters", "NotResource": ["'"$all/$name/$1"'", "'"$all/*$2"'"]}'
  }
  assume "$role" --policy '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, '"$(except own d), $(except managed n)"']}'
  fact split-deny "two parts of a Deny of everything except a list let pass what is in the list, and nothing that ends alike or otherwise" \
    '^ok 1 ok 1 AccessDenied[a-zA-Z]* *AccessDenied' "$(for each in own managed plain list; do
      as_role ssm get-parameters --names "/$name/$each" --query 'length(Parameters)' | sed 's/^\(AccessDenied[a-zA-Z]*\).*/\1/' | tr -s ' \n' ' '
    done)"

  # Policies that are simulated beside the one of the role. Each statement has an action of its own, so that one simulation decides all.
  function=kms:EncryptionContext:bundle:function tag=aws:ResourceTag/bundle:function
  lets() { echo '{"Effect": "Allow", "Action": "kms:'"$1"'", "Resource": "*", "Condition": {'"$2"'}}'; }
  listing='"kms:EncryptionContextKeys": ["bundle:box", "bundle:function", "PARAMETER_ARN"]'
  cat >"$dir/simulated.json" <<JSON
{"Version": "2012-10-17", "Statement": [
  $(lets Decrypt '"StringEquals": {"kms:ViaService": "ssm.'"$region"'.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN": "'"$(parameter own)"'"}'),
  $(lets Encrypt "\"StringEquals\": {\"$function\": \"e2e/simulated\"}, \"ForAllValues:StringEquals\": {$listing}"),
  $(lets ReEncryptTo "\"StringEquals\": {\"$function\": \"\${$tag}\"}"),
  {"Effect": "Allow", "Action": ["kms:ReEncryptFrom", "kms:DescribeKey"], "Resource": "*"},
  {"Effect": "Deny", "Action": "kms:ReEncryptFrom", "Resource": "*", "Condition": {"ForAnyValue:StringNotEquals": {$listing}}},
  {"Effect": "Deny", "Action": "kms:DescribeKey", "NotResource": "$(key_of store)"}]}
JSON
  echo "[\"$(tr '\n' ' ' <"$dir/simulated.json" | sed 's/"/\\"/g')\"]" >"$dir/simulated-list.json"
  simulate() {
    outcome iam simulate-principal-policy --policy-source-arn "$role" --policy-input-list "file://$dir/simulated-list.json" "$@"
  }
  # given VIA PARAMETER FUNCTION TAG KEYS: decides the five actions for a request with these condition keys.
  given() {
    simulate --action-names kms:Decrypt kms:Encrypt kms:ReEncryptTo kms:ReEncryptFrom kms:GetPublicKey --resource-arns "$(key_of store)" \
      --query 'EvaluationResults[].[EvalActionName, EvalDecision]' --context-entries \
      "ContextKeyName=kms:ViaService,ContextKeyType=string,ContextKeyValues=$1" \
      "ContextKeyName=kms:EncryptionContext:PARAMETER_ARN,ContextKeyType=string,ContextKeyValues=$2" \
      "ContextKeyName=$function,ContextKeyType=string,ContextKeyValues=$3" "ContextKeyName=$tag,ContextKeyType=string,ContextKeyValues=$4" \
      "ContextKeyName=kms:EncryptionContextKeys,ContextKeyType=stringList,ContextKeyValues=$5"
  }
  right=$(given "ssm.$region.amazonaws.com" "$(parameter own)" e2e/simulated e2e/simulated bundle:box,bundle:function)
  unlike=$(given "ssm.$region.amazonaws.com" "$(parameter json)" e2e/simulated e2e/tagged bundle:box,other)
  direct=$(given "lambda.$region.amazonaws.com" "$(parameter own)" E2E/simulated e2e/simulated bundle:box)
  # decided ACTION: what these three decide about it.
  decided() { for each in "$right" "$unlike" "$direct"; do grep -oE "kms:$1 +[a-zA-Z]+|^[A-Z].*" <<<"$each" | sed 's/.* //'; done | tr '\n' ' '; }
  fact simulated-keys "a simulation compares the condition keys of KMS that it is given" '^allowed implicitDeny implicitDeny *$' "$(decided Decrypt)"
  fact simulated-list "a stringList is a list of values for ForAllValues" '^allowed implicitDeny implicitDeny *$' "$(decided Encrypt)"
  fact simulated-variable "it gives the policy variable of a tag the value that it is given" '^allowed implicitDeny implicitDeny *$' "$(decided ReEncryptTo)"
  fact simulated-deny "ForAnyValue in a Deny holds for a list in which one value differs, which is explicitDeny" '^allowed explicitDeny allowed *$' "$(decided ReEncryptFrom)"
  fact simulated-implicit "what no policy allows is implicitDeny" '^(implicitDeny ){3}$' "$(decided GetPublicKey)"
  fact simulated-twice "a condition key is given once, in whatever case" '^InvalidInput' \
    "$(simulate --action-names kms:Decrypt --query 'EvaluationResults[].EvalDecision' --context-entries \
      ContextKeyName=kms:ViaService,ContextKeyType=string,ContextKeyValues=x ContextKeyName=kms:viaservice,ContextKeyType=string,ContextKeyValues=y)"
  # Twenty keys of which one is let through: as many as doctor has in a call.
  twenty=("$(key_of store)")
  for i in $(seq 10 28); do twenty+=("arn:$partition:kms:$region:$account:key/00000000-0000-0000-0000-0000000000$i"); done
  fact simulated-resources "it takes 20 resources, which need not exist, and decides each" '^ok allowed( +explicitDeny){19} *$' \
    "$(simulate --action-names kms:DescribeKey --resource-arns "${twenty[@]}" --query 'EvaluationResults[].ResourceSpecificResults[].EvalResourceDecision')"

  # Two keys, which the role may use for everything that its session may: one has the tags of a function.
  lets_role='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:'"$partition:iam::$account"':root"}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Allow", "Principal": {"AWS": "'"$role"'"}, "Action": ["kms:Encrypt", "kms:ReEncrypt*"], "Resource": "*"}]}'
  try_key tagged --policy "$lets_role" --tags TagKey=bundle:function,TagValue=e2e/tagged TagKey=bundle:environment,TagValue=dev
  tagged=$made
  try_key untagged --policy "$lets_role"
  untagged=$made
  # session STATEMENT…: a session that may use keys, where the statements let it.
  session() { assume "$role" --policy '{"Version": "2012-10-17", "Statement": ['"$1"']}'; }
  may='{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"'
  never='{"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"'
  variable='{"kms:EncryptionContext:bundle:function": "${aws:ResourceTag/bundle:function}"}'
  # for_function KEY FUNCTION: seals for a function.
  for_function() { as_role kms encrypt --key-id "$1" --plaintext "fileb://$dir/any.bin" --encryption-context "bundle:function=$2" --query KeyId; }
  session "$may, \"Condition\": {\"StringEquals\": $variable}}"
  fact tag-variable "a policy variable for a tag of the key lets seal for the function that the key is tagged for, and for no other" '^ok arn:[^ ]+ *AccessDeniedException' \
    "$(settles '^ok' for_function "$tagged" e2e/tagged)$(for_function "$tagged" e2e/other)"
  fact tag-variable-case "the value is case-sensitive, and a key without the tag lets nobody seal" '^AccessDeniedException .*AccessDeniedException' \
    "$(for_function "$tagged" E2E/tagged)$(for_function "$untagged" e2e/tagged)"
  session "$may}, $never, \"Condition\": {\"StringNotEquals\": $variable}}"
  fact tag-variable-deny "a Deny with StringNotEquals and the variable denies sealing for another function" '^ok arn:[^ ]+ *AccessDeniedException .* with an explicit deny' \
    "$(settles '^ok' for_function "$tagged" e2e/tagged)$(for_function "$tagged" e2e/other)"
  fact tag-variable-unset "what it does for a key without the tag, AWS says in two ways: nothing (ok), or it denies" '^(ok|AccessDeniedException)' "$(for_function "$untagged" e2e/tagged)"
  session "$may}, $never, \"Condition\": {\"StringNotEquals\": {\"aws:ResourceTag/bundle:environment\": \"dev\"}}}"
  fact tag-environment "a Deny with StringNotEquals and a tag denies keys without it" '^ok arn:[^ ]+ *AccessDeniedException .* with an explicit deny' \
    "$(settles '^ok' for_function "$tagged" e2e/tagged)$(for_function "$untagged" e2e/tagged)"
  session "$may}, $never, \"Condition\": {\"Null\": {\"aws:ResourceTag/bundle:function\": \"true\"}}}"
  fact tag-null "so does a Deny with Null" '^ok arn:[^ ]+ *AccessDeniedException .* with an explicit deny' \
    "$(settles '^ok' for_function "$tagged" e2e/tagged)$(for_function "$untagged" e2e/tagged)"
  # reencrypts FROM TO: moves a ciphertext from one of these keys to another.
  reencrypts() {
    aws kms encrypt --key-id "$1" --plaintext "fileb://$dir/any.bin" --query CiphertextBlob --output text | base64 -d >"$dir/side.bin"
    as_role kms re-encrypt --ciphertext-blob "fileb://$dir/side.bin" --destination-key-id "$2" --query KeyId
  }
  session '{"Effect": "Allow", "Action": "kms:ReEncryptFrom", "Resource": "*"}, {"Effect": "Allow", "Action": "kms:ReEncryptTo", "Resource": "*",
    "Condition": {"StringEquals": {"aws:ResourceTag/bundle:environment": "dev"}}}'
  fact tag-reencrypt "each side of ReEncrypt has the tags of its own key" '^ok arn:[^ ]+ *AccessDeniedException .*kms:ReEncryptTo' \
    "$([ -z "$untagged" ] || { settles '^ok' reencrypts "$untagged" "$tagged"; reencrypts "$tagged" "$untagged"; } | tr '\n' ' ')"
  session "$may, \"Condition\": {\"StringLike\": $variable}}"
  outcome kms tag-resource --key-id "$tagged" --tags 'TagKey=bundle:function,TagValue=e2e/*' >"$dir/starred"
  fact tag-variable-star "a star in the value of a tag is a plain character to StringLike, if a tag can have it at all" '^(ok *ok arn:[^ ]+ *AccessDeniedException|(Tag|Validation)Exception)' \
    "$(cat "$dir/starred")$(settles '^ok' for_function "$tagged" 'e2e/*')$(for_function "$tagged" e2e/other)"

  bundle policy --manifest "${pack[@]}" --kind key --function-role "packed=$role" >"$dir/key.json" || fail "bundle policy --kind key"
  aws kms put-key-policy --key-id "$(key_of packed)" --policy-name default --policy "file://$dir/key.json"
  shut() { outcome kms decrypt --key-id "$(key_of packed)" --encryption-context a=b --dry-run --dry-run-modifiers IGNORE_CIPHERTEXT; }
  is_shut() { case $(shut) in DryRun*) return 1 ;; esac; }
  appears "the key policy" is_shut
  fact key-policy "KMS takes the key policy that bundle writes, and then refuses Decrypt to who is not named in it" '^AccessDeniedException' "$(shut)"
fi

if part facts && part pack; then
  step "the event history"
  # events NAME: the newest 200 events of a key, once the pattern is among them. CloudTrail has an event after some minutes.
  events() { outcome cloudtrail lookup-events --lookup-attributes "AttributeKey=ResourceName,AttributeValue=$(key_of "$1")" --max-items 200 --query 'Events[].[EventName, Username, CloudTrailEvent]'; }
  fact trail-context "by the ARN of a key, LookupEvents has each Decrypt, with its encryption context in plaintext" \
    'Decrypt.*"encryptionContext": ?\{[^}]*"bundle:document": ?"[0-9a-f]{64}"' "$(settles '"bundle:document"' events packed)"
  fact trail-secret "such an event has neither plaintext nor ciphertext" '^no ciphertext$' \
    "$(events packed | grep -qiE '"(ciphertextBlob|plaintext)"' && echo ciphertext || echo 'no ciphertext')"
  fact trail-dry-run "a dry run is an event with errorCode DryRunOperationException" '"errorCode": ?"DryRunOperationException"' "$(settles DryRunOperationException events packed)"
  fact trail-attributes "LookupEvents takes one attribute" '^InvalidLookupAttributesException' \
    "$(outcome cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=Decrypt AttributeKey=ReadOnly,AttributeValue=true --query 'length(Events)')"
fi

if part secrets; then
  step "secrets"
  elsewhere=us-west-2
  [ "$region" != us-west-2 ] || elsewhere=us-east-1
  # secret NAME …: the outcome of CreateSecret. Where it succeeds, the secret is removed at the end.
  secret() {
    outcome secretsmanager create-secret --name "$name-$1" "${@:2}" --query VersionId >"$dir/made"
    ! grep -q ^ok "$dir/made" || secrets+=("$name-$1")
  }
  of_secret() { outcome secretsmanager "$1" --secret-id "$name-$2" "${@:3}"; }
  many() { local i; for ((i = 0; i < $1; i++)); do printf '%s%d ' "$2" "$i"; done; }
  long() { head -c "$1" /dev/zero | tr '\0' x; }
  long 65537 >"$dir/long.txt"

  secret "$(long 513)" --secret-string "$plain"
  fact secret-name-over "a name of more than 512 characters is ValidationException" '^ValidationException' "$(cat "$dir/made")"
  fact secret-arn-malformed "an ARN of another service is ValidationException" '^ValidationException' \
    "$(outcome secretsmanager get-secret-value --secret-id "$(parameter plain)" --query VersionId)"
  secret long --secret-string "file://$dir/long.txt"
  fact secret-value-over "a value of more than 65,536 bytes is ValidationException, and is not quoted" "^ValidationException .*Value at 'secretString' failed" "$(cat "$dir/made")"
  secret both --secret-string "$plain" --secret-binary "fileb://$dir/any.bin"
  fact secret-both-values "a string together with a binary value is InvalidParameterException" '^InvalidParameterException' "$(cat "$dir/made")"
  secret token --secret-string "$plain" --client-request-token "$(long 65)"
  fact secret-token-long "a token of 65 characters is ValidationException" '^ValidationException' "$(cat "$dir/made")"
  secret token --secret-string "$plain" --client-request-token "terraform-20250627043834191900000095"
  fact secret-token-characters "the ID of a version is the token, of letters, digits and hyphens" '^ok terraform-20250627043834191900000095' "$(cat "$dir/made")"
  secret key --secret-string "$plain" --kms-key-id 00000000-0000-4000-8000-000000000000
  fact secret-key-missing "a key that does not exist is EncryptionFailure" '^EncryptionFailure' "$(cat "$dir/made")"

  secret one --secret-string "$plain"
  first=$(cut -d' ' -f2 "$dir/made")
  fact secret-no-value "a put without a value is InvalidRequestException" '^InvalidRequestException' "$(of_secret put-secret-value one)"
  # shellcheck disable=SC2046 # names of labels have no spaces
  fact secret-stages-over "more than 20 labels are ValidationException" '^ValidationException' \
    "$(of_secret put-secret-value one --secret-string "$plain" --version-stages $(many 21 stage))"
  fact secret-page-over "more than 100 versions a page are ValidationException" '^ValidationException' "$(of_secret list-secret-version-ids one --max-results 101 --no-paginate)"
  second=$(of_secret put-secret-value one --secret-string "$own" --query VersionId | cut -d' ' -f2)
  fact secret-described "DescribeSecret has the new version right after the put" "^ok AWSCURRENT" "$(of_secret describe-secret one --query "VersionIdsToStages.\"$second\"")"
  fact secret-move-unnamed "AWSCURRENT does not move if the version that has it is not named" '^InvalidParameterException' \
    "$(of_secret update-secret-version-stage one --version-stage AWSCURRENT --move-to-version-id "$first")"
  fact secret-current-removed "AWSCURRENT cannot be taken away" '^InvalidParameterException' \
    "$(of_secret update-secret-version-stage one --version-stage AWSCURRENT --remove-from-version-id "$second")"
  secret empty
  fact secret-first-stages "the first version is the current one, whatever its labels are" '^ok .*AWSCURRENT' \
    "$(of_secret put-secret-value empty --secret-string "$plain" --version-stages mine --query VersionStages)"

  secret none
  batch() { outcome secretsmanager batch-get-secret-value --secret-id-list "${@:2}" --query "$1"; }
  fact secret-batch-empty "a secret without a value is an error within the reply of a batch" '^ok 1 *1 *$' \
    "$(batch '[length(SecretValues), length(Errors)]' "$name-one" "$name-none")"
  fact secret-batch-twice "a secret that is there twice in a batch is InvalidParameterException" '^InvalidParameterException' "$(batch Errors "$name-one" "$name-one")"
  # shellcheck disable=SC2046 # names of secrets have no spaces
  fact secret-batch-over "a batch of 21 secrets is ValidationException" '^ValidationException' "$(batch Errors $(many 21 "$name-"))"
  fact secret-batch-date "a batch has the date of the version" "^same" "$([ "$(batch 'SecretValues[0].CreatedDate' "$name-one")" = \
    "$(of_secret get-secret-value one --query CreatedDate)" ] && echo same || echo other)"
  # shellcheck disable=SC2046 # values have no spaces
  fact secret-filter-over "11 values of a filter are ValidationException" '^ValidationException' \
    "$(outcome secretsmanager list-secrets --filters "Key=name,Values=$(many 11 value | sed 's/ $//; s/ /,/g')" --query 'length(SecretList)')"

  secret own --secret-string "$own" --kms-key-id "$store"
  under() { grep -q ^ok "$dir/made" && of_secret get-secret-value own --query VersionId; }
  aws kms disable-key --key-id "$(key_of store)"
  fact secret-key-disabled "a value under a disabled key is DecryptionFailure" '^DecryptionFailure' "$(settles '^[A-Z]' under)"
  aws kms enable-key --key-id "$(key_of store)"

  replicated=$name-one
  fact secret-replica-version "the versions of a replica have the same IDs" "^ok $second" \
    "$(of_secret replicate-secret-to-regions one --add-replica-regions "Region=$elsewhere" >/dev/null; settles '^ok' of_secret get-secret-value one --region "$elsewhere" --query VersionId)"

  secret deleted --secret-string "$plain"
  ended=$(of_secret delete-secret deleted --recovery-window-in-days 7 --query DeletionDate)
  fact secret-deleted-date "DeletedDate is the end of the recovery window" "^same" \
    "$([ "$(of_secret describe-secret deleted --query DeletedDate)" = "$ended" ] && echo same || echo other)"
  fact secret-deleted-versions "the versions of a deleted secret are listed" '^ok 1' "$(of_secret list-secret-version-ids deleted --query 'length(Versions)')"
  fact secret-deleted-read "the value of a deleted secret is InvalidRequestException" '^InvalidRequestException .*marked for deletion' "$(of_secret get-secret-value deleted --query VersionId)"
  fact secret-deleted-again "a deleted secret cannot be deleted again" '^InvalidRequestException' "$(of_secret delete-secret deleted --recovery-window-in-days 7)"
fi

if part secrets && [ -z "$role" ]; then
  skip "BUNDLE_E2E_ROLE is not set" secret-stage-described secret-missing-right
elif part secrets; then
  assume "$role" --policy '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
    {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*", "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}}]}'
  reads() { as_role secretsmanager "$1" --secret-id "$name-empty" "${@:2}" --query Name; }
  fact secret-stage-described "a condition on the label holds for a read that sends it, and neither for another nor for DescribeSecret" \
    '^ok [^ ]+ *AccessDeniedException .*AccessDeniedException ' \
    "$(reads get-secret-value --version-stage AWSCURRENT | tr '\n' ' ')$(reads get-secret-value)$(reads describe-secret)"
  assume "$role"
  fact secret-missing-right "a secret that does not exist is denied, unless the policy has its name without a suffix" '^AccessDeniedException .*ResourceNotFoundException ' \
    "$(for each in missing bare; do as_role secretsmanager get-secret-value --secret-id "$name-$each" --query Name; done | tr '\n' ' ')"
fi

step "summary"
echo "confirmed $confirmed, DIFFERS $differ, skipped $skipped"
[ "$differ" = 0 ] || exit 3
