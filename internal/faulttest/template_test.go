//go:build unix

package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/needs"
)

const (
	account = "222222222222"
	region  = "us-west-2"
)

// A template is what every world begins as: the program, an account with keys, parameters and secrets, a manifest, and the layer
// that was built from them.
type template struct {
	program    string
	state      string // the folder of the embedded AWS
	id, secret string // of a role that may do everything
	layer      []byte
}

const (
	programVariable = "FAULTTEST_BUNDLE" // has the path of the command, which TestMain builds for all tests
	failVariable    = "FAULTTEST_FAIL"   // has the system call that is to fail in the command
)

func TestMain(m *testing.M) {
	if call := os.Getenv(failVariable); call != "" {
		panic(becomeFailing(call, os.Args[1:]))
	}
	dir, err := os.MkdirTemp("", "faulttest")
	if err != nil {
		panic(err)
	}
	program := filepath.Join(dir, "bundle")
	if err := needs.Bundle(program); err != nil {
		panic(err)
	}
	if err := os.Setenv(programVariable, program); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// newTemplate puts what the account has, and builds the layer. The account has keys alias/f0 to alias/f19, parameters /prod/p0 to
// /prod/p11, and secrets prod/s0 and prod/s1 of Secrets Manager with two versions each; the functions f0 and f1 of the manifest share them.
func newTemplate(t *testing.T) *template {
	t.Helper()
	p := &template{program: os.Getenv(programVariable), state: t.TempDir()}
	p.id, p.secret = sts.NewAccessKey("AKIA")
	p.administer(t, p.state, fill)
	s := newStage(t, p, &row{})
	if got := s.run(s.build()...); got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	p.layer = s.read(layerFile)
	return p
}

// administer changes an account that nothing is wrong with yet.
func (p *template) administer(t *testing.T, state string, change func(*testing.T, aws.Config)) {
	t.Helper()
	server, err := awslocal.New(awslocal.WithDir(state))
	if err != nil {
		t.Fatal(err)
	}
	err = server.PutRole(sts.Role{Name: "admin", Account: account, AccessKeyID: p.id, SecretAccessKey: p.secret, Policy: allowing("*", "*")})
	if err != nil {
		t.Fatal(err)
	}
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	change(t, p.config(url))
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
}

// config is for the clients of an administrator.
func (p *template) config(url string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(p.id, p.secret, "")}
}

// fill puts the keys, the parameters and the secrets.
func fill(t *testing.T, cfg aws.Config) {
	t.Helper()
	for i := range 20 {
		newKey(t, cfg, fmt.Sprintf("alias/f%d", i))
	}
	for i := range parameters {
		put(t, cfg, fmt.Sprintf("/prod/p%d", i), canary(i))
	}
	for i := range secrets {
		name, value := fmt.Sprintf("prod/s%d", i), canary(parameters+i)
		keep(t, cfg, name, value)
		change(t, cfg, name, value)
	}
}

func newKey(t *testing.T, cfg aws.Config, alias string) {
	t.Helper()
	client := kms.NewFromConfig(cfg)
	key, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err == nil {
		_, err = client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: key.KeyMetadata.KeyId})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, cfg aws.Config, name, value string) {
	t.Helper()
	_, err := ssm.NewFromConfig(cfg).PutParameter(context.WithoutCancel(t.Context()), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: ssmtypes.ParameterTypeSecureString, Tier: ssmtypes.ParameterTierIntelligentTiering, Overwrite: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keep creates a secret of Secrets Manager.
func keep(t *testing.T, cfg aws.Config, name, value string) {
	t.Helper()
	_, err := secretsmanager.NewFromConfig(cfg).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if err != nil {
		t.Fatal(err)
	}
}

// change gives a secret a new version.
func change(t *testing.T, cfg aws.Config, name, value string) {
	t.Helper()
	_, err := secretsmanager.NewFromConfig(cfg).PutSecretValue(context.WithoutCancel(t.Context()), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value})
	if err != nil {
		t.Fatal(err)
	}
}

// allowing is an IAM policy.
func allowing(action, resource string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": %q, "Resource": %q}]}`, action, resource))
}

const head = `bundle {
  name  = "shop"
  layer = "shop"
}
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
`

// function is the block of a function that has secrets P0, P1, … from parameters, and from secrets of Secrets Manager, whose names here do
// not begin with a slash.
func function(name string, sources ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "function %q {\n  kms_key = \"alias/%[1]s\"\n", name)
	for i, source := range sources {
		attribute := "secretsmanager"
		if strings.HasPrefix(source, "/") {
			attribute = "parameter"
		}
		fmt.Fprintf(&b, "  secret \"P%d\" { %s = %q }\n", i, attribute, source)
	}
	return b.String() + "}\n"
}

// numbered are the names /prod/pFROM to /prod/pTO, without the last.
func numbered(from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("/prod/p%d", i))
	}
	return all
}

// standard is the manifest of a world that has no other.
func standard() string {
	return head + function("f0", append(numbered(0, 10), "prod/s0", "prod/s1")...) + function("f1", numbered(10, parameters)...)
}
