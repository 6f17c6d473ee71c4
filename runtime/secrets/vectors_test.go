package secrets_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/runtime/secrets"
)

const vectorDir = "../../layerbuild/sealed/testdata/vectors"

// A vector is one file of vectorDir; its README.md says what the lines mean.
type vector struct {
	expect, call      string
	files, env, unset []string
	secrets, bytes    map[string]string
	document          string
}

func readVector(t *testing.T, path string) vector {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header, document, ok := strings.Cut(string(text), "\n\n")
	if !ok {
		t.Fatal("no empty line")
	}
	v := vector{call: "all", secrets: map[string]string{}, bytes: map[string]string{}, document: document}
	for line := range strings.SplitSeq(header, "\n") {
		key, value, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("no key in %q", line)
		}
		switch key {
		case "comment", "rule":
		case "expect":
			v.expect = value
		case "call":
			v.call = value
		case "file":
			v.files = append(v.files, value)
		case "env":
			v.env = append(v.env, value)
		case "unset":
			v.unset = append(v.unset, value)
		case "secret", "bytes":
			name, want, _ := strings.Cut(value, " ")
			map[string]map[string]string{"secret": v.secrets, "bytes": v.bytes}[key][name] = want
		default:
			t.Fatalf("key %q is not known", key)
		}
	}
	return v
}

// agrees compares a value with the line about it, and never prints it.
func agrees(got, want string) bool {
	if digest, ok := strings.CutPrefix(want, "sha256:"); ok {
		sum := sha256.Sum256([]byte(got))
		return hex.EncodeToString(sum[:]) == digest
	}
	return base64.StdEncoding.EncodeToString([]byte(got)) == want
}

// embedded starts the embedded AWS with the keys of the vectors.
func embedded(t *testing.T) (server *awslocal.Server, url string) {
	t.Helper()
	seed, err := os.ReadFile(filepath.Join(vectorDir, "vectors.seed.json"))
	if err != nil {
		t.Fatal(err)
	}
	server, err = awslocal.New(awslocal.WithSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	url, err = server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, url
}

// environment returns the variables that every vector starts with.
func environment(server *awslocal.Server, url, dir string) map[string]string {
	id, key := server.Credentials()
	return map[string]string{
		"AWS_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "payments-prod-hello", "AWS_ENDPOINT_URL_KMS": url,
		"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key, "BUNDLE_SECRETS_DIR": dir,
	}
}

func listed(vars map[string]string) func() []string {
	var all []string
	for name, value := range vars {
		all = append(all, name+"="+value)
	}
	return func() []string { return all }
}

// TestVectors runs every vector, like the tests of all languages. It covers F-22
// to F-33.
func TestVectors(t *testing.T) {
	server, url := embedded(t)
	paths, err := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d vectors and %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			v := readVector(t, path)
			dir := t.TempDir()
			v.place(t, dir)
			vars := environment(server, url, dir)
			for _, e := range v.env {
				name, value, _ := strings.Cut(e, "=")
				vars[name] = strings.ReplaceAll(value, "{endpoint}", url)
			}
			for _, name := range v.unset {
				delete(vars, name)
			}
			c := secrets.New(secrets.Options{Environ: listed(vars)})
			got, err := v.make(t, c)
			v.check(t, got, err)
			if v.expect == "ok" && v.call == "all" {
				v.checkEach(t, c)
			}
		})
	}
}

func (v vector) place(t *testing.T, dir string) {
	t.Helper()
	folder := filepath.Join(dir, "bundle", "functions")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range v.files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(v.document), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// make makes the vector's call and returns its values.
func (v vector) make(t *testing.T, c *secrets.Client) (map[string]string, error) {
	t.Helper()
	ctx := context.Background()
	kind, name, _ := strings.Cut(v.call, " ")
	one := func(value string, err error) (map[string]string, error) {
		if err != nil && value != "" {
			t.Error("a value came with an error")
		}
		return map[string]string{name: value}, err
	}
	switch kind {
	case "all":
		return c.All(ctx)
	case "get":
		return one(c.Get(ctx, name))
	case "bytes":
		value, err := c.Bytes(ctx, name)
		return one(string(value), err)
	case "env":
		return v.load(t, c)
	}
	t.Fatalf("call %q is not known", v.call)
	return nil, nil
}

// load calls LoadEnv, and returns and unsets the new variables.
func (v vector) load(t *testing.T, c *secrets.Client) (map[string]string, error) {
	before := map[string]bool{}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		before[name] = true
	}
	for name := range v.secrets {
		if before[name] {
			t.Fatalf("%s is set in the environment of the test", name)
		}
	}
	err := c.LoadEnv(context.Background())
	set := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if !before[name] {
			set[name] = value
			os.Unsetenv(name)
		}
	}
	if err != nil && len(set) > 0 {
		t.Errorf("%d variables were set despite the error", len(set))
	}
	return set, err
}

func (v vector) check(t *testing.T, got map[string]string, err error) {
	t.Helper()
	if v.expect != "ok" {
		if string(secrets.CodeOf(err)) != v.expect {
			t.Errorf("got %v, want %s", err, v.expect)
		}
		if !errors.Is(err, secrets.Code(v.expect)) {
			t.Error("errors.Is does not know the code")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Sorted(maps.Keys(v.secrets)); !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Fatalf("got %v, want %v", slices.Sorted(maps.Keys(got)), want)
	}
	for name, want := range v.secrets {
		if kind, _, _ := strings.Cut(v.call, " "); kind == "bytes" && v.bytes[name] != "" {
			want = v.bytes[name]
		}
		if !agrees(got[name], want) {
			t.Errorf("%s: %d bytes that are not the right ones", name, len(got[name]))
		}
	}
}

// checkEach gets every secret by name, as a string and as bytes.
func (v vector) checkEach(t *testing.T, c *secrets.Client) {
	t.Helper()
	for name, want := range v.secrets {
		value, err := c.Get(t.Context(), name)
		if err != nil || !agrees(value, want) {
			t.Errorf("get %s: %d bytes and %v", name, len(value), err)
		}
		if other, ok := v.bytes[name]; ok {
			want = other
		}
		decoded, err := c.Bytes(t.Context(), name)
		if code, ok := strings.CutPrefix(want, "!"); ok {
			if string(secrets.CodeOf(err)) != code || decoded != nil {
				t.Errorf("bytes %s: %d bytes and %v, want %s", name, len(decoded), err, code)
			}
		} else if err != nil || !agrees(string(decoded), want) {
			t.Errorf("bytes %s: %d bytes and %v", name, len(decoded), err)
		}
	}
}
