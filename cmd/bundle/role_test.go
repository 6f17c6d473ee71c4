package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/policy"
)

// Every command takes on no more rights of the environment's role than it needs.
func TestSessionsHaveTheRightsOfTheirCommand(t *testing.T) {
	const manifest = `
bundle {
  name  = "shop"
  layer = "shop"
}
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/build"
}
environment "other" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/build"
}
function "hello" {
  kms_key = "alias/hello"
  secret "PASSWORD" { parameter = "/prod/password" }
}
`
	server, err := awslocal.New()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	id, key := sts.NewAccessKey("AKIA")
	for _, r := range []sts.Role{
		{Name: "ci", Account: "222222222222", AccessKeyID: id, SecretAccessKey: key},
		{Name: "build", Account: "222222222222", Trust: []string{"arn:aws:iam::222222222222:role/ci"}},
	} {
		r.Policy = json.RawMessage(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`)
		if err := server.PutRole(r); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	var sent []string // the policies
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") == "AssumeRole" {
			mu.Lock()
			sent = append(sent, form.Get("Policy"))
			mu.Unlock()
		}
		server.ServeHTTP(w, r)
	}))
	defer web.Close()
	cfg := aws.Config{Region: "us-west-2", BaseEndpoint: &web.URL, Credentials: credentials.NewStaticCredentialsProvider(id, key, "")}
	made, err := kms.NewFromConfig(cfg).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = kms.NewFromConfig(cfg).CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/hello"), TargetKeyId: made.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	if _, err = ssm.NewFromConfig(cfg).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/prod/password"), Type: ssmtypes.ParameterTypeSecureString, Value: aws.String("not-a-real-password"),
	}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, layer := filepath.Join(dir, "secrets.hcl"), filepath.Join(dir, "layer.zip")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", key)
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	looking := policy.Looking().Text()
	for _, tt := range []struct {
		args string
		want func(string) bool
	}{
		{"build --out " + layer, func(p string) bool {
			return strings.Contains(p, "kms:Encrypt") && !strings.Contains(p, "PublishLayerVersion")
		}},
		{"publish --layer " + layer, func(p string) bool { return strings.Contains(p, "PublishLayerVersion") && !strings.Contains(p, "kms:") }},
		{"plan", func(p string) bool { return p == looking }},
		{"plan --region us-west-2 --out " + layer, func(p string) bool { return p == looking }},
		{"status", func(p string) bool { return p == looking }},
		{"audit", func(p string) bool { return p == looking }},
		{"compare --env other", func(p string) bool { return p == looking }},
		{"put PASSWORD --dry-run", func(p string) bool { return p == looking }},
		{"put PASSWORD --keep-newline --from " + path, func(p string) bool {
			return strings.Contains(p, "ssm:PutParameter") && !strings.Contains(p, "PublishLayerVersion") && !strings.Contains(p, "ReEncrypt")
		}},
		{"rollout --dry-run", func(p string) bool { return p == looking }},
		{"rollout --yes", func(p string) bool {
			return strings.Contains(p, "lambda:UpdateFunctionConfiguration") && !strings.Contains(p, "lambda:GetFunction\"") && !strings.Contains(p, "ssm:")
		}},
		{"prune", func(p string) bool { return p == looking }},
		{"prune --yes", func(p string) bool {
			return strings.Contains(p, "lambda:DeleteLayerVersion") && !strings.Contains(p, "PublishLayerVersion") && !strings.Contains(p, "kms:")
		}},
		{"policy --kind ci", func(p string) bool { return p == looking }},
		{"doctor", func(p string) bool { return p == "" }},
	} {
		sent = nil
		var out, diagnostics bytes.Buffer
		args := append(strings.Fields("bundle "+tt.args), "--manifest", path, "--env", "prod", "--endpoint-url", web.URL)
		a := newApp(&console.Console{Args: args, Environ: append(os.Environ(), "CI="), Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
		if code := a.run(t.Context()); code != 0 {
			t.Fatalf("%s: exit code %d: %s", tt.args, code, &diagnostics)
		}
		if len(sent) != strings.Count(strings.Join(args, " "), "--env") {
			t.Errorf("%s: the role is assumed %d times", tt.args, len(sent))
		}
		for _, p := range sent {
			if !tt.want(p) || len(p) > policy.MaxSession {
				t.Errorf("%s: the role is assumed with %q", tt.args, p)
			}
		}
	}
}
