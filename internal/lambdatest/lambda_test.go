//go:build unix

// Package lambdatest runs the helpers and the exec wrapper as Lambda does, with
// AWS's own runtime clients: the layer's zip unpacked to a read-only /opt, a
// function, a Runtime API, KMS. What Lambda alone has is not here: its users and
// system calls, its libraries, its bootstrap (testdata/bootstrap makes the
// documented checks), freezing and SnapStart.
package lambdatest

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/execbin"
	"github.com/whispering/bundle/runtime/execwrap"
	"github.com/whispering/bundle/runtime/node"
	"github.com/whispering/bundle/runtime/python"
)

const vectorDir = "../../layerbuild/sealed/testdata/vectors"

// limit is how long a function may take, from its start to its answer.
const limit = time.Minute

// A client is a runtime client of AWS with its interpreter.
type client struct {
	name     string
	command  []string
	env      []string
	helpers  []string // the ways to load the helper, and withoutSecrets
	argument string   // of the interpreter; must reach it through the wrapper
	task     string   // the folder of the function; "" is testdata/task
	provided []string // the command that has the wrapper, where the runtime is a provided one
}

// withoutSecrets is the way of a function that neither loads a helper nor is
// wrapped.
const withoutSecrets = "nothing"

func clients(t *testing.T) []client {
	t.Helper()
	all := nodes(t)
	newest := all[len(all)-1]
	return []client{
		nodejs(t, newest),
		cpython(t),
		java(t, needs.LambdaClient(t, "java")),
		golang(t),
	}
}

// nodes are the versions of Node.js that BUNDLE_TEST_NODE lists, else the one on
// PATH.
func nodes(t *testing.T) []string {
	t.Helper()
	if all := filepath.SplitList(os.Getenv("BUNDLE_TEST_NODE")); len(all) > 0 {
		return all
	}
	return []string{needs.Program(t, "node", "Node.js 22 or later, nodejs.org")}
}

// nodejs is the client for Node.js under one version of it.
func nodejs(t *testing.T, program string) client {
	t.Helper()
	const argument = "--max-http-header-size=81920"
	script := needs.LambdaClient(t, "node/node_modules/aws-lambda-ric/index.mjs")
	return client{name: "node", command: []string{program, argument, script, "index.handler"}, env: []string{"NODE_PATH=/opt/nodejs/node_modules"},
		helpers: []string{"require", "import"}, argument: argument}
}

func cpython(t *testing.T) client {
	t.Helper()
	return client{name: "python", command: []string{needs.LambdaClient(t, "python/bin/python"), "-m", "awslambdaric", "app.handler"},
		env: []string{"PYTHONPATH=/opt/python", "PYTHONDONTWRITEBYTECODE=1"}, helpers: []string{"import"}}
}

// inNamespace gives the arguments before a command that let it see a folder as
// its read-only /opt.
func inNamespace(t *testing.T, opt string) []string {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("Lambda is Linux")
	}
	unshare := needs.Program(t, "unshare", "util-linux")
	args := []string{unshare, "-Urm", "sh", "-c", `mount --bind "$0" /opt && mount -o remount,ro,bind /opt && exec "$@"`, opt}
	if out, err := exec.Command(args[0], append(slices.Clone(args[1:]), "true")...).CombinedOutput(); err != nil {
		needs.Missing(t, "no mount namespace can be made here (%v: %s); allow unprivileged user namespaces", err, out)
	}
	return args
}

// layerOf returns the zip of a layer with the document and all helpers.
func layerOf(t *testing.T, document string) []byte {
	t.Helper()
	doc, err := sealed.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	layer := layerbuild.Layer{Documents: []*sealed.Document{doc}}
	if layer.Helpers, err = node.Files(); err != nil {
		t.Fatal(err)
	}
	for _, files := range []fs.FS{python.Files, wrapper(t)} {
		helpers, err := layerbuild.HelperFiles(files)
		if err != nil {
			t.Fatal(err)
		}
		layer.Helpers = append(layer.Helpers, helpers...)
	}
	var b bytes.Buffer
	if err := layerbuild.Write(&b, &layer); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpackAsImage unpacks a layer with bundle unpack, as for a container image.
func unpackAsImage(t *testing.T, document string) (opt string) {
	t.Helper()
	dir := t.TempDir()
	program, layer, opt := filepath.Join(dir, "bundle"), filepath.Join(dir, "layer.zip"), filepath.Join(dir, "opt")
	err := needs.Bundle(program)
	if err == nil {
		err = os.WriteFile(layer, layerOf(t, document), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "unpack", layer, opt).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return opt
}

// unpack writes a layer and unpacks its zip with the modes that it has there.
func unpack(t *testing.T, document string) (opt string) {
	t.Helper()
	b := layerOf(t, document)
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	opt = t.TempDir()
	for _, entry := range r.File {
		from, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(opt, filepath.FromSlash(entry.Name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, entry.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return opt
}

// wrapper lays the exec wrapper out as in a layer, for both architectures.
func wrapper(t *testing.T) fs.FS {
	t.Helper()
	dir := t.TempDir()
	script, err := fs.ReadFile(execwrap.Files, "files/bundle/exec")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bundle"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bundle/exec"), script, 0o755); err != nil {
		t.Fatal(err)
	}
	binaries, err := execbin.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range binaries {
		file := filepath.Join(dir, filepath.FromSlash(b.Path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return os.DirFS(dir)
}

// readVector returns the document of a vector, and the digest of each value.
func readVector(t *testing.T, name string) (document string, digests map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorDir, name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	header, document, _ := strings.Cut(string(text), "\n\n")
	digests = map[string]string{}
	for line := range strings.SplitSeq(header, "\n") {
		rest, ok := strings.CutPrefix(line, "secret: ")
		if !ok {
			continue
		}
		name, value, _ := strings.Cut(rest, " ")
		if digest, ok := strings.CutPrefix(value, "sha256:"); ok {
			digests[name] = digest
			continue
		}
		b, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		digests[name] = hex.EncodeToString(sum[:])
	}
	return document, digests
}

// A function is one execution environment.
type function struct {
	api    *runtimeAPI
	cmd    *exec.Cmd
	output *bytes.Buffer // read it after end
	exited chan struct{}
}

// wrapped is the variable of a function with the wrapper.
const wrapped = "AWS_LAMBDA_EXEC_WRAPPER=/opt/bundle/exec"

// start begins an execution environment with an event waiting for it.
func start(t *testing.T, c client, local *awslocal.Server, opt string, env []string, event any) *function {
	t.Helper()
	return run(t, c, local, opt, env, newRuntimeAPI(t, 1, event))
}

// run begins an execution environment with a Runtime API.
func run(t *testing.T, c client, local *awslocal.Server, opt string, env []string, api *runtimeAPI) *function {
	t.Helper()
	task, err := filepath.Abs(cmp.Or(c.task, "testdata/task"))
	if err != nil {
		t.Fatal(err)
	}
	bootstrap, err := filepath.Abs("testdata/bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	f := &function{api: api, output: &bytes.Buffer{}, exited: make(chan struct{})}
	command := append([]string{bootstrap}, c.command...)
	if c.provided != nil {
		command = c.command
		if slices.Contains(env, wrapped) {
			command = c.provided
		}
	}
	args := slices.Concat(inNamespace(t, opt), command)
	f.cmd = exec.Command(args[0], args[1:]...)
	f.cmd.Dir = task
	id, key := local.Credentials()
	f.cmd.Env = slices.Concat([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=C.UTF-8", "LAMBDA_TASK_ROOT=" + task, "_HANDLER=" + c.command[len(c.command)-1],
		"AWS_LAMBDA_RUNTIME_API=" + api.address(), "AWS_LAMBDA_FUNCTION_NAME=payments-prod-hello", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/payments-prod-hello", "AWS_LAMBDA_LOG_STREAM_NAME=stream",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key,
	}, c.env, env)
	f.cmd.Stdout, f.cmd.Stderr = f.output, f.output
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(f.exited)
		_ = f.cmd.Wait() // the status is in ProcessState
	}()
	t.Cleanup(f.end)
	return f
}

// end kills the environment, as Lambda does in the end.
func (f *function) end() {
	_ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL)
	<-f.exited
}

// await waits for an answer to the Runtime API.
func (f *function) await(t *testing.T) answer {
	t.Helper()
	select {
	case a := <-f.api.done:
		return a
	case <-f.exited:
		select {
		case a := <-f.api.done:
			return a
		default:
		}
		t.Fatalf("the function ended with %v without an answer:\n%s", f.cmd.ProcessState, f.output)
	case <-time.After(limit):
		f.end()
		t.Fatalf("no answer in %v:\n%s", limit, f.output)
	}
	return answer{}
}

// ended waits for the environment to end by itself, with a status.
func (f *function) ended(t *testing.T, status int) {
	t.Helper()
	select {
	case <-f.exited:
	case <-time.After(limit):
		f.end()
		t.Fatalf("the function does not end:\n%s", f.output)
	}
	if got := f.cmd.ProcessState.ExitCode(); got != status {
		t.Errorf("status %d, want %d:\n%s", got, status, f.output)
	}
}

// checkOutput looks for samples of secrets in what was printed.
func (f *function) checkOutput(t *testing.T) {
	t.Helper()
	f.end()
	if strings.Contains(f.output.String(), "sample") {
		t.Error("a secret was printed")
	}
}

func serve(t *testing.T) (local *awslocal.Server, url string) {
	t.Helper()
	seed, err := os.ReadFile(filepath.Join(vectorDir, "vectors.seed.json"))
	if err != nil {
		t.Fatal(err)
	}
	if local, err = awslocal.New(awslocal.WithSeed(seed)); err != nil {
		t.Fatal(err)
	}
	if url, err = local.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := local.Close(); err != nil {
			t.Error(err)
		}
	})
	return local, url
}

type event struct {
	Names  []string `json:"names"`
	Helper string   `json:"helper"`
}

type reply struct {
	Helper, Environment map[string]string
	Writable            bool
	Arguments           []string
}

// TestSecretsReachTheFunction: quotes, line ends, UTF-8 and 64 KB, byte for
// byte, by the helper and by the wrapper, from a layer and from the tree of an image.
func TestSecretsReachTheFunction(t *testing.T) {
	all := clients(t)
	local, url := serve(t)
	for vector, unpack := range map[string]func(*testing.T, string) string{"ok-quotes": unpackAsImage, "ok-utf-8": unpack, "ok-64k": unpack} {
		document, want := readVector(t, vector)
		opt := unpack(t, document)
		absent := map[string]string{}
		for name := range want {
			absent[name] = "absent"
		}
		for _, c := range all {
			for _, way := range append([]string{""}, c.helpers...) {
				t.Run(vector+"/"+c.name+"/"+cmp.Or(way, "wrapper"), func(t *testing.T) {
					env, environment, helper, load := []string{"AWS_ENDPOINT_URL_KMS=" + url}, absent, want, way
					switch way {
					case "":
						env, environment, helper = append(env, wrapped), want, map[string]string{}
					case withoutSecrets:
						helper, load = map[string]string{}, ""
					}
					f := start(t, c, local, opt, env, event{slices.Sorted(maps.Keys(want)), load})
					a := f.await(t)
					f.checkOutput(t)
					var got reply
					if err := json.Unmarshal(a.body, &got); err != nil || a.kind != "response" {
						t.Fatalf("%s: %s\n%s", a.kind, a.body, f.output)
					}
					if !maps.Equal(got.Helper, helper) || !maps.Equal(got.Environment, environment) {
						t.Errorf("the helper gives %v, the environment has %v", got.Helper, got.Environment)
					}
					if got.Writable {
						t.Error("/opt can be written to")
					}
					if c.argument != "" && !slices.Contains(got.Arguments, c.argument) {
						t.Errorf("the interpreter has the arguments %q", got.Arguments)
					}
				})
			}
		}
	}
}

// TestAFailedWrapperIsReported at init/error, and ends with the status of its
// failure; the runtime never starts.
func TestAFailedWrapperIsReported(t *testing.T) {
	all := clients(t)
	local, url := serve(t)
	for _, c := range []struct {
		vector, wrapper string
		env             []string
		errorType       string
		status          int
	}{
		{"key-denied", "/opt/bundle/exec", nil, "Runtime.SecretsAccessDenied", 77},
		{"tampered-version", "/opt/bundle/exec", nil, "Runtime.SecretsTampered", 65},
		{"ok-one", "/opt/bundle/exec", []string{"BUNDLE_SECRETS_ENVIRONMENT=staging"}, "Runtime.SecretsWrongEnvironment", 65},
		{"ok-one", "/nope", nil, "", 127},
		{"ok-one", "/opt/python/bundle_secrets/py.typed", nil, "", 126},
	} {
		t.Run(c.vector+" "+c.errorType, func(t *testing.T) {
			document, _ := readVector(t, c.vector)
			env := append([]string{"AWS_ENDPOINT_URL_KMS=" + url, "AWS_LAMBDA_EXEC_WRAPPER=" + c.wrapper}, c.env...)
			f := start(t, all[0], local, unpack(t, document), env, event{})
			f.ended(t, c.status)
			f.checkOutput(t)
			if c.errorType == "" {
				return
			}
			if a := <-f.api.done; a.kind != "init/error" || a.errorType != c.errorType {
				t.Errorf("got %s with %s, want init/error with %s", a.kind, a.errorType, c.errorType)
			}
		})
	}
}
