// Package citest checks that the recipes for CIs do what docs/ci says: it runs the commands of their files as each CI
// runs them, from the installation of a release to the published layer, against an embedded AWS that plays the account.
package citest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/internal/tokentest"
)

const (
	account   = "111111111111"
	region    = "us-west-2"
	version   = "v1.2.3" // the release that the recipes install
	value     = "not-a-real-password-of-citest"
	layerARN  = "arn:aws:lambda:us-west-2:111111111111:layer:shop-dev:1"
	planRole  = "arn:aws:iam::111111111111:role/bundle-plan"
	buildRole = "arn:aws:iam::111111111111:role/bundle-build"
)

const manifest = `bundle {
  name  = "shop"
  layer = "shop-${environment.name}"
}
environment "dev" {
  account_id = "111111111111"
  regions    = ["us-west-2"]
}
function "checkout" {
  deployed_as = "shop-checkout"
  kms_key     = "alias/checkout"
  secret "DB_PASSWORD" { parameter = "/shop/db" }
}
`

// folder is where program puts the command; "" until then.
var folder string

// program compiles the command once for all tests.
var program = sync.OnceValues(func() (path string, err error) {
	if folder, err = os.MkdirTemp("", "citest-"); err != nil {
		return "", err
	}
	path = filepath.Join(folder, "bundle")
	return path, needs.Bundle(path)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

// A world is an account in AWS, a server with a release, and a CI's checkout of a repository.
type world struct {
	aws      *awslocal.Server
	endpoint string
	releases string
	issuer   tokentest.Issuer
	policies map[string]json.RawMessage // of the roles, by ARN
	bin      string                     // first on PATH
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("-short, or not Linux: runs the shells of CIs")
	}
	needs.Program(t, "curl", "Debian: apt-get install curl")
	bundle, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{issuer: tokentest.New(t), bin: t.TempDir()}
	if w.aws, err = awslocal.New(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.aws.Close() })
	if w.endpoint, err = w.aws.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	// The command refuses endpoints from variables, so what is released here adds the address to its command line.
	w.release(t, fmt.Sprintf("#!/bin/sh\ncase $* in validate* | *' --offline'*) exec %q \"$@\" ;; esac\nexec %q \"$@\" --endpoint-url %q\n", bundle, bundle, w.endpoint))
	w.furnish(t, bundle)
	return w
}

// release serves a program as a release.
func (w *world) release(t *testing.T, script string) {
	t.Helper()
	var archive bytes.Buffer
	z := gzip.NewWriter(&archive)
	tarball := tar.NewWriter(z)
	if err := tarball.WriteHeader(&tar.Header{Name: "bundle", Mode: 0o755, Size: int64(len(script))}); err != nil {
		t.Fatal(err)
	}
	if _, err := tarball.Write([]byte(script)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tarball.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("bundle_%s_linux_%s.tar.gz", strings.TrimPrefix(version, "v"), runtime.GOARCH)
	files := map[string][]byte{
		"/" + version + "/" + name:       archive.Bytes(),
		"/" + version + "/checksums.txt": fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(archive.Bytes()), name),
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if content, ok := files[r.URL.Path]; ok {
			_, _ = rw.Write(content)
			return
		}
		http.NotFound(rw, r)
	}))
	t.Cleanup(server.Close)
	w.releases = server.URL
}

// furnish creates the key and the parameter, and the roles with the policies that bundle policy prints.
func (w *world) furnish(t *testing.T, bundle string) {
	t.Helper()
	id, secret := sts.NewAccessKey("AKIA")
	everything := json.RawMessage(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)
	if err := w.aws.PutRole(sts.Role{Name: "admin", Account: account, AccessKeyID: id, SecretAccessKey: secret, Policy: everything}); err != nil {
		t.Fatal(err)
	}
	c := aws.Config{Region: region, BaseEndpoint: &w.endpoint, Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")}
	key, err := kms.NewFromConfig(c).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = kms.NewFromConfig(c).CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/checkout"), TargetKeyId: key.KeyMetadata.KeyId})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ssm.NewFromConfig(c).PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/shop/db"), Type: types.ParameterTypeSecureString, Value: aws.String(value)})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "secrets.hcl"), manifest)
	w.policies = map[string]json.RawMessage{}
	for role, kind := range map[string]string{planRole: "plan", buildRole: "ci"} {
		cmd := exec.CommandContext(t.Context(), bundle, "policy", "--env", "dev", "--kind", kind, "--endpoint-url", w.endpoint)
		cmd.Dir, cmd.Env = dir, []string{"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret, "HOME=" + dir}
		policy, err := cmd.Output()
		if err != nil {
			t.Fatalf("bundle policy --kind %s: %v", kind, err)
		}
		w.policies[role] = policy
	}
	w.aws.ResetCalls()
}

// trust gives a role a trust policy, and the account the identity provider that the policy names.
func (w *world) trust(t *testing.T, role string, p trustPolicy) {
	t.Helper()
	if p.issuer != "" {
		if err := w.aws.PutProvider(sts.Provider{Account: account, URL: p.issuer, Audiences: []string{p.audience}, JWKS: w.issuer.JWKS(t)}); err != nil {
			t.Fatal(err)
		}
	}
	name := role[strings.LastIndex(role, "/")+1:]
	if err := w.aws.PutRole(sts.Role{Name: name, Account: account, Policy: w.policies[role], TrustPolicy: json.RawMessage(p.document)}); err != nil {
		t.Fatal(err)
	}
}

// token is a token that the issuer of a policy signs for a subject.
func (w *world) token(t *testing.T, p trustPolicy, subject string) string {
	t.Helper()
	return w.issuer.Sign(t, tokentest.RS256, map[string]any{"iss": p.issuer, "aud": p.audience, "sub": subject, "exp": time.Now().Add(5 * time.Minute).Unix()})
}

// A job is commands of a recipe, with the variables that the recipe gives them.
type job struct {
	shell []string // what its CI runs a script with
	steps []string // each in a shell of its own
	env   []string
}

// traced returns a job whose shell prints its commands, as "set -x" does.
func (j job) traced() job {
	j.shell = slices.Insert(slices.Clone(j.shell), len(j.shell)-1, "-x")
	return j
}

// inSh returns a job that runs in sh.
func (j job) inSh() job {
	j.shell = []string{"sh", "-e", "-c"}
	return j
}

// An outcome is what came of a job.
type outcome struct {
	dir  string // the checkout afterwards
	log  string
	code int
}

// run runs a job in a new checkout, with the variables of its CI. Everything that it leaves behind outside of the checkout
// and everything that should not be in a log is an error.
func (w *world) run(t *testing.T, j job, env []string, secrets ...string) outcome {
	t.Helper()
	dir, temporary, home := t.TempDir(), t.TempDir(), t.TempDir()
	filetest.Write(t, filepath.Join(dir, "secrets.hcl"), manifest)
	filetest.Write(t, filepath.Join(dir, "ci", "install.sh"), filetest.Read(t, filepath.Join(filetest.Root(t), "examples/ci/install.sh")))
	environ := slices.Concat([]string{
		"PATH=" + w.bin + ":" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + temporary, "CI=true", "BUNDLE_RELEASES=" + w.releases,
	}, env, j.env)
	o := outcome{dir: dir}
	for _, step := range j.steps {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, j.shell[0], append(slices.Clone(j.shell[1:]), step)...)
		cmd.Dir, cmd.Env = dir, environ
		out, err := cmd.CombinedOutput()
		cancel()
		o.log += string(out)
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if o.code = cmd.ProcessState.ExitCode(); o.code != 0 {
			break
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v %v", left, err)
	}
	for _, secret := range append(secrets, value) {
		if secret != "" && strings.Contains(o.log, secret) {
			t.Errorf("a secret is in the log:\n%s", o.log)
		}
	}
	w.nowhere(t, dir, append(secrets, value))
	return o
}

// nowhere checks that no file of a folder contains a secret.
func (w *world) nowhere(t *testing.T, dir string, secrets []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content := filetest.Read(t, path)
		for _, secret := range secrets {
			if secret != "" && strings.Contains(content, secret) {
				t.Errorf("%s contains a secret", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// newKey gives a role an access key, which acts as the role.
func newKey(t *testing.T, w *world, role string) (id, secret string) {
	t.Helper()
	id, secret = sts.NewAccessKey("AKIA")
	name := role[strings.LastIndex(role, "/")+1:]
	if err := w.aws.PutRole(sts.Role{Name: name, Account: account, AccessKeyID: id, SecretAccessKey: secret, Policy: w.policies[role]}); err != nil {
		t.Fatal(err)
	}
	return id, secret
}
