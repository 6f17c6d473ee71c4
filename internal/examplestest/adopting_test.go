package examplestest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/pipeline/manifest"
)

// adopted are the real environments of examples/adopting, and whether each
// function has a key of its own there.
var adopted = map[string]bool{"dev": false, "test": false, "staging": true, "prod": true}

// TestTheServiceOfFortyFunctionsBuilds builds the manifest of docs/adopting.md
// for all environments and regions, publishes the layers, and does so again on a
// fresh machine.
func TestTheServiceOfFortyFunctionsBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiles the command and makes 320 layers")
	}
	bundle := filepath.Join(t.TempDir(), "bundle.exe")
	if err := needs.Bundle(bundle); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(copied(t, "adopting"), "secrets")
	environ, url := accounts(t, dir)
	build := func(layers string) severalBuilt {
		t.Helper()
		out := run(t, dir, environ, bundle, "--manifest", ".", "--all", "--out", filepath.Join(layers, "{environment}-{region}-{function}.zip"),
			"--endpoint-url", url, "--json")
		var all severalBuilt
		if err := json.Unmarshal([]byte(out), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := t.TempDir()
	all := build(first)
	if len(all.Targets) != 40*4*2 || !all.changed() {
		t.Fatalf("%d layers, changed %t", len(all.Targets), all.changed())
	}
	// docs/adopting.md has these figures.
	for env, want := range map[string]map[string]int{
		"dev": {
			"sts:AssumeRole": 2, "sts:GetCallerIdentity": 2, "kms:DescribeKey": 2, "ssm:GetParametersByPath": 2, "ssm:GetParameters": 12,
			"kms:Encrypt": 80, "lambda:ListLayerVersions": 80,
		},
		"prod": {
			"sts:AssumeRole": 2, "sts:GetCallerIdentity": 2, "kms:DescribeKey": 82, "ssm:GetParametersByPath": 2, "ssm:GetParameters": 12,
			"kms:ReEncrypt": 274, "lambda:ListLayerVersions": 80,
		},
	} {
		if diff := cmp.Diff(want, all.calls(env)); diff != "" {
			t.Errorf("%s:\n%s", env, diff)
		}
	}
	run(t, dir, environ, bundle, "publish", "--manifest", ".", "--all", "--layer", filepath.Join(first, "{environment}-{region}-{function}.zip"), "--endpoint-url", url)

	second := t.TempDir() // where nothing is, as on a fresh runner
	again := build(second)
	if again.changed() || len(again.Targets) != len(all.Targets) {
		t.Errorf("%d layers, changed %t", len(again.Targets), again.changed())
	}
	if n := again.calls("prod")["kms:ReEncrypt"] + again.calls("dev")["kms:Encrypt"]; n != 0 {
		t.Errorf("an unchanged build sealed %d times", n)
	}
	for i := range all.Targets {
		if all.Targets[i].Result.Layer.SHA256 != again.Targets[i].Result.Layer.SHA256 {
			t.Errorf("%s is another one the second time", all.Targets[i].Result.Layer.Path)
		}
	}
}

// severalBuilt is what the test reads of a build's --json.
type severalBuilt struct {
	Targets []struct {
		Environment string
		Result      struct {
			Changed  bool
			Layer    struct{ Path, SHA256 string }
			AWSCalls map[string]int `json:"aws_calls"`
		}
	}
}

func (s severalBuilt) changed() bool {
	for _, t := range s.Targets {
		if t.Result.Changed {
			return true
		}
	}
	return false
}

func (s severalBuilt) calls(environment string) map[string]int {
	all := map[string]int{}
	for _, t := range s.Targets {
		if t.Environment == environment {
			for operation, n := range t.Result.AWSCalls {
				all[operation] += n
			}
		}
	}
	return all
}

// accounts starts an AWS with the accounts that the manifest in a folder names,
// and returns the variables of an engineer who may assume the roles there.
func accounts(t *testing.T, dir string) (environ []string, url string) {
	t.Helper()
	server, err := awslocal.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if url, err = server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	const engineers = "555555555555"
	everything := json.RawMessage(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)
	role := func(account, name string) aws.CredentialsProvider {
		id, key := sts.NewAccessKey("AKIA")
		err := server.PutRole(sts.Role{
			Name: name, Account: account, AccessKeyID: id, SecretAccessKey: key, Policy: everything, Trust: []string{engineers},
		})
		if err != nil {
			t.Fatal(err)
		}
		return credentials.NewStaticCredentialsProvider(id, key, "")
	}
	module, diags := manifest.Load(dir, manifest.Options{})
	for env, keyPerFunction := range adopted {
		m, more := module.Evaluate(env)
		if diags = append(diags, more...); len(diags) > 0 {
			t.Fatal(diags)
		}
		who := role(m.Environment.AccountID.Value, "shop-secrets-build")
		for _, region := range m.Environment.Regions {
			furnish(t, aws.Config{Region: region.Value, Credentials: who, BaseEndpoint: &url}, dir, env, m, keyPerFunction)
		}
	}
	caller, err := role(engineers, "engineer").Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return append(withoutAWS(os.Environ()), "AWS_ACCESS_KEY_ID="+caller.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+caller.SecretAccessKey), url
}

func withoutAWS(environ []string) []string {
	var rest []string
	for _, entry := range environ {
		if !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, "CI=") && !strings.HasPrefix(entry, "GITHUB_") {
			rest = append(rest, entry)
		}
	}
	return rest
}

// furnish makes the keys of an environment in a region, and puts the sample
// parameters under the environment's names.
func furnish(t *testing.T, cfg aws.Config, dir, env string, m *manifest.Manifest, keyPerFunction bool) {
	t.Helper()
	ctx := context.Background()
	keys, parameters := kms.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	aliases := map[string]bool{"alias/shop-" + env + "-parameters": true}
	for _, fn := range m.Functions {
		aliases[fn.Key.Value] = true
	}
	if len(aliases) > 2 != keyPerFunction {
		t.Fatalf("%s has %d keys", env, len(aliases))
	}
	for alias := range maps.Keys(aliases) {
		key, err := keys.CreateKey(ctx, &kms.CreateKeyInput{})
		if err == nil {
			_, err = keys.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: key.KeyMetadata.KeyId})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var sample struct {
		Parameters []struct {
			Name   string
			Value  string
			Values []string
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "parameters.json"))
	if err == nil {
		err = json.Unmarshal(b, &sample)
	}
	if err != nil {
		t.Fatal(err)
	}
	place := func(name, value string) {
		_, err := parameters.PutParameter(ctx, &ssm.PutParameterInput{
			Name: &name, Value: &value, Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true),
			KeyId: aws.String("alias/shop-" + env + "-parameters"),
		})
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
	}
	for _, p := range sample.Parameters {
		for _, value := range append(p.Values, p.Value) {
			if value != "" {
				place(strings.Replace(p.Name, "/local/", "/"+env+"/", 1), value)
			}
		}
	}
	place("/"+env+"/shop/bank/sftp-key", "not-a-real-sftp-key")
	_, err = parameters.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{
		Name: aws.String("/" + env + "/shop/token/signing-key"), ParameterVersion: aws.Int64(2), Labels: []string{"current"},
	})
	if err != nil {
		t.Fatal(err)
	}
}
