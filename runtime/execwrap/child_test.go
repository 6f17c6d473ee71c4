//go:build unix

package execwrap_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/runtime/execwrap"
)

const vectorDir = "../../layerbuild/sealed/testdata/vectors"

// TestMain makes the test binary also the wrapper, and the program that the
// wrapper becomes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "@wrapper":
			w := execwrap.Wrapper{Args: os.Args[2:], Environ: os.Environ(), Stderr: os.Stderr}
			os.Exit(w.Run(context.Background()))
		case "@program":
			tell(os.Stdout)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// told is what a program reports about itself, with digests instead of values.
type told struct {
	PID  int
	Args []string
	Env  map[string]string // SHA-256 of each value
}

func tell(w io.Writer) {
	me := told{PID: os.Getpid(), Args: os.Args, Env: map[string]string{}}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		me.Env[name] = digest(value)
	}
	_ = json.NewEncoder(w).Encode(me)
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// A place is an unpacked layer of one vector's document, and the embedded AWS.
type place struct {
	dir     string
	env     []string
	secrets map[string]string // name to digest
}

func newPlace(t *testing.T, vector string) place {
	t.Helper()
	seed, err := os.ReadFile(filepath.Join(vectorDir, "vectors.seed.json"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := awslocal.New(awslocal.WithSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	text, err := os.ReadFile(filepath.Join(vectorDir, vector+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	header, document, _ := strings.Cut(string(text), "\n\n")
	p := place{dir: t.TempDir(), secrets: map[string]string{}}
	for line := range strings.SplitSeq(header, "\n") {
		if value, ok := strings.CutPrefix(line, "secret: "); ok {
			name, encoded, _ := strings.Cut(value, " ")
			sum, ok := strings.CutPrefix(encoded, "sha256:")
			if !ok {
				b, err := base64.StdEncoding.DecodeString(encoded)
				if err != nil {
					t.Fatal(err)
				}
				sum = digest(string(b))
			}
			p.secrets[name] = sum
		}
	}
	folder := filepath.Join(p.dir, "bundle", "functions")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "payments-prod-hello.sealed"), []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	id, key := server.Credentials()
	p.env = []string{"AWS_REGION=us-east-1", "AWS_LAMBDA_FUNCTION_NAME=payments-prod-hello", "AWS_ENDPOINT_URL_KMS=" + url,
		"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key, "BUNDLE_SECRETS_DIR=" + p.dir, "PATH=" + os.Getenv("PATH")}
	return p
}

// wrapper prepares a run of the wrapper with the program as its command.
func wrapper(t *testing.T, p place, env []string, args ...string) (c *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	c = exec.Command(self, append([]string{"@wrapper", self, "@program"}, args...)...)
	c.Env, c.Stdout, c.Stderr = append(slices.Clone(p.env), env...), stdout, stderr
	return c, stdout, stderr
}

func TestProgramFindsTheSecrets(t *testing.T) {
	for _, vector := range []string{"ok-env", "ok-quotes", "ok-utf-8", "ok-white-space", "ok-64k", "ok-two-parts", "ok-blind", "ok-base64"} {
		t.Run(vector, func(t *testing.T) {
			p := newPlace(t, vector)
			c, stdout, stderr := wrapper(t, p, []string{"OWN=1"}, "a b", "", "$(id)")
			if err := c.Run(); err != nil {
				t.Fatalf("%v: %s", err, stderr)
			}
			var got told
			if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			for name, want := range p.secrets {
				if got.Env[name] != want {
					t.Errorf("%s did not arrive as it is", name)
				}
				delete(got.Env, name)
			}
			for _, variable := range c.Env {
				name, value, _ := strings.Cut(variable, "=")
				if got.Env[name] != digest(value) {
					t.Errorf("%s was changed", name)
				}
				delete(got.Env, name)
			}
			if len(got.Env) != 0 {
				t.Errorf("%d unexpected variables", len(got.Env))
			}
			if got.PID != c.Process.Pid {
				t.Error("the program is not the same process as the wrapper")
			}
			if want := []string{c.Args[2], "@program", "a b", "", "$(id)"}; !slices.Equal(got.Args, want) {
				t.Errorf("arguments %q, want %q", got.Args, want)
			}
			if stderr.Len() != 0 {
				t.Errorf("said %q", stderr)
			}
		})
	}
}

func TestVariableOfTheConfigurationIsKept(t *testing.T) {
	p := newPlace(t, "ok-env")
	c, stdout, stderr := wrapper(t, p, []string{"LOG_TOKEN=configured-canary"})
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	var got told
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Env["LOG_TOKEN"] != digest("configured-canary") || got.Env["DB_PASSWORD"] != p.secrets["DB_PASSWORD"] {
		t.Error("the configured variable was replaced, or the secret is missing")
	}
	if line := stderr.String(); !strings.Contains(line, "LOG_TOKEN") || strings.Contains(line, "canary") || strings.Count(line, "\n") != 1 {
		t.Errorf("said %q", line)
	}
}

func TestNextWrapperRunsInBetween(t *testing.T) {
	p := newPlace(t, "ok-env")
	next := filepath.Join(p.dir, "next wrapper")
	script := "#!/bin/sh\nNEXT_RAN=\"$#\"\nexport NEXT_RAN\nexec \"$@\"\n"
	if err := os.WriteFile(next, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	c, stdout, stderr := wrapper(t, p, []string{"BUNDLE_SECRETS_NEXT_WRAPPER=" + next}, "a b")
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	var got told
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Env["NEXT_RAN"] != digest("3") || got.Env["DB_PASSWORD"] != p.secrets["DB_PASSWORD"] || got.PID != c.Process.Pid {
		t.Error("the next wrapper did not run as it should")
	}
	if _, there := got.Env["BUNDLE_SECRETS_NEXT_WRAPPER"]; there {
		t.Error("the next wrapper would run itself again")
	}
	if !slices.Equal(got.Args[1:], []string{"@program", "a b"}) {
		t.Errorf("arguments %q", got.Args)
	}
}

func TestSnapStartWithPermission(t *testing.T) {
	p := newPlace(t, "ok-env")
	c, _, stderr := wrapper(t, p, []string{"AWS_LAMBDA_INITIALIZATION_TYPE=snap-start", "BUNDLE_SECRETS_ALLOW_SNAPSTART=1"})
	if err := c.Run(); err != nil {
		t.Errorf("%v: %s", err, stderr)
	}
}

func TestFailureIsReportedToTheRuntimeAPI(t *testing.T) {
	cases := []struct {
		vector string
		env    []string
		kind   string
		status int
	}{
		{"key-denied", nil, "Runtime.SecretsAccessDenied", 77},
		{"key-disabled", nil, "Runtime.SecretsKeyUnusable", 69},
		{"wrong-key", nil, "Runtime.SecretsWrongKey", 65},
		{"tampered-swapped", nil, "Runtime.SecretsTampered", 65},
		{"f17-boxes", nil, "Runtime.SecretsBadDocument", 65},
		{"f04-next", nil, "Runtime.SecretsUnknownFormat", 65},
		{"env-node-options", nil, "Runtime.SecretsReservedVariable", 78},
		{"env-nul", nil, "Runtime.SecretsBadValue", 78},
		{"ok-env", []string{"BUNDLE_SECRETS_ENVIRONMENT=staging"}, "Runtime.SecretsWrongEnvironment", 65},
		{"ok-env", []string{"BUNDLE_SECRETS_FUNCTION=another"}, "Runtime.SecretsBundleNotFound", 66},
		{"ok-env", []string{"BUNDLE_SECRETS_ALLOW_SNAPSTART=yes", "AWS_LAMBDA_INITIALIZATION_TYPE=snap-start"}, "Runtime.SecretsBadSetting", 78},
		{"ok-env", []string{"AWS_LAMBDA_INITIALIZATION_TYPE=snap-start"}, "Runtime.SecretsSnapstartRefused", 78},
		{"ok-env", []string{"AWS_SECRET_ACCESS_KEY=wrong"}, "Runtime.SecretsCredentials", 77},
		{"ok-env", []string{"AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1"}, "Runtime.SecretsUnavailable", 75},
		{"ok-env", []string{"BUNDLE_SECRETS_NEXT_WRAPPER=/no/such/file"}, "Runtime.SecretsExecFailed", 127},
	}
	for _, tc := range cases {
		t.Run(tc.kind+" "+tc.vector, func(t *testing.T) {
			var kind, path string
			var body struct{ ErrorMessage, ErrorType string }
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				kind, path = r.Header.Get("Lambda-Runtime-Function-Error-Type"), r.Method+" "+r.URL.Path
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
					t.Error(err)
				}
				w.WriteHeader(http.StatusAccepted)
			}))
			defer api.Close()
			p := newPlace(t, tc.vector)
			env := append([]string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"), "HTTP_PROXY=http://127.0.0.1:1"}, tc.env...)
			c, stdout, stderr := wrapper(t, p, nil)
			c.Env = overlaid(c.Env, env)
			c.Run()
			if c.ProcessState.ExitCode() != tc.status || kind != tc.kind || body.ErrorType != tc.kind || path != "POST /2018-06-01/runtime/init/error" {
				t.Errorf("status %d, reported %q as %q and %q", c.ProcessState.ExitCode(), path, kind, body.ErrorType)
			}
			if line := stderr.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, body.ErrorMessage) || body.ErrorMessage == "" {
				t.Errorf("said %q, reported %q", line, body.ErrorMessage)
			}
			if stdout.Len() != 0 || strings.Contains(stderr.String(), "sample-") {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
		})
	}
}

// overlaid returns env with variables added or replaced, none of them twice.
func overlaid(env, with []string) []string {
	for _, variable := range with {
		name, _, _ := strings.Cut(variable, "=")
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		env = append(env, variable)
	}
	return env
}

func TestTooLargeForExecve(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux limits the size of one variable")
	}
	var stderr bytes.Buffer
	w := execwrap.Wrapper{Args: []string{"/bin/sh", "-c", "exit 0"}, Stderr: &stderr, All: func(context.Context) (map[string]string, error) {
		return map[string]string{"BIG": strings.Repeat("canary", 40_000)}, nil
	}}
	if status := w.Run(t.Context()); status != 126 || !strings.Contains(stderr.String(), syscall.E2BIG.Error()) || strings.Contains(stderr.String(), "canary") {
		t.Errorf("status %d, said %.200q", status, stderr.String())
	}
}

func TestScriptChoosesAnArchitectureAndStartsNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the layer is for Linux")
	}
	script, err := execwrap.Files.ReadFile("files/bundle/exec")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(script, []byte("#!/bin/sh\n")) || bytes.ContainsAny(script, "\r") {
		t.Error("the script does not begin with its interpreter, or has CR")
	}
	dir := filepath.Join(t.TempDir(), "with space", "bundle")
	want := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	if want == "" {
		t.Skip("layers contain binaries for x86_64 and arm64")
	}
	for _, arch := range []string{"x86_64", "arm64"} {
		bin := filepath.Join(dir, "bin", arch)
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		stub := "#!/bin/sh\nprintf '%s|' " + arch + " \"$@\"\necho $$\n"
		if err := os.WriteFile(filepath.Join(bin, "bundle-exec"), []byte(stub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "exec")
	if err := os.WriteFile(path, script, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "a b", "", "$(id)", "*")
	c.Env = []string{} // it needs no PATH
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	fields := strings.Split(strings.TrimSpace(out.String()), "|")
	if wanted := []string{want, "a b", "", "$(id)", "*", strconv.Itoa(c.Process.Pid)}; !slices.Equal(fields, wanted) {
		t.Errorf("got %q, want %q", fields, wanted)
	}
}
