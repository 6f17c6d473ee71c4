package local

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/needs"
)

// walkSample has the role that the profile of the walk assumes.
const walkSample = `{
  "parameters": [{"name": "/walk/other", "type": "String", "value": "other"}],
  "roles": [{"name": "reader", "trust": ["arn:aws:iam::000000000000:root"], "policy": {
    "Version": "2012-10-17",
    "Statement": [
      {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:*:*:parameter/walk/app/*"},
      {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    ]
  }}]
}`

// walkProfile is an AWS configuration file with a profile that assumes the role with the credentials of bundle local env.
const walkProfile = "[profile reader]\nrole_arn = arn:aws:iam::000000000000:role/reader\ncredential_source = Environment\n"

// TestSDKsCanDoAllOfIt makes each SDK do what docs/local.md says that a program can do. All print testdata/clients/walk.txt.
func TestSDKsCanDoAllOfIt(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts other programs")
	}
	if runtime.GOOS == "windows" {
		t.Skip("the variables are for a POSIX shell")
	}
	want, err := os.ReadFile("testdata/clients/walk.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]func(*testing.T) []string{
		"boto3": func(t *testing.T) []string {
			need(t, "PyPI: pip install boto3", "python3", "-c", "import boto3")
			return []string{"python3", "testdata/clients/walk.py"}
		},
		"JavaScript SDK v3": func(t *testing.T) []string {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("testdata/clients")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(needs.AWSClients(t, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
				t.Fatal(err)
			}
			return []string{"node", filepath.Join(dir, "walk.mjs")}
		},
		"Java SDK v2": func(t *testing.T) []string {
			java := needs.Program(t, "java", "a JDK, 17 or later; Debian: apt-get install default-jdk-headless")
			return []string{java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(needs.AWSClients(t, "java"), "*"), "testdata/clients/java/Walk.java"}
		},
		"Go SDK v2": func(t *testing.T) []string {
			return []string{"env", "GOWORK=off", "GOFLAGS=-mod=readonly", "go", "run", "-C", "testdata/clients/go", "."}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, calls := walked(t, command(t))
			if got != string(want) {
				t.Errorf("it prints\n%s\nwant\n%s", got, want)
			}
			for operation, times := range map[string]int{
				"ssm:ListTagsForResource": 3, "kms:ListKeyPolicies": 3, "kms:GenerateDataKeyWithoutPlaintext": 2, "lambda:DeleteLayerVersion": 4,
			} {
				if calls[operation] != times {
					t.Errorf("it calls %s %d times, want %d", operation, calls[operation], times)
				}
			}
		})
	}
}

// walked runs a walk against an embedded AWS of its own, with the variables of bundle local env. It returns what the walk prints,
// without what differs from run to run, and the calls.
func walked(t *testing.T, args []string) (printed string, calls map[string]int) {
	t.Helper()
	data, dir := t.TempDir(), t.TempDir()
	server, _, err := awslocal.Serve(t.Context(), data, "127.0.0.1:0", awslocal.WithSeed([]byte(walkSample)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	client, err := awslocal.Attach(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	failed := func(operation string, nth, times, status int, code string) awslocal.Fault {
		return awslocal.Fault{Operation: operation, Nth: nth, Times: times, Kind: awslocal.Fail, Status: status, Code: code, Message: "Rate exceeded"}
	}
	server.Inject(
		failed("sts:GetCallerIdentity", 1, 1, 400, "Throttling"),
		failed("ssm:ListTagsForResource", 1, 2, 400, "ThrottlingException"),
		failed("kms:ListKeyPolicies", 1, 2, 500, "KMSInternalException"),
		failed("lambda:DeleteLayerVersion", 2, 2, 429, "TooManyRequestsException"),
		awslocal.Fault{Operation: "kms:GenerateDataKeyWithoutPlaintext", Times: 1, Kind: awslocal.Reset},
	)
	archive, config := filepath.Join(dir, "layer.zip"), filepath.Join(dir, "config")
	for path, content := range map[string]string{archive: layerOf(t, 3<<20), config: walkProfile} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C.UTF-8"}
	script := strings.Join(environ(client, awslocal.Region, before), "\n") + "\nexport AWS_CONFIG_FILE=\"$1\" WALK_ARCHIVE=\"$2\"\nshift 2\nexec \"$@\""
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", script, "sh", config, archive}, args...)...)
	cmd.Env = before
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v\n%s", err, complaints.String())
	}
	return settled(string(out)), server.Calls()
}

// layerOf returns an archive with a file of so many bytes.
func layerOf(t *testing.T, size int) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("bundle/file")
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, size)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(noise); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// settled returns what a walk prints without the IDs of keys, the names of sessions, Python's capitals, and the word of the JavaScript
// SDK for an error without a message.
func settled(printed string) string {
	for _, each := range [][2]string{
		{`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "ID"},
		{`role/reader/\S+`, "role/reader/SESSION"},
		{`\bTrue\b`, "true"},
		{`(?m)( UnknownError| )$`, ""},
	} {
		printed = regexp.MustCompile(each[0]).ReplaceAllString(printed, each[1])
	}
	return printed
}
