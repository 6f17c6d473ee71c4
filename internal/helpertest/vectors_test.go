package helpertest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
)

const vectorDir = "../../layerbuild/sealed/testdata/vectors"

// A vector is one file of vectorDir; its README.md says what the lines mean.
type vector struct {
	expect, rule      string
	call              []any
	files, env, unset []string
	secrets, bytes    map[string]string
	document          string
}

func readVector(t testing.TB, name string) vector {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorDir, name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	header, document, ok := strings.Cut(string(text), "\n\n")
	if !ok {
		t.Fatal("no empty line")
	}
	v := vector{call: []any{"all"}, secrets: map[string]string{}, bytes: map[string]string{}, document: document}
	for line := range strings.SplitSeq(header, "\n") {
		key, value, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("no key in %q", line)
		}
		switch key {
		case "comment":
		case "rule":
			v.rule = value
		case "expect":
			v.expect = value
		case "call":
			v.call = nil
			for word := range strings.SplitSeq(value, " ") {
				v.call = append(v.call, word)
			}
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

// aws is the embedded AWS with the keys of the vectors.
type aws struct {
	*awslocal.Server
	url string
}

func embedded(t testing.TB, options ...awslocal.Option) aws {
	t.Helper()
	seed, err := os.ReadFile(filepath.Join(vectorDir, "vectors.seed.json"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := awslocal.New(append(options, awslocal.WithSeed(seed))...)
	if err != nil {
		t.Fatal(err)
	}
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return aws{server, url}
}

// environment is what every vector begins with.
func (a aws) environment(dir string) map[string]string {
	id, key := a.Credentials()
	return map[string]string{
		"AWS_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "payments-prod-hello", "AWS_ENDPOINT_URL_KMS": a.url,
		"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key, "BUNDLE_SECRETS_DIR": dir,
	}
}

// place writes the document as the vector says.
func (v vector) place(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	folder := filepath.Join(dir, "bundle", "functions")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range v.files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(v.document), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestVectors runs every vector in every language.
func TestVectors(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d vectors and %v", len(paths), err)
	}
	each(t, func(t *testing.T, l language) {
		local := embedded(t)
		d := l.start(t)
		for _, path := range paths {
			name := strings.TrimSuffix(filepath.Base(path), ".txt")
			t.Run(name, func(t *testing.T) {
				v := readVector(t, name)
				v.run(t, d, local)
			})
		}
	})
}

func (v vector) run(t *testing.T, d *driver, local aws) {
	vars := local.environment(v.place(t))
	for _, e := range v.env {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = strings.ReplaceAll(value, "{endpoint}", local.url)
	}
	for _, name := range v.unset {
		delete(vars, name)
	}
	calls := [][]any{v.call}
	if v.expect == "ok" && v.call[0] == "all" {
		for _, name := range slices.Sorted(maps.Keys(v.secrets)) {
			calls = append(calls, []any{"get", name}, []any{"bytes", name})
		}
	}
	results := d.call(t, request{Env: vars, Calls: calls})
	v.check(t, results[0])
	for i, c := range calls[1:] {
		v.checkOne(t, c[0].(string), c[1].(string), results[i+1])
	}
}

// check holds the result of the vector's call to its lines.
func (v vector) check(t *testing.T, r result) {
	t.Helper()
	if v.expect != "ok" {
		if r.Code != v.expect || r.Values != nil {
			t.Errorf("got %d values and %s (%s), want %s", len(r.Values), r.Code, r.Message, v.expect)
		}
		if v.rule != "" && !strings.Contains(r.Message, "("+v.rule+")") {
			t.Errorf("got %q, want it to name %s", r.Message, v.rule)
		}
		return
	}
	if r.Code != "" {
		t.Fatalf("got %s (%s), want the secrets", r.Code, r.Message)
	}
	if got, want := slices.Sorted(maps.Keys(r.Values)), slices.Sorted(maps.Keys(v.secrets)); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for name := range v.secrets {
		v.checkOne(t, v.call[0].(string), name, r)
	}
}

// checkOne holds one value to its lines, and never prints it.
func (v vector) checkOne(t *testing.T, kind, name string, r result) {
	t.Helper()
	want := v.secrets[name]
	if other, ok := v.bytes[name]; ok && kind == "bytes" {
		want = other
	}
	if code, ok := strings.CutPrefix(want, "!"); ok {
		if r.Code != code || r.Values != nil {
			t.Errorf("%s %s: got %s, want %s", kind, name, r.Code, code)
		}
		return
	}
	if r.Code != "" || !agrees(r.value(t, name), want) {
		t.Errorf("%s %s: got %s and %d bytes that are not the right ones", kind, name, r.Code, len(r.value(t, name)))
	}
}

// agrees compares a value with what a line says of it.
func agrees(got, want string) bool {
	if digest, ok := strings.CutPrefix(want, "sha256:"); ok {
		sum := sha256.Sum256([]byte(got))
		return hex.EncodeToString(sum[:]) == digest
	}
	return base64.StdEncoding.EncodeToString([]byte(got)) == want
}
