package local

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/needs"
)

// hostile is an environment in which no SDK reaches an AWS by AWS_ENDPOINT_URL and keys alone.
func hostile(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	const config = `[default]
region = eu-north-1
endpoint_url = http://127.0.0.1:9
services = elsewhere
use_fips_endpoint = true
use_dualstack_endpoint = true
ignore_configured_endpoint_urls = true
credential_process = sh -c "exit 1"
ca_bundle = /none/ca.pem
[profile other]
role_arn = arn:aws:iam::111111111111:role/other
source_profile = default
[services elsewhere]
ssm =
  endpoint_url = http://127.0.0.1:9
kms =
  endpoint_url = http://127.0.0.1:9
`
	path := filepath.Join(dir, "config")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=",
		"AWS_CONFIG_FILE=" + path, "AWS_SHARED_CREDENTIALS_FILE=" + path, "AWS_PROFILE=other", "AWS_DEFAULT_PROFILE=other",
		"AWS_ENDPOINT_URL_SSM=http://127.0.0.1:9", "AWS_ENDPOINT_URL_KMS=http://127.0.0.1:9", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:9",
		"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "AWS_USE_FIPS_ENDPOINT=true", "AWS_USE_DUALSTACK_ENDPOINT=true",
		"AWS_SESSION_TOKEN=stale", "AWS_SECURITY_TOKEN=stale", "AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z",
		"AWS_ROLE_ARN=arn:aws:iam::111111111111:role/other", "AWS_ROLE_SESSION_NAME=s", "AWS_WEB_IDENTITY_TOKEN_FILE=/none/token",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9/", "AWS_CONTAINER_AUTHORIZATION_TOKEN=stale",
		"AWS_CA_BUNDLE=/none/ca.pem", "AWS_DEFAULTS_MODE=none", "AWS_AUTH_SCHEME_PREFERENCE=sigv4a",
		"HTTP_PROXY=http://127.0.0.1:9", "http_proxy=http://127.0.0.1:9", "NO_PROXY=example.com",
	}
}

// TestSDKsObeyLocalEnv runs the walk of docs/local.md where everything would lead elsewhere.
func TestSDKsObeyLocalEnv(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts other programs")
	}
	if runtime.GOOS == "windows" {
		t.Skip("the variables are for a POSIX shell")
	}
	examples, err := filepath.Abs(filepath.Join("..", "..", "..", "examples", "local"))
	if err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]func(*testing.T) (dir string, args []string){
		"boto3": func(t *testing.T) (string, []string) {
			need(t, "PyPI: pip install boto3", "python3", "-c", "import boto3")
			return examples, []string{"python3", "walk.py"}
		},
		"JavaScript SDK v3": func(t *testing.T) (string, []string) {
			dir := t.TempDir()
			if err := os.Symlink(needs.AWSClients(t, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(dir, os.DirFS(examples)); err != nil {
				t.Fatal(err)
			}
			return dir, []string{"node", "walk.mjs"}
		},
		"Go SDK v2": func(*testing.T) (string, []string) { return examples, []string{"go", "run", "walk.go"} },
		"AWS CLI": func(t *testing.T) (string, []string) {
			return examples, []string{"env", "PATH=" + needs.AWS(t) + ":" + os.Getenv("PATH"), "bash", "walk.sh"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, args := command(t)
			data := t.TempDir()
			server, url, err := awslocal.Serve(t.Context(), data, "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			client, err := awslocal.Attach(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			before := hostile(t)
			run := func(script string) (string, error) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", script + "\nexec \"$@\"", "sh"}, args...)...)
				cmd.Dir, cmd.Env = dir, before
				var complaints strings.Builder
				cmd.Stderr = &complaints
				out, err := cmd.Output()
				if err != nil {
					return complaints.String(), err
				}
				return string(out), nil
			}
			out, err := run(strings.Join(environ(client, awslocal.Region, before), "\n"))
			if err != nil || !strings.HasSuffix(out, "refused InvalidCiphertextException\ndeleted\n") {
				t.Errorf("%v\n%s", err, out)
			}
			id, secret := client.Credentials()
			if out, err := run("export AWS_ENDPOINT_URL=" + url + " AWS_ACCESS_KEY_ID=" + id + " AWS_SECRET_ACCESS_KEY=" + secret); err == nil {
				t.Errorf("the environment is not hostile: %s", out)
			}
		})
	}
}

func need(t *testing.T, from, program string, args ...string) {
	t.Helper()
	if exec.CommandContext(t.Context(), program, args...).Run() != nil {
		needs.Missing(t, "%s %s does not work (%s)", program, strings.Join(args, " "), from)
	}
}

func TestLocalEnvUnsetsTheEndpointsOfOtherServices(t *testing.T) {
	all := diverting([]string{"AWS_ENDPOINT_URL_S3=x", "AWS_ENDPOINT_URL_KMS=x", "AWS_ENDPOINT_URL_X;id=x", "AWS_ENDPOINT_URL=x", "AWS_ENDPOINT_URL_"})
	if !slices.Contains(all, "AWS_ENDPOINT_URL_S3") || slices.Contains(all, "AWS_ENDPOINT_URL_X;id") || slices.Contains(all, "AWS_ENDPOINT_URL") {
		t.Errorf("it unsets %q", all)
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != len(all) {
		t.Errorf("it unsets one twice: %q", all)
	}
}

func TestLocalEnvGoesAroundProxies(t *testing.T) {
	for before, want := range map[string]string{
		"":                                "",
		"HTTPS_PROXY=http://p":            "", // the address has no TLS
		"NO_PROXY=a":                      "",
		"http_proxy=":                     "",
		"HTTP_PROXY=http://p":             "127.0.0.1,localhost,::1",
		"all_proxy=socks5://p NO_PROXY=a": "a,127.0.0.1,localhost,::1",
		"http_proxy=p no_proxy=a,127.0.0.1, NO_PROXY=b,a": "a,127.0.0.1,b,localhost,::1",
	} {
		got := ""
		for _, variable := range aroundProxies(strings.Fields(before)) {
			got = variable[1]
		}
		if got != want {
			t.Errorf("%s: %q, want %q", before, got, want)
		}
	}
	if got := console.ShellWord(`a'b$(id)`); got != `'a'\''b$(id)'` {
		t.Errorf("quoted: %s", got)
	}
}
