// Package e2e holds the script of "make e2e-aws", and runs it against the
// embedded AWS and, as far as that goes, against moto.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/needs"
)

const (
	account = "222222222222"
	region  = "us-west-2"
	guest   = "333333333333" // an account with which a key is shared
	all     = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`
)

// target is an account that the script runs against.
type target struct {
	t          *testing.T
	url        string
	id, secret string
	server     *awslocal.Server // nil for moto
}

// embedded starts an AWS in which a role of account 222222222222 may do
// everything, and the role of docs/e2e.md what it says there.
func embedded(t *testing.T, options ...awslocal.Option) target {
	t.Helper()
	server, err := awslocal.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	id, secret := sts.NewAccessKey("AKIA")
	other, otherSecret := sts.NewAccessKey("AKIA")
	for _, r := range []sts.Role{
		{Name: "tester", Account: account, AccessKeyID: id, SecretAccessKey: secret, Policy: json.RawMessage(all)},
		{Name: "looker", Account: account, AccessKeyID: other, SecretAccessKey: otherSecret, Policy: documented(t, "Give it this")},
		{Name: "guest", Account: guest, Policy: json.RawMessage(all), Trust: []string{account}},
	} {
		if err := server.PutRole(r); err != nil {
			t.Fatal(err)
		}
	}
	return target{t: t, url: url, id: id, secret: secret, server: server}
}

// documented returns the policy that docs/e2e.md gives after some words.
func documented(t *testing.T, words string) json.RawMessage {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "e2e.md"))
	if err != nil {
		t.Fatal(err)
	}
	policy := regexp.MustCompile("(?s)" + words + ".*?```json\n(.*?)```").FindSubmatch(page)
	if policy == nil {
		t.Fatalf("docs/e2e.md has no policy after %q", words)
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(policy[1], []byte("111111111111"), []byte(account)), []byte("us-east-1"), []byte(region))
}

// run runs the script, and returns how it ended and what it printed.
func (a target) run(bundle string, environ ...string) (int, string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "./e2e-aws.sh")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CI=") && !strings.HasPrefix(v, "AWS_") && !strings.HasPrefix(v, "GITHUB_") && !strings.HasPrefix(v, "BUNDLE_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+a.t.TempDir(), "AWS_ENDPOINT_URL="+a.url, "AWS_ACCESS_KEY_ID="+a.id, "AWS_SECRET_ACCESS_KEY="+a.secret,
		"AWS_REGION="+region, "BUNDLE_E2E_BUNDLE="+bundle)
	// In another HOME, the script would compile all of Go and the SDK again.
	folders, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		a.t.Fatal(err)
	}
	for i, path := range strings.Split(strings.TrimSpace(string(folders)), "\n") {
		cmd.Env = append(cmd.Env, []string{"GOCACHE=", "GOMODCACHE="}[i]+path)
	}
	cmd.Env = append(cmd.Env, environ...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		a.t.Fatalf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "not-a-real") {
		a.t.Errorf("a value is printed:\n%s", out)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// config is how a client reaches the target.
func (a target) config() aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &a.url, Credentials: credentials.NewStaticCredentialsProvider(a.id, a.secret, "")}
}

// share makes the key of docs/e2e.md that is shared with another account, and returns its ARN.
func (a target) share() string {
	a.t.Helper()
	out, err := kms.NewFromConfig(a.config()).CreateKey(a.t.Context(), &kms.CreateKeyInput{Policy: aws.String(string(documented(a.t, "with this key policy")))})
	if err != nil {
		a.t.Fatal(err)
	}
	arn := *out.KeyMetadata.Arn
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::` + guest + `:root"}, "Action": "kms:Encrypt", "Resource": "*"}]}`
	if err := a.server.Share(arn, policy); err != nil {
		a.t.Fatal(err)
	}
	return arn
}

// expectEmpty fails if anything is left but keys that are to be deleted, that
// many layers, and keys that were there before.
func (a target) expectEmpty(layers int, before ...string) {
	a.t.Helper()
	cfg := a.config()
	ctx := a.t.Context()
	parameters, err := ssm.NewFromConfig(cfg).DescribeParameters(ctx, &ssm.DescribeParametersInput{})
	if err != nil {
		a.t.Fatal(err)
	}
	for _, p := range parameters.Parameters {
		a.t.Errorf("parameter %s is left", *p.Name)
	}
	for _, region := range []string{region, "us-east-1"} { // where the replica was
		cfg := cfg.Copy()
		cfg.Region = region
		secrets, err := secretsmanager.NewFromConfig(cfg).ListSecrets(ctx, &secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true)})
		if err != nil {
			a.t.Fatal(err)
		}
		for _, s := range secrets.SecretList {
			a.t.Errorf("secret %s is left in %s", *s.Name, region)
		}
	}
	if a.server != nil {
		list, err := lambda.NewFromConfig(cfg).ListLayers(ctx, &lambda.ListLayersInput{})
		if err != nil || len(list.Layers) != layers {
			a.t.Errorf("%d layers are left, not %d (%v)", len(list.Layers), layers, err)
		}
	}
	client := kms.NewFromConfig(cfg)
	aliases, err := client.ListAliases(ctx, &kms.ListAliasesInput{})
	if err != nil {
		a.t.Fatal(err)
	}
	for _, alias := range aliases.Aliases {
		if !strings.HasPrefix(*alias.AliasName, "alias/aws/") {
			a.t.Errorf("%s is left", *alias.AliasName)
		}
	}
	keys, err := client.ListKeys(ctx, &kms.ListKeysInput{})
	if err != nil {
		a.t.Fatal(err)
	}
	made := 0
	for _, key := range keys.Keys {
		out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: key.KeyArn})
		if err != nil {
			a.t.Fatal(err)
		}
		if out.KeyMetadata.KeyManager == types.KeyManagerTypeAws || slices.Contains(before, *key.KeyArn) && out.KeyMetadata.Enabled {
			continue
		}
		if made++; out.KeyMetadata.KeyState != types.KeyStatePendingDeletion {
			a.t.Errorf("key %s is %s", *key.KeyArn, out.KeyMetadata.KeyState)
		}
	}
	if made == 0 {
		a.t.Error("no key was made")
	}
}

// build builds bundle, once what the script needs is there.
func build(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: takes a minute")
	}
	needs.Program(t, "bash", "from the system's packages")
	needs.Program(t, "unzip", "Debian: apt-get install unzip")
	t.Setenv("PATH", needs.AWS(t)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	bundle := filepath.Join(t.TempDir(), "bundle")
	if err := needs.Bundle(bundle); err != nil {
		t.Fatal(err)
	}
	return bundle
}

func TestScript(t *testing.T) {
	bundle := build(t)
	role := "BUNDLE_E2E_ROLE=arn:aws:iam::" + account + ":role/looker"
	functions := "BUNDLE_E2E_FUNCTION_ROLE=arn:aws:iam::" + account + ":role/lambda"

	t.Run("against the embedded AWS everything is as inferred", func(t *testing.T) {
		t.Parallel()
		a := embedded(t)
		shared := a.share()
		code, out := a.run(bundle, "BUNDLE_E2E_YES=1", role, functions, "BUNDLE_E2E_SHARED_KEY="+shared, "BUNDLE_E2E_SHARED_ROLE=arn:aws:iam::"+guest+":role/guest")
		if code != 0 {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		old := lines(out, "skipped") // the AWS CLI is too old to ask
		known := slices.DeleteFunc(lines(out, "known"), func(name string) bool { return slices.Contains(old, name) })
		if confirmed := lines(out, "confirmed"); !slices.Equal(known, confirmed) || len(known) < 150 {
			t.Errorf("known are %q,\nconfirmed %q", known, confirmed)
		}
		if left := regexp.MustCompile(`(?m)^skipped: [^\[].*`).FindString(out); left != "" {
			t.Error(left)
		}
		if !strings.HasPrefix(out, "account  "+account+"\nregion   "+region+"\n") {
			t.Errorf("account and region are not what is printed first:\n%s", out)
		}
		a.expectEmpty(0, shared)
		if len(old) > 0 {
			needs.Missing(t, "the AWS CLI is too old for %q: pip install --upgrade awscli", old)
		}
	})

	t.Run("an AWS that does the other thing is told", func(t *testing.T) {
		t.Parallel()
		a := embedded(t, awslocal.WithPartialBatches(), awslocal.WithDuplicatesRefused(), awslocal.WithCommittedMessages(), awslocal.WithManagedKeyByIdentity(),
			awslocal.WithFaults(
				awslocal.Fault{Operation: "kms:CreateKey", Nth: 5, Times: 1, Kind: "fail", Code: "MalformedPolicyDocumentException"},
				awslocal.Fault{Operation: "kms:GetKeyLastUsage", Kind: "fail", Code: "KMSInvalidStateException"},
				awslocal.Fault{Operation: "kms:CreateGrant", Kind: "fail", Code: "LimitExceededException"},
			))
		code, out := a.run(bundle, "BUNDLE_E2E_YES=1", "BUNDLE_E2E_PARTS=facts keys rights grants sessions", role)
		want := []string{
			"advanced-bytes", "batch-failure", "duplicates",
			"policy-incomplete", "key-unused", "key-unused-dry-run", "key-used", "policy-ineffective", "policy-unnamed", "ram-absent", "ram-unlisted",
			"ram-put", "policy-other", "policy-long", "policy-spaces", "managed-read",
			"grant-service-alone", "grant-service", "grant-source", "grant-equals", "grant-subset", "grant-operations", "grant-listed", "grant-deny",
			"revoked-listed", "revoked-other", "revoked-exempt", "revoked-dry-run", "grant-counts", "grant-again", "grant-ended",
			"grant-missing", "session-via",
		}
		if got := lines(out, "DIFFERS"); code != 3 || !slices.Equal(got, want) {
			t.Errorf("exit code %d, differing %q\n%s", code, got, out)
		}
		a.expectEmpty(0)
	})

	t.Run("after a failure what was made is removed, and what cannot be is named", func(t *testing.T) {
		t.Parallel()
		a := embedded(t, awslocal.WithFaults(
			awslocal.Fault{Operation: "kms:ReEncrypt", Kind: "fail", Code: "AccessDeniedException"},
			awslocal.Fault{Operation: "lambda:DeleteLayerVersion", Kind: "fail", Code: "AccessDeniedException"},
		))
		code, out := a.run(bundle, "BUNDLE_E2E_YES=1", "BUNDLE_E2E_PARTS=publish blind")
		if code != 1 || !strings.Contains(out, "FAILED: ") || !strings.Contains(out, "LEFT BEHIND by aws lambda delete-layer-version") {
			t.Errorf("exit code %d\n%s", code, out)
		}
		a.expectEmpty(1)
	})

	t.Run("nothing is made without leave", func(t *testing.T) {
		t.Parallel()
		a := embedded(t)
		for _, environ := range [][]string{{}, {"BUNDLE_E2E_YES=1", "BUNDLE_E2E_PARTS=pack all"}, {"BUNDLE_E2E_YES=1", "AWS_ENDPOINT_URL=https://aws.example.com"}} {
			if code, out := a.run(bundle, environ...); code != 2 {
				t.Errorf("%q: exit code %d\n%s", environ, code, out)
			}
		}
		calls := a.server.Calls()
		delete(calls, "sts:GetCallerIdentity")
		if len(calls) > 0 {
			t.Errorf("called %v", calls)
		}
	})

	t.Run("what moto can do works against moto", func(t *testing.T) {
		t.Parallel()
		// moto does not say which version or label a reply is for, hands out no
		// KMS ciphertext of a SecureString and no link that can be followed to a
		// layer, and does not evaluate policies.
		a := target{t: t, url: needs.Moto(t), id: "testing", secret: "testing"}
		code, out := a.run(bundle, "BUNDLE_E2E_YES=1", "BUNDLE_E2E_PARTS=pack")
		if code != 0 {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		a.expectEmpty(0)
	})
}

// Where functions are ready at once, nothing can be asked while they are busy.
func TestBusyTellsWhenItIsOver(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes a program")
	}
	archive := filepath.Join(t.TempDir(), "function.zip")
	if err := os.WriteFile(archive, []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), 0o600); err != nil {
		t.Fatal(err)
	}
	a := embedded(t, awslocal.WithFunctionTimes(0, 0))
	cmd := exec.CommandContext(t.Context(), "go", "run", "./busy", "sample", "arn:aws:iam::"+account+":role/lambda", archive)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+a.url, "AWS_ACCESS_KEY_ID="+a.id, "AWS_SECRET_ACCESS_KEY="+a.secret, "AWS_SESSION_TOKEN=", "AWS_REGION="+region)
	if out, err := cmd.Output(); err != nil || string(out) != "pending over\npublish over\nstale over\n" {
		t.Errorf("%s (%v)", out, err)
	}
}

func TestDocumentation(t *testing.T) {
	script, err := os.ReadFile("e2e-aws.sh")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "e2e.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`[a-z]+(-[a-z]+)*`)
	fact := regexp.MustCompile(`(?m)^ *fact ([a-z-]+) `)
	var checked, documented []string
	for _, m := range fact.FindAllSubmatch(script, -1) {
		checked = append(checked, string(m[1]))
	}
	table := regexp.MustCompile(`(?s)\| name \| known \|.*?\n\n`).Find(page)
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllSubmatch(table, -1) {
		documented = append(documented, names.FindAllString(string(m[1]), -1)...)
	}
	slices.Sort(checked)
	slices.Sort(documented)
	if !slices.Equal(checked, documented) {
		t.Errorf("the script checks\n%q,\ndocs/e2e.md lists\n%q", checked, documented)
	}
	parts := strings.Fields(string(regexp.MustCompile(`(?m)^all_parts="(.*)"$`).FindSubmatch(script)[1]))
	for _, part := range parts {
		if !bytes.Contains(page, []byte("\n| `"+part+"` | ")) {
			t.Errorf("docs/e2e.md does not list the part %s", part)
		}
	}
	// What the embedded AWS does by inference is a step. Its test sees to it that such a row has one.
	rows, err := filepath.Glob(filepath.Join("..", "awslocal", "testdata", "conformance", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for _, path := range rows {
		row, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^step (.*)$`).FindAllSubmatch(row, -1) {
			for _, name := range strings.Fields(string(m[1])) {
				if steps++; !slices.Contains(checked, name) {
					t.Errorf("%s: the script has no step %s", path, name)
				}
			}
		}
	}
	if steps < 60 {
		t.Errorf("the fidelity list names %d steps", steps)
	}
	// What a variable is needed for, where it is not set, is skipped by name.
	blocks := regexp.MustCompile(`(?sm)^if part \w+ && \[ -z "\$\w+" \]; then\n(.*?)^elif part \w+; then\n(.*?)^fi$`).FindAllSubmatch(script, -1)
	if len(blocks) < 5 {
		t.Errorf("the script has %d parts that need a variable", len(blocks))
	}
	for _, block := range blocks {
		var inPart []string
		for _, m := range fact.FindAllSubmatch(block[2], -1) {
			inPart = append(inPart, string(m[1]))
		}
		_, list, _ := strings.Cut(string(block[1]), "is not set")
		if skipped := names.FindAllString(list, -1); !slices.Equal(inPart, skipped) {
			t.Errorf("a part checks\n%q,\nand skips\n%q", inPart, skipped)
		}
	}
}

// lines returns the names of the facts in the lines of one kind.
func lines(out, kind string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^`+kind+`: \[([a-z-]+)\]`).FindAllStringSubmatch(out, -1) {
		names = append(names, m[1])
	}
	return names
}
