package house

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// TestTheMessageAboutAnARNDownloadsTheLayer runs the commands that unpack, inspect and verify print where a published layer is named.
func TestTheMessageAboutAnARNDownloadsTheLayer(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds the command")
	}
	t.Setenv("PATH", needs.AWS(t)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	needs.Program(t, "curl", "Debian: apt-get install curl")
	dir, home := t.TempDir(), t.TempDir()
	bundle := filepath.Join(t.TempDir(), "bundle")
	if err := needs.Bundle(bundle); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "payments.hcl"), []byte(hclBlock(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	env := append(awsFor(t, bundle, home), "HOME="+home, "CI=", "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1")
	run(t, dir, env, "bash", "-euo", "pipefail", "-c", `
key=$(aws kms create-key --region us-west-2 --query KeyMetadata.KeyId --output text)
aws kms create-alias --region us-west-2 --alias-name alias/dev-hello --target-key-id "$key"
printf not-a-real-password | bundle put --manifest payments.hcl --env dev DB_PASSWORD
bundle --manifest payments.hcl --env dev --out built.zip
layer=$(bundle publish --manifest payments.hcl --env dev --layer built.zip --json | grep -om1 'arn:aws:lambda:[^"]*:1')

bundle unpack "${layer%:*}" tree 2> message && exit 1
sh -c "$(tail -n 1 message)" | grep "$layer"
for command in "unpack $layer tree" "inspect --layer $layer" "verify --layer $layer"; do
  bundle $command 2> message && exit 1
  sh -c "$(tail -n 1 message)"
  cmp built.zip layer.zip
  rm layer.zip
done
`)
}
