package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// TestNoCanaryLeaves runs every command in every mode of output, succeeding and
// failing in many ways, with a canary in every parameter, and searches all that
// it wrote: standard output, standard error, and every file below the working
// folder, the temporary folder and the home folder.
//
// Two places may hold canaries: the output of what bundle run runs, with that of
// local get --reveal; and the state of the embedded AWS, for parameters of type
// String and StringList only, which Parameter Store does not encrypt either. The
// files that the test itself made are not searched.
func TestNoCanaryLeaves(t *testing.T) {
	all := canaryAttempts()
	commands := leafCommands("", newApp(&console.Console{}, nil).cli().Commands)
	for name := range all {
		if commands[name] == nil {
			t.Errorf("there is no command %q any more", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		attempts := all[name]
		failures := 0
		for _, a := range attempts {
			if a.code != 0 {
				failures++
			}
		}
		if failures < 5 || failures == len(attempts) {
			t.Errorf("bundle %s: %d of %d attempts fail; a command needs one that succeeds and five that fail", name, failures, len(attempts))
		}
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			s := newStage(t)
			for _, a := range attempts {
				for _, mode := range modes(commands[name]) {
					s.perform(name, mode, a)
				}
			}
		})
	}
}

// leafCommands are the commands that do something, by their full names.
func leafCommands(above string, commands []*cli.Command) map[string]*cli.Command {
	all := map[string]*cli.Command{}
	for _, c := range commands {
		name := strings.TrimSpace(above + " " + c.Name)
		if len(c.Subcommands) == 0 {
			all[name] = c
		}
		maps.Copy(all, leafCommands(name, c.Subcommands))
	}
	return all
}

// commandOf is the command with a full name.
func commandOf(name string) *cli.Command { return leafCommands("", quiet().cli().Commands)[name] }

// modes are the flags that change what a command prints; "" is none.
func modes(c *cli.Command) []string {
	all := []string{""}
	for _, f := range c.Flags {
		if name := f.Names()[0]; name == "json" || name == "debug" || name == "markdown" || name == "html" {
			all = append(all, "--"+name)
		}
	}
	return all
}

// An attempt is one way to call a command.
type attempt struct {
	name    string
	args    []string          // after the command and the flag of the mode
	code    int               // the exit code it must have
	environ map[string]string // besides the stage's
	stdin   string
	policy  string // of the role in the account; "" may do everything
	faults  []awslocal.Fault
	before  func(*stage)
	reveals []string // the canaries that the output is meant to show
	closed  bool     // standard output takes nothing
	serve   bool     // the command runs until it is stopped
	plain   bool     // --json is refused, because standard output is a value or a file

	credentials bool // are to be found where environ says, which the process has too
}

// The canaries, by the kind of parameter that has them.
func canaries() map[string]canary {
	all := map[string]canary{}
	for _, name := range []string{
		"secure", "string", "list", "big start", "big middle", "big end", "field", "sibling", "other sibling", "bytes",
		"version 1", "version 2", "version 3", "label 1", "label 2", "optional", "imported", "imported deep", "not json", "array",
		"kept", "kept before", "kept field", "kept sibling", "kept bytes", "kept text",
		"put", "put string", "file", "dotenv", "dotenv 2", "broken dotenv", "json file", "broken json", "broken seed", "too long", "nested",
	} {
		all[name] = newCanary(name)
	}
	for _, name := range credentialCanaries {
		all[name] = newCanary(name)
	}
	for _, name := range []string{"string", "list", "put string"} {
		c := all[name]
		c.plain = true
		all[name] = c
	}
	return all
}

// A stage is where one command is tried: its folders, and an AWS that plays a
// real account with the same parameters as the embedded one.
type stage struct {
	*testing.T
	canaries       map[string]canary
	search         *searcher
	dir, home, tmp string
	docs           string   // the folder of the documentation
	inputs         []string // files with canaries in them
	cloud          *cloud
	url            string
	id, key        string // of a role that may do everything
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, canaries: canaries(), dir: t.TempDir(), home: t.TempDir(), tmp: t.TempDir(), docs: docsFolder(t)}
	s.search = newSearcher(slices.Collect(maps.Values(s.canaries)))
	for name, value := range map[string]string{
		"HOME": s.home, "TMPDIR": s.tmp, "CI": "", "GITHUB_ACTIONS": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "", "AWS_SESSION_TOKEN": "",
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_KMS": "", "AWS_ENDPOINT_URL_SSM": "", "BUNDLE_ENV": "",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(s.dir)
	s.account()
	s.write("secrets.hcl", canaryManifest)
	s.write("several.hcl", canaryManifest+"environment \"second\" {\n  account_id = \"222222222222\"\n  regions    = [\"us-west-2\"]\n}\n")
	s.write("functions.hcl", strings.Replace(canaryManifest, "shop-${environment.name}", "shop-${environment.name}-${function.name}", 1))
	s.write("sibling.hcl", strings.Replace(canaryManifest, `field     = "live.key"`, `field     = "live.kee"`, 1))
	s.write("broken.hcl", canaryManifest+"function {")
	s.write("seedless.hcl", strings.Replace(canaryManifest, "sample.json", "broken-sample.json", 1))
	sample, err := json.Marshal(s.sample())
	if err != nil {
		t.Fatal(err)
	}
	s.input("sample.json", string(sample))
	s.input("broken-sample.json", `{"parameters": [{"name": "/canary/x", "type": "String", "value": "`+s.canaries["broken seed"].value[:5]+`", `+s.canaries["broken seed"].value)
	s.run("build", "--env", "prod", "--endpoint-url", s.url, "--out", "prod.zip")
	s.run("build", "--env", "local", "--out", "local.zip")
	return s
}

const canaryBundle = `
bundle {
  name                = "shop"
  layer               = "shop-${environment.name}"
  default_environment = "local"
}
`

const canaryManifest = canaryBundle + `
environment "local" { embedded = "sample.json" }
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
environment "stranger" {
  account_id = "333333333333"
  regions    = ["us-west-2"]
}
defaults { kms_key = "alias/${function.name}" }
function "hello" {
  secret "SECURE" { parameter = "/canary/secure" }
  secret "STRING" { parameter = "/canary/string" }
  secret "LIST" { parameter = "/canary/list" }
  secret "BIG" { parameter = "/canary/big" }
  secret "FIELD" {
    parameter = "/canary/json"
    field     = "live.key"
  }
  secret "BYTES" {
    parameter = "/canary/bytes"
    encoding  = "base64"
  }
  secret "PINNED" { parameter = "/canary/versions:2" }
  secret "LABELED" { parameter = "/canary/labels:current" }
  secret "OPTIONAL" {
    parameter = "/canary/optional"
    optional  = true
  }
  secret "ABSENT" {
    parameter = "/canary/absent"
    optional  = true
  }
  secret "KEPT" { secretsmanager = "canary/kept" }
  secret "KEPT_FIELD" {
    secretsmanager = "canary/json"
    field          = "live.key"
  }
  secret "KEPT_BYTES" {
    secretsmanager = "canary/bytes"
    encoding       = "base64"
  }
}
function "worker" {
  parameters {
    path      = "/canary/imported"
    recursive = true
    prefix    = "IN_"
  }
}
`

type canaryParameter struct {
	Name   string         `json:"name"`
	Type   string         `json:"type"`
	KeyID  string         `json:"key_id,omitempty"`
	Tier   string         `json:"tier,omitempty"`
	Values []string       `json:"values"`
	Labels map[string]int `json:"labels,omitempty"`
}

type canarySample struct {
	Keys []struct {
		Alias string `json:"alias"`
	} `json:"keys"`
	Parameters []canaryParameter `json:"parameters"`
	Secrets    []canarySecret    `json:"secrets"`
}

type canarySecret struct {
	Name   string   `json:"name"`
	Values []string `json:"values,omitempty"`
	Binary [][]byte `json:"binary,omitempty"`
}

// sample is what both accounts begin with.
func (s *stage) sample() canarySample {
	value := func(name string) string { return s.canaries[name].value }
	object := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			s.Fatal(err)
		}
		return string(b)
	}
	var big bytes.Buffer // the middle one lies across the end of the first box
	big.WriteString(value("big start"))
	big.WriteString(strings.Repeat(".", 4096-16-big.Len()))
	big.WriteString(value("big middle"))
	big.WriteString(strings.Repeat(".", 8192-32-big.Len()))
	big.WriteString(value("big end"))
	var all canarySample
	for _, alias := range []string{"alias/parameters", "alias/hello", "alias/worker", "alias/spare"} {
		all.Keys = append(all.Keys, struct {
			Alias string `json:"alias"`
		}{alias})
	}
	secure := func(name string, values ...string) {
		all.Parameters = append(all.Parameters, canaryParameter{Name: "/canary/" + name, Type: "SecureString", KeyID: "alias/parameters", Values: values})
	}
	secure("secure", value("secure"))
	all.Parameters = append(all.Parameters,
		canaryParameter{Name: "/canary/string", Type: "String", Values: []string{value("string")}},
		canaryParameter{Name: "/canary/list", Type: "StringList", Values: []string{"first," + value("list") + ",last"}},
		canaryParameter{Name: "/canary/big", Type: "SecureString", KeyID: "alias/parameters", Tier: "Advanced", Values: []string{big.String()}})
	secure("json", object(map[string]any{
		"live": map[string]any{"key": value("field"), "other": value("sibling")}, "test": []string{value("other sibling")},
	}))
	secure("bytes", base64.StdEncoding.EncodeToString([]byte(value("bytes"))))
	secure("versions", value("version 1"), value("version 2"), value("version 3"))
	secure("labels", value("label 1"), value("label 2"))
	all.Parameters[len(all.Parameters)-1].Labels = map[string]int{"current": 1}
	secure("optional", value("optional"))
	secure("imported/one", value("imported"))
	secure("imported/two/three", value("imported deep"))
	secure("notjson", value("not json"))
	secure("array", object([]string{value("array")}))
	all.Secrets = []canarySecret{
		{Name: "canary/kept", Values: []string{value("kept before"), value("kept")}},
		{Name: "canary/json", Values: []string{object(map[string]any{"live": map[string]any{"key": value("kept field"), "other": value("kept sibling")}})}},
		{Name: "canary/bytes", Binary: [][]byte{[]byte(value("kept bytes"))}},
		{Name: "canary/text", Values: []string{value("kept text")}},
	}
	return all
}

// account makes an AWS that plays account 222222222222.
func (s *stage) account() {
	s.Helper()
	server, err := awslocal.New(awslocal.WithFunctionTimes(time.Millisecond, time.Millisecond))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = server.Close() })
	if s.url, err = server.Start("127.0.0.1:0"); err != nil {
		s.Fatal(err)
	}
	s.cloud = &cloud{server: server}
	s.id, s.key = s.role("admin", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)
	cfg := aws.Config{
		Region: "us-west-2", BaseEndpoint: &s.url, Credentials: credentials.NewStaticCredentialsProvider(s.id, s.key, ""),
	}
	s.cloud.ssm, s.cloud.kms, s.cloud.lambda = ssm.NewFromConfig(cfg), kms.NewFromConfig(cfg), lambda.NewFromConfig(cfg)
	s.cloud.secrets = secretsmanager.NewFromConfig(cfg)
	sample := s.sample()
	for _, k := range sample.Keys {
		key, err := s.cloud.kms.CreateKey(s.Context(), &kms.CreateKeyInput{})
		if err == nil {
			_, err = s.cloud.kms.CreateAlias(s.Context(), &kms.CreateAliasInput{AliasName: &k.Alias, TargetKeyId: key.KeyMetadata.KeyId})
		}
		if err != nil {
			s.Fatal(err)
		}
	}
	for _, secret := range sample.Secrets {
		s.keep(secret)
	}
	for _, p := range sample.Parameters {
		for _, value := range p.Values {
			in := &ssm.PutParameterInput{
				Name: &p.Name, Value: &value, Type: ssmtypes.ParameterType(p.Type), Tier: ssmtypes.ParameterTier(p.Tier), Overwrite: aws.Bool(true),
			}
			if p.KeyID != "" {
				in.KeyId = &p.KeyID
			}
			if _, err := s.cloud.ssm.PutParameter(s.Context(), in); err != nil {
				s.Fatal(err)
			}
		}
		for label, version := range p.Labels {
			_, err := s.cloud.ssm.LabelParameterVersion(s.Context(), &ssm.LabelParameterVersionInput{
				Name: &p.Name, ParameterVersion: aws.Int64(int64(version)), Labels: []string{label},
			})
			if err != nil {
				s.Fatal(err)
			}
		}
	}
}

// keep puts a secret of Secrets Manager with all of its versions.
func (s *stage) keep(secret canarySecret) {
	s.Helper()
	values := secret.Binary
	for _, text := range secret.Values {
		values = append(values, []byte(text))
	}
	for i, value := range values {
		in := &secretsmanager.PutSecretValueInput{SecretId: &secret.Name, SecretBinary: value}
		if secret.Binary == nil {
			in.SecretString, in.SecretBinary = aws.String(string(value)), nil
		}
		var err error
		if i == 0 {
			_, err = s.cloud.secrets.CreateSecret(s.Context(), &secretsmanager.CreateSecretInput{Name: &secret.Name})
		}
		if err == nil {
			_, err = s.cloud.secrets.PutSecretValue(s.Context(), in)
		}
		if err != nil {
			s.Fatal(err)
		}
	}
}

// role declares a role of the account and returns its credentials.
func (s *stage) role(name, policy string) (id, key string) {
	s.Helper()
	id, key = sts.NewAccessKey("AKIA")
	err := s.cloud.server.PutRole(sts.Role{
		Name: name, Account: testAccount, AccessKeyID: id, SecretAccessKey: key, Policy: json.RawMessage(policy),
	})
	if err != nil {
		s.Fatal(err)
	}
	return id, key
}

func (s *stage) write(name, content string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.Fatal(err)
	}
}

// input writes a file that has canaries in it, and is no trace of a leak.
func (s *stage) input(name, content string) {
	s.Helper()
	s.write(name, content)
	if path := filepath.Join(s.dir, name); !slices.Contains(s.inputs, path) {
		s.inputs = append(s.inputs, path)
	}
}

// run runs a command that must succeed.
func (s *stage) run(command string, args ...string) {
	s.Helper()
	s.perform(command, "", attempt{name: "preparation", args: args})
}

// perform makes one attempt and searches everything it wrote.
func (s *stage) perform(command, mode string, a attempt) {
	s.Helper()
	what := strings.TrimSpace(fmt.Sprintf("bundle %s %s", command, mode)) + ", " + a.name
	if a.plain && mode == "--json" {
		a.code, a.reveals = console.ExitUsage, nil
	}
	id, key := s.id, s.key
	if command == "local get" && mode == "--json" && slices.Contains(a.args, "--reveal") { // which refuses it
		a.code, a.reveals, a.closed = console.ExitUsage, nil, false
	}
	if a.policy != "" {
		id, key = s.role("limited", a.policy)
	}
	if a.credentials {
		id, key = "", ""
	}
	environ := append(os.Environ(), "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+key)
	s.Setenv("AWS_ACCESS_KEY_ID", id) // the SDK reads the process's own
	s.Setenv("AWS_SECRET_ACCESS_KEY", key)
	for name, value := range a.environ {
		environ = append(environ, name+"="+value)
		if a.credentials {
			s.Setenv(name, value)
		}
	}
	s.cloud.server.ClearFaults()
	s.cloud.server.Inject(a.faults...)
	if a.before != nil {
		a.before(s)
	}
	args := append([]string{"bundle"}, strings.Fields(command)...)
	if mode != "" {
		args = append(args, mode)
	}
	reports := mode == "" && slices.ContainsFunc(commandOf(command).Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "report") })
	if reports {
		args = append(args, "--report", "report.md", "--report", "report.json", "--report", "codequality=quality.json")
		for _, name := range []string{"report.md", "report.json", "quality.json"} {
			_ = os.Remove(filepath.Join(s.dir, name))
		}
	}
	for _, arg := range a.args {
		args = append(args, strings.ReplaceAll(arg, "$AWS", s.url))
	}
	code, stdout, stderr := s.start(args, environ, a)
	s.cloud.server.ClearFaults()
	if code != a.code {
		s.Errorf("%s: exit code %d, not %d\n%s", what, code, a.code, stderr)
	}
	if mode == "--json" && !a.closed {
		if err := checkAnswer(s.docs, stdout, code); err != nil {
			s.Errorf("%s: %v\n%s", what, err, stdout)
		}
	}
	if reports {
		if _, err := os.Stat(filepath.Join(s.dir, "report.json")); err == nil { // else the command line could not be parsed
			if _, err := checkReports(s.docs, s.dir, code); err != nil {
				s.Errorf("%s: %v", what, err)
			}
		}
	}
	var hits []hit
	for _, stream := range []struct {
		name string
		b    []byte
	}{{"standard output", stdout}, {"standard error", stderr}} {
		hits = append(hits, s.search.search(stream.name, stream.b)...)
	}
	for _, name := range a.reveals {
		if !slices.ContainsFunc(hits, func(h hit) bool { return h.canary.name == name }) {
			s.Errorf("%s: %s was to be shown, and is not; does the search see anything?\n%s", what, name, stdout)
		}
	}
	hits = slices.DeleteFunc(hits, func(h hit) bool { return slices.Contains(a.reveals, h.canary.name) })
	for _, folder := range []string{s.dir, s.home, s.tmp} {
		hits = append(hits, s.search.searchFolder(s, folder, s.inputs)...)
	}
	for _, h := range hits {
		if !h.canary.plain || filepath.Base(h.place) != "state.json" {
			s.Errorf("%s: leaked %s", what, h)
		}
	}
}

// start runs the command line: in this process, but for bundle run, which
// becomes the command that it runs.
func (s *stage) start(args, environ []string, a attempt) (code int, stdout, stderr []byte) {
	s.Helper()
	var out, diagnostics stream
	if args[1] == "run" {
		cmd := exec.CommandContext(s.Context(), args[0], args[1:]...)
		cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = environ, strings.NewReader(a.stdin), &out, &diagnostics
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			s.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), out.bytes(), diagnostics.bytes()
	}
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	application := newApp(&console.Console{Args: args, Environ: environ, Stdin: strings.NewReader(a.stdin), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
	if a.closed {
		application.Stdout = printable.New(refusing{})
	}
	if a.serve {
		out.first = func(url string) {
			s.useServed(strings.TrimSpace(url))
			cancel()
		}
	}
	past := s.captured(func() { code = application.run(ctx) })
	if len(past) > 0 {
		s.Errorf("%q: written past the streams that it was given: %q", args, past)
	}
	return code, out.bytes(), append(diagnostics.bytes(), past...)
}

// captured returns what do writes to the streams of the process, as libraries
// might.
func (s *stage) captured(do func()) []byte {
	s.Helper()
	f, err := os.Create(filepath.Join(s.tmp, "streams"))
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = f, f
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	do()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// useServed reads and puts parameters through a server that bundle local serve
// runs, well and badly.
func (s *stage) useServed(url string) {
	client, err := awslocal.Attach(s.Context(), filepath.Join(s.dir, pipeline.StateFolder, "local"))
	if err != nil {
		s.Error(err)
		return
	}
	defer func() { _ = client.Close() }()
	if !client.Serving() || client.URL() != url {
		s.Errorf("%s is not served at %q", client.URL(), url)
	}
	for _, call := range []struct {
		operation string
		in        map[string]any
		fails     bool
	}{
		{"GetParameter", map[string]any{"Name": "/canary/secure", "WithDecryption": true}, false},
		{"GetParameters", map[string]any{"Names": []string{"/canary/string", "/canary/big"}, "WithDecryption": true}, false},
		{"PutParameter", map[string]any{"Name": "/canary/put", "Type": "SecureString", "Value": s.canaries["put"].value, "Overwrite": true}, false},
		{"PutParameter", map[string]any{"Name": "/canary/put", "Type": "No", "Value": s.canaries["put"].value, "Overwrite": true}, true},
		{"PutParameter", map[string]any{"Name": "/canary/new", "Type": "SecureString", "KeyId": "alias/none", "Value": s.canaries["put"].value}, true},
		{s.canaries["put"].name, map[string]any{"Value": s.canaries["put"].value}, true},
	} {
		if err := client.Call(s.Context(), "ssm", call.operation, call.in, nil); (err != nil) != call.fails {
			s.Errorf("%s: %v", call.operation, err)
		}
	}
}

// A stream collects what is written, and reports the first line.
type stream struct {
	mu    sync.Mutex
	b     []byte
	first func(string)
}

func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = append(s.b, b...)
	if line, _, ok := strings.Cut(string(s.b), "\n"); ok && s.first != nil {
		go s.first(line)
		s.first = nil
	}
	return len(b), nil
}

func (s *stream) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b)
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// denying is the policy of a role that may do everything but one thing.
func denying(action, resource string) string {
	return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
		{"Effect": "Deny", "Action": %q, "Resource": %q}]}`, action, resource)
}

// TestPrintsItsEnvironment is a command for bundle run. It is a test by name
// only: it does something where bundle run started it.
func TestPrintsItsEnvironment(t *testing.T) {
	if os.Getenv("BUNDLETEST_PRINT_ENVIRONMENT") == "" {
		return
	}
	for _, entry := range os.Environ() {
		fmt.Println(entry)
	}
}
