package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/internal/runnertest"
)

// TestNobodyElseCommandsTheCI runs commands on what others wrote: arguments,
// variables, file names, manifests, layers and projects. Nothing of it is a
// command to a CI, and nothing is printed that does not show.
func TestNobodyElseCommandsTheCI(t *testing.T) {
	for i, text := range []string{
		"::set-output name=x::y", "\u00a0::set-output name=x::y", "\u3000\u2003::stop-commands::x", "\n::error::x", "\r\u2028::error::x", "a ##[add-path]x", "##vso[task.complete]x",
		"#\u00ad#[x]", ":\u200d:set-env name=x::y", "\u202e::x::\u2066y", "\x1b[2K\r::x::y", "\U000e0041::x::y", "word word word word word word word word word word word word word word word word ::x::y",
		"x\nforged=true", "x\r\n\tforged=true", "x\tforged=true",
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			h := &hostility{t, text, t.TempDir()}
			h.cells()
			h.arguments()
			h.manifests()
			h.layers()
			h.projects()
		})
	}
}

// A hostility is a text that is put wherever others may write.
type hostility struct {
	*testing.T
	text string
	dir  string
}

func (h *hostility) file(name, content string) string {
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		h.Skipf("%q cannot be the name of a file here: %v", name, err)
	}
	return path
}

// run runs a command in GitHub Actions, and looks at all that it writes.
func (h *hostility) run(args ...string) {
	h.Helper()
	h.runIn([]string{"GITHUB_ACTIONS=true", "CI=true", "GITHUB_EVENT_NAME=push"}, args...)
}

func (h *hostility) runIn(environ []string, args ...string) {
	h.Helper()
	var stdout, stderr bytes.Buffer
	a := newApp(&console.Console{
		Args: append([]string{"bundle"}, args...), Environ: environ, Stdin: strings.NewReader(h.text),
		Stdout: printable.New(&stdout), Stderr: printable.New(&stderr),
	}, nil)
	a.run(h.Context())
	for _, log := range []string{stdout.String(), dropAnnotations(stderr.String())} {
		if line := runnertest.Commanded(log); line != "" {
			h.Errorf("%q: bundle %q writes the command %q", h.text, args, line)
		}
	}
	if strings.Contains(strings.Join(args, " "), "--reveal") && stdout.Len() > 0 { // a value, as it is
		return
	}
	for line := range strings.Lines(stdout.String() + stderr.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), "forged=") {
			h.Errorf("%q: bundle %q writes a line %q", h.text, args, line)
		}
	}
	for _, log := range []string{stdout.String(), stderr.String()} {
		if r := runnertest.Unseen(log); r != 0 {
			h.Errorf("%q: bundle %q writes %U", h.text, args, r)
		}
	}
}

// cells are no more than one line of a table, and of Markdown.
func (h *hostility) cells() {
	var stdout bytes.Buffer
	a := newApp(&console.Console{Stdout: printable.New(&stdout)}, nil)
	if err := a.Stdout.Table([][]string{{"A", "B"}, {h.text, h.text}}); err != nil || strings.Count(stdout.String(), "\n") != 2 || len(runnertest.Lines(stdout.String())) != 2 {
		h.Errorf("%q makes the table %q, %v", h.text, &stdout, err)
	}
	if err := console.Usagef("%s, %q, %v", h.text, h.text, errors.New(h.text)); len(runnertest.Lines(err.Error())) != 1 {
		h.Errorf("%q makes the error %q", h.text, err)
	}
}

func (h *hostility) arguments() {
	x := h.text
	for _, args := range [][]string{
		{x}, {"--" + x}, {"build", x}, {"build", "--" + x + "=1"}, {"--manifest", x, "validate"}, {"validate", "--manifest", x}, {"validate", "--env", x}, {"plan", "--region", x},
		{"validate", "--var", x}, {"validate", "--var", x + "=" + x}, {"build", "--timeout", x}, {"build", "--ssm-tps", x}, {"inspect", x}, {"inspect", "--json", x}, {"inspect", x, x}, {"unpack", x, x}, {"unpack", "layer.zip", x}, {"unpack", "layer.zip", "none", "--function", x}, {"unpack", "arn:" + x, "none", "--helpers", x}, {"status", x}, {"status", "arn:" + x},
		{"verify", x}, {"verify", "--layer", x}, {"verify", "--manifest", x, "--layer", x}, {"verify", "--against", x, x}, {"help", "local", x}, {"local", "put", x, "--" + x}, {"run", "--layer", x, "--", x}, {"helpers", "--out", x, "--helpers", x}, {"publish", "--layer", x}, {"policy", "--kind", x},
		{"policy", "--function-role", x}, {"completion", x}, {"completion", "--manifest", x, "environments"}, {"fmt", "--manifest", x}, {"init", "--out", x}, {"init", "--from", x}, {"init", "--from", "/" + x},
		{"init", "--env", x, "--account-id", x + "=" + x}, {"local", x}, {"local", "put", "--data", x}, {"local", "get", x}, {"version", x}, {"compare", "--env", x}, {"doctor", "--env", x}, {"help", x}, {"build", "--help" + x},
		{"local", "env", "--region", x}, {"build", "--endpoint-url", x}, {"build", "--guard", x}, {"build", "--previous", x}, {"build", "--out", "{" + x + "}"}, {"fmt", "--manifest", "-"}, {"fmt", x}, {"fmt", "--check", x, x + ".hcl"}, {"schema", x}, {"completion", "--env", x, "--function", x, "secrets"}, {"completion", "--env", x, "bash"}, {"local", "serve", "--listen", x},
	} {
		args = append(args, h.elsewhere(args)...)
		h.run(args...)
	}
	h.runIn([]string{"CI=true", "BUNDLE_ENV=" + x, "GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=" + x, "GITHUB_EVENT_PATH=" + x, "GITHUB_STEP_SUMMARY=/" + x, "GITHUB_OUTPUT=/" + x, "BUNDLE_VAR_x=" + x, "AWS_PROFILE=" + x},
		"plan", "--manifest", h.file("variables.hcl", someEnvironment+"function \"hello\" {\n  kms_key = \"alias/hello\"\n  secret \"TOKEN\" { parameter = \"/a/b\" }\n}\n"))
}

// elsewhere keeps what a command may write away from the repository.
func (h *hostility) elsewhere(args []string) []string {
	if args[0] == "init" && len(args) > 1 && args[1] != "--out" {
		return []string{"--out", filepath.Join(h.dir, "made.hcl")}
	}
	return nil
}

func (h *hostility) manifests() {
	label := strconv.Quote(h.text)
	key, err := json.Marshal(h.text)
	if err != nil {
		h.Fatal(err)
	}
	fn := "function \"hello\" {\n  kms_key = \"alias/hello\"\n  secret \"TOKEN\" { parameter = \"/a/b\" }\n}\n"
	for i, manifest := range []string{
		someEnvironment + "function " + label + " {}\n", someEnvironment + "environment " + label + " {}\n" + fn, someEnvironment + "group " + label + " {}\n" + fn, someEnvironment + "variable " + label + " {}\n" + fn,
		someEnvironment + "function \"hello\" {\n  kms_key = " + label + "\n  include = [" + label + "]\n  environments = [" + label + "]\n  secret " + label + " { parameter = " + label + " }\n}\n",
		someEnvironment + "locals {\n  a = local[" + label + "]\n  b = var[" + label + "]\n  c = environment.values[" + label + "]\n}\n" + fn,
		someEnvironment + fn + "parameters " + label + " {}\n" + label + " = 1\nx " + label + " " + label + " {}\n",
		"bundle {\n  name = " + label + "\n  layer = " + label + "\n  default_environment = " + label + "\n  helpers = [" + label + "]\n}\n" + someEnvironment,
		someEnvironment + "# " + h.text + "\n/*\n" + h.text + "\n*/\n" + fn, someEnvironment + "function \"hello\" {\n  kms_key = <<E\n" + h.text + "\nE\n}\n", h.text, h.text + "\n" + someEnvironment,
		"environment \"prod\" {\n  account_id = " + label + "\n  role = " + label + "\n  regions = [" + label + "]\n  parameter_keys = [" + label + "]\n  values = { x = " + label + " }\n}\n",
		"environment \"local\" { embedded = " + label + " }\n" + fn,
	} {
		path := h.file(fmt.Sprintf("m%d.hcl", i), manifest)
		for _, args := range [][]string{{"validate"}, {"plan", "--offline", "--previous", "none"}, {"plan", "--offline", "--json"}, {"fmt", "--check"}, {"completion", "environments"}, {"local", "list"}, {"build", "--all", "--out", filepath.Join(h.dir, "{environment}.zip")}} {
			if args[0] == "completion" {
				h.run("completion", "--manifest", path, "environments")
				continue
			}
			h.run(append(args, "--manifest", path)...)
		}
	}
	for i, manifest := range []string{
		"{" + string(key) + ": 1}", "{\"bundle\": {\"name\": \"x\", " + string(key) + ": 1}, \"environment\": {" + string(key) + ": {}}, \"function\": {" + string(key) + ": {\"secret\": {" + string(key) + ": {}}}}}",
		"{\"bundle\": {\"name\": \"x\"}, \"locals\": {" + string(key) + ": \"${local.x}\", \"a\": \"${local[" + strings.ReplaceAll(string(key), `"`, `\"`) + "]}\"}}",
	} {
		h.run("validate", "--manifest", h.file(fmt.Sprintf("j%d.hcl.json", i), manifest))
	}
	if name := strings.NewReplacer("/", "_", "\x00", "").Replace(h.text); os.Mkdir(filepath.Join(h.dir, name), 0o700) == nil {
		h.file(filepath.Join(name, name+".hcl"), someEnvironment+fn+"function \"hello\" {}\nwrong = 1\n")
		h.run("validate", "--manifest", filepath.Join(h.dir, name))
		h.run("fmt", "--manifest", filepath.Join(h.dir, name, name+".hcl"))
	}
}

func (h *hostility) layers() {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{h.text, "bundle/functions/" + h.text + ".sealed"} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Comment: h.text})
		if err == nil {
			_, err = fmt.Fprintf(w, "bundle/1\nbundle %s\n", h.text)
		}
		if err != nil {
			h.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		h.Fatal(err)
	}
	path := h.file("layer.zip", b.String())
	for _, args := range [][]string{{"inspect", "--layer", path}, {"inspect", "--json", "--layer", path}, {"verify", "--layer", path}, {"verify", "--json", "--layer", path}, {"unpack", path, "none"}, {"status", "--layer", path}, {"run", "--layer", path, "--", "true"}} {
		h.run(args...)
	}
}

// projects makes first manifests of what projects have.
func (h *hostility) projects() {
	quoted := strconv.Quote(h.text)
	for name, content := range map[string]string{
		".env": h.text + "=x\nNAME=" + h.text + "\n", "serverless.yml": "service: " + quoted + "\nprovider:\n  name: aws\n  environment:\n    " + quoted + ": ${ssm:/a/b}\n    A: ${ssm:" + h.text + "}\nfunctions:\n  " + quoted + ":\n    handler: " + quoted + "\n",
		"template.yaml": "Transform: AWS::Serverless-2016-10-31\nResources:\n  " + quoted + ":\n    Type: AWS::Serverless::Function\n    Properties:\n      Environment:\n        Variables:\n          " + quoted + ": " + quoted + "\n          B: '{{resolve:ssm-secure:" + "x}}'\n",
	} {
		path := h.file(name, content)
		h.run("init", "--from", path, "--out", "-")
		h.run("init", "--from", path, "--out", filepath.Join(h.dir, "of"+name+".hcl"), "--json")
	}
	data := filepath.Join(h.dir, "data")
	h.run("local", "put", "--data", data, "/a/b")
	h.run("local", "put", "--data", data, "/a/"+h.text)
	h.run("local", "get", "--data", data, "--reveal", "/a/b")
	h.run("local", "import", "--data", data, "--path", "/x/"+h.text, filepath.Join(h.dir, ".env"))
	h.run("local", "key", "--data", data, "alias/"+h.text)
	h.run("local", "rm", "--data", data, "/"+h.text, h.text)
	h.run("local", "list", "--data", data)
}
