package awslocal_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/needs"
)

const walked = `put version 1
listed /local/walk/password
decrypted not-a-real-password
opened not-a-real-password
refused InvalidCiphertextException
deleted
`

// The walk of docs/local.md, by programs that know nothing of this server. Each sees the same. (The AWS CLI, which takes a second a
// call, walks where the page's commands are run.)
func TestSDKsTakeTheWalk(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts other programs")
	}
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples", "local"))
	if err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]func(*testing.T) []string{
		"boto3": func(t *testing.T) []string {
			need(t, "PyPI: pip install boto3", "python3", "-c", "import boto3")
			return []string{"python3", filepath.Join(examples, "walk.py")}
		},
		"JavaScript SDK v3": func(t *testing.T) []string {
			return []string{"node", javascript(t, filepath.Join(examples, "walk.mjs"))}
		},
		"Go SDK v2": func(*testing.T) []string { return []string{"go", "run", filepath.Join(examples, "walk.go")} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := command(t)
			w := start(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, args[0], args[1:]...)
			id, key := w.Credentials()
			cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+w.url, "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+key, "AWS_SESSION_TOKEN=",
				"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
			var complaints strings.Builder
			cmd.Stderr = &complaints
			out, err := cmd.Output()
			if err != nil || string(out) != walked {
				t.Errorf("%v\n%s%s", err, out, complaints.String())
			}
		})
	}
}

// need skips a test for want of a program that works, or fails it where BUNDLE_TEST_REQUIRE is set.
func need(t *testing.T, from, program string, args ...string) {
	t.Helper()
	if exec.CommandContext(t.Context(), program, args...).Run() == nil {
		return
	}
	needs.Missing(t, "%s %s does not work (%s)", program, strings.Join(args, " "), from)
}

// javascript puts a program beside the packages that it imports.
func javascript(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(needs.AWSClients(t, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(copied, program, 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}
