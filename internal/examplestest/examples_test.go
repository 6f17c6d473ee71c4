// Package examplestest checks that the examples work: that each manifest builds, that
// each function gets its secrets, and that the tools they are written for accept them.
package examplestest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/pipeline/manifest"
)

const examples = "../../examples"

// names lists the examples: the folders with a manifest.
func names(t *testing.T) []string {
	t.Helper()
	manifests, err := filepath.Glob(examples + "/*/secrets.hcl")
	if err != nil || len(manifests) < 2 {
		t.Fatalf("%v, %v", manifests, err)
	}
	for i, path := range manifests {
		manifests[i] = filepath.Base(filepath.Dir(path))
	}
	return manifests
}

// evaluated returns an example's manifest for an environment.
func evaluated(t *testing.T, name, env string) *manifest.Manifest {
	t.Helper()
	module, diags := manifest.Load(filepath.Join(examples, name, "secrets.hcl"), manifest.Options{})
	m, more := module.Evaluate(env)
	if diags = append(diags, more...); len(diags) > 0 {
		t.Fatal(diags)
	}
	return m
}

// A built example is a copy of it, with layer.zip made by the command and
// unpacked.
type built struct {
	bundle, dir, opt string
}

// buildAll compiles the command and builds every example with it.
func buildAll(t *testing.T) map[string]built {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: compiles the command and the exec wrapper")
	}
	bundle := filepath.Join(t.TempDir(), "bundle.exe")
	if err := needs.Bundle(bundle); err != nil {
		t.Fatal(err)
	}
	all := map[string]built{}
	for _, name := range names(t) {
		b := built{bundle, copied(t, name), t.TempDir()}
		run(t, b.dir, nil, bundle, "validate")
		run(t, b.dir, nil, bundle, "--env", "local", "--out", "layer.zip")
		unzip(t, filepath.Join(b.dir, "layer.zip"), b.opt)
		all[name] = b
	}
	return all
}

// copied returns a copy of an example as it is in version control.
func copied(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	from := filepath.Join(examples, name)
	for file := range strings.Lines(run(t, from, nil, "git", "ls-files", "-co", "--exclude-standard")) {
		file = strings.TrimSpace(file)
		b, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, file), b, 0o644)
	}
	return dir
}

func put(t *testing.T, path string, b []byte, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, mode); err != nil {
		t.Fatal(err)
	}
}

func unzip(t *testing.T, path, to string) {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, entry := range z.File {
		r, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(to, filepath.FromSlash(entry.Name)), b, entry.Mode())
	}
}

// run runs a command and returns its standard output. env is added to what the
// test has, without what would tell bundle that it is in CI.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, stderr, err := try(t, dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr)
	}
	return out
}

func try(t *testing.T, dir string, env []string, name string, args ...string) (string, string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = slices.Concat(os.Environ(), []string{"CI="}, env)
	err := cmd.Run()
	return stdout.String(), stderr.String(), err
}

// document is one of what bundle inspect --json prints.
type document struct{ Function, Name, Key string }

func (b built) documents(t *testing.T) map[string]document {
	t.Helper()
	var report struct {
		Targets []struct {
			Result struct{ Documents []document }
		}
	}
	if err := json.Unmarshal([]byte(run(t, b.dir, nil, b.bundle, "inspect", "--json", "--layer", "layer.zip")), &report); err != nil {
		t.Fatal(err)
	}
	all := map[string]document{}
	for _, d := range report.Targets[0].Result.Documents {
		all[d.Function] = d
	}
	return all
}

// attach starts the embedded AWS on the state that the build left, with a role
// for each function that may decrypt under the function's own key only. It
// returns the environment of each function.
func (b built) attach(t *testing.T) map[string][]string {
	t.Helper()
	server, err := awslocal.New(awslocal.WithDir(filepath.Join(b.dir, ".bundle-local", "local")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	envs := map[string][]string{}
	for function, d := range b.documents(t) {
		id, key := sts.NewAccessKey("AKIA")
		policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
			map[string]any{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": d.Key},
		}})
		if err != nil {
			t.Fatal(err)
		}
		role := sts.Role{Name: d.Name, Account: awslocal.Account, AccessKeyID: id, SecretAccessKey: key, Policy: policy}
		if err := server.PutRole(role); err != nil {
			t.Fatal(err)
		}
		envs[function] = []string{
			"AWS_ENDPOINT_URL_KMS=" + url, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key, "AWS_SESSION_TOKEN=",
			"AWS_REGION=us-east-1", "AWS_LAMBDA_FUNCTION_NAME=" + d.Name, "BUNDLE_SECRETS_DIR=" + b.opt, "BUNDLE_SECRETS_ENVIRONMENT=local",
			"NODE_PATH=" + filepath.Join(b.opt, "nodejs", "node_modules"), "PYTHONDONTWRITEBYTECODE=1",
		}
	}
	return envs
}

// invoke calls the handler of a module in Node with an event. The module finds
// the layer's packages as in Lambda, where NODE_PATH counts for import too.
func (b built) invoke(t *testing.T, wrapper []string, env []string, module, event string) (string, error) {
	t.Helper()
	link := filepath.Join(b.dir, filepath.Dir(module), "node_modules")
	if _, err := os.Lstat(link); err != nil {
		if err := os.Symlink(filepath.Join(b.opt, "nodejs", "node_modules"), link); err != nil {
			t.Fatal(err)
		}
	}
	const call = `import(process.argv[1]).then((m) => m.handler(JSON.parse(process.argv[2]))).then((r) => console.log(JSON.stringify(r)))`
	args := slices.Concat(wrapper, []string{needs.Program(t, "node", "Node.js 20 or later, nodejs.org"), "--preserve-symlinks", "-e", call, filepath.Join(b.dir, module), event})
	out, stderr, err := try(t, b.dir, env, args[0], args[1:]...)
	if strings.Contains(out+stderr, "not-a-real") {
		t.Error("a secret was printed")
	}
	if err != nil {
		return stderr, err
	}
	return out, nil
}

func (b built) wrapper(t *testing.T) []string {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("the exec wrapper is for Linux on x86_64 and arm64")
	}
	return []string{filepath.Join(b.opt, "bundle", "exec")}
}

func TestEveryExampleBuildsAndEachFunctionHasItsOwnKey(t *testing.T) {
	for name, b := range buildAll(t) {
		documents, keys := b.documents(t), map[string]bool{}
		for _, fn := range evaluated(t, name, "local").Functions {
			if documents[fn.Name.Value].Name != fn.File() {
				t.Errorf("%s: no document for %s", name, fn.Name.Value)
			}
			keys[documents[fn.Name.Value].Key] = true
		}
		if len(keys) != len(documents) {
			t.Errorf("%s: %d functions and %d keys", name, len(documents), len(keys))
		}
		if again := run(t, b.dir, nil, b.bundle, "--env", "local", "--out", "layer.zip"); !strings.Contains(again, "changed=false") {
			t.Errorf("%s: built again:\n%s", name, again)
		}
	}
}

func TestFunctionsOfTheExamplesGetTheirSecrets(t *testing.T) {
	all := buildAll(t)
	t.Run("hello", func(t *testing.T) {
		b := all["hello"]
		env := b.attach(t)["hello"]
		for _, module := range []string{"src/index.mjs", "src/wrapped.mjs"} {
			var wrapper []string
			if strings.Contains(module, "wrapped") {
				wrapper = b.wrapper(t)
			}
			for token, status := range map[string]string{"not-a-real-token": "200", "another": "401"} {
				out, err := b.invoke(t, wrapper, env, module, `{"headers": {"authorization": "Bearer `+token+`"}}`)
				if err != nil || !strings.Contains(out, `"statusCode":`+status) {
					t.Errorf("%s, expecting %s: %v: %s", module, status, err, out)
				}
			}
		}
	})
	t.Run("multi-key", func(t *testing.T) {
		b := all["multi-key"]
		envs := b.attach(t)
		out, err := b.invoke(t, nil, envs["api"], "api/index.mjs", `{"body": "{\"user\": \"ada\"}"}`)
		if err != nil || !strings.Contains(out, "session=ada.") {
			t.Errorf("api: %v: %s", err, out)
		}
		// The role of the one cannot open what is the other's, in the same layer.
		foreign := slices.Concat(envs["api"], []string{"BUNDLE_SECRETS_FUNCTION=orders-local-worker"})
		if out, err := b.invoke(t, nil, foreign, "api/index.mjs", `{"body": "{\"user\": \"ada\"}"}`); err == nil || !strings.Contains(out, "access_denied") {
			t.Errorf("api with the worker's document: %v: %s", err, out)
		}
		python := needs.Program(t, "python3", "Python 3.11 or later, python.org")
		args := append(b.wrapper(t), python, "-c", `import app; print(app.handler({"Records": [{"body": "hello"}]}, None))`)
		out, stderr, err := try(t, filepath.Join(b.dir, "worker"), envs["worker"], args[0], args[1:]...)
		if err != nil || strings.TrimSpace(out) != "{'delivered': 1}" {
			t.Errorf("worker: %v: %s%s", err, out, stderr)
		}
	})
}
