package acttest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

const manifest = `bundle {
  name  = "shop"
  layer = "shop-${environment.name}"
}
variable "path" {}
environment "local" { embedded = "parameters.json" }
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
function "checkout" {
  kms_key = "alias/checkout"
  secret "DB_PASSWORD" { parameter = var.path }
}
`

const parameters = `{"keys": [{"alias": "alias/checkout"}],
"parameters": [{"name": "/shop/db", "type": "SecureString", "value": "not-a-real-password"}]}`

// A step runs the script of the action with the inputs of action.yml's defaults
// and others.
type step struct{ dir, program string }

// TestTheAction compiles the command once for all that uses it.
func TestTheAction(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiles the command")
	}
	program := filepath.Join(t.TempDir(), "bundle")
	if err := needs.Bundle(program); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]func(*testing.T, step){
		"runs each command":                runsEachCommand,
		"refuses what it does not know":    refusesUnknown,
		"lets strangers validate and plan": limitsStrangers,
		"keeps what stands against a plan": keepsProblems,
		"hands digests over":               handsDigestsOver,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newStep(t, program))
		})
	}
}

func newStep(t *testing.T, program string) step {
	t.Helper()
	s := step{t.TempDir(), program}
	filetest.Write(t, filepath.Join(s.dir, "secrets.hcl"), manifest)
	filetest.Write(t, filepath.Join(s.dir, "parameters.json"), parameters)
	return s
}

func (s step) run(t *testing.T, name string, inputs ...string) (outputs, stderr string, code int) {
	t.Helper()
	files := t.TempDir()
	env := append([]string{
		"PROGRAM=" + s.program, "MANIFEST=secrets.hcl", "ENVIRONMENT=local", "OUT=layer.zip", "PREVIOUS=auto", "BLIND=false", "PUBLISH=false", "GUARD=",
		"VARS=path=/shop/db", "HEAD_REPOSITORY=", "BASE_REPOSITORY=", "CI=true", "GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push", "GITHUB_WORKSPACE=" + s.dir,
		"GITHUB_OUTPUT=" + files + "/output", "GITHUB_STEP_SUMMARY=" + files + "/summary", "RUNNER_TEMP=" + files,
	}, inputs...)
	filetest.Write(t, files+"/output", "")
	filetest.Write(t, files+"/summary", "")
	_, stderr, code = command{s.dir, env}.run(t, bash(t), filepath.Join(filetest.Root(t), ".github/action/run"), name)
	return filetest.Read(t, files+"/output"), stderr, code
}

func runsEachCommand(t *testing.T, s step) {
	if out, stderr, code := s.run(t, "plan"); code != 0 || !strings.Contains(out, "\ntrue\n") || !strings.Contains(out, "plan-json=/") {
		t.Errorf("plan: %d\n%s%s", code, out, stderr)
	}
	out, stderr, code := s.run(t, "matrix", "ENVIRONMENT=local\nprod", "MAX=2")
	if code != 0 || !strings.Contains(out, `{"include":[{"name":"local.us-east-1","environment":"local","region":"us-east-1","functions":"","args":"--env=local --region=us-east-1"},{"name":"prod.us-west-2"`) ||
		!strings.Contains(out, "count<<") {
		t.Errorf("matrix: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "matrix", "ENVIRONMENT=local", "OUT=layer-{function}.zip"); code != 2 || !strings.Contains(stderr, "One name for many layers") {
		t.Errorf("matrix of functions: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "build", "REGION=us-east-1", "FUNCTIONS=checkout"); code != 0 || !strings.Contains(out, "layer<<") {
		t.Errorf("build: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "publish"); code != 0 || !strings.Contains(out, "layer:shop-local:1\n") {
		t.Errorf("publish: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "publish", "LAYER_PARAMETER=/shop/{environment}/arn"); code != 0 || !strings.Contains(out, "\n/shop/local/arn\n") {
		t.Errorf("publish with a parameter: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "publish", "LAYER_PARAMETER=$(touch y)"); code != 2 || !strings.Contains(stderr, "Invalid layer parameter") {
		t.Errorf("publish with what is no parameter: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "build", "LAYER_PARAMETER=/shop/{environment}/arn", "PUBLISH=true"); code != 0 {
		t.Errorf("build to publish with a parameter: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "status"); code != 0 || !strings.Contains(out, "\nfalse\n") {
		t.Errorf("status: %d\n%s%s", code, out, stderr)
	}
	if _, stderr, code := s.run(t, "validate", "ENVIRONMENT=", "VARS=\npath=/shop/db\r\n\n"); code != 0 {
		t.Errorf("validate: %d\n%s", code, stderr)
	}
}

func refusesUnknown(t *testing.T, s step) {
	tests := map[string]struct {
		command string
		inputs  []string
		code    int
		says    string
	}{
		"another command":               {"run", nil, 2, "There is no such command"},
		"a flag for a command":          {"--help", nil, 2, "There is no such command"},
		"a word for true":               {"build", []string{"BLIND=yes"}, 2, "blind must be true or false"},
		"a word for publish":            {"build", []string{"PUBLISH=1"}, 2, "publish must be true or false"},
		"a plan to publish":             {"plan", []string{"PUBLISH=true"}, 2, "The input publish is only for the command build"},
		"an environment that is none":   {"build", []string{"ENVIRONMENT=x; touch y"}, 2, "no environment"},
		"no environment":                {"build", []string{"ENVIRONMENT="}, 2, "name the environment"},
		"a manifest that is not there":  {"build", []string{"MANIFEST=$(touch y)"}, 2, ""},
		"a variable that is none":       {"build", []string{"VARS=other=1"}, 2, ""},
		"a blind build of what is not":  {"build", []string{"BLIND=true"}, 2, "lind"},
		"a word for reseal":             {"build", []string{"RESEAL=yes"}, 2, "reseal must be true or false"},
		"a status that seals":           {"status", []string{"RESEAL=true"}, 2, "only for the commands build and plan"},
		"a digest of what is built":     {"build", []string{"SHA256=" + strings.Repeat("0", 64)}, 2, "The input sha256 is only for the command publish"},
		"no digest of what is built":    {"build", []string{"SHA256="}, 2, "The input sha256 is only for the command publish"},
		"an earlier layer of a status":  {"status", []string{"PREVIOUS_SHA256=" + strings.Repeat("0", 64)}, 2, "only for the commands build and plan"},
		"a digest that was never set":   {"publish", []string{"SHA256="}, 2, "The input sha256 is empty"},
		"only lines for a digest":       {"publish", []string{"SHA256=\r\n\n"}, 2, "The input sha256 is empty"},
		"another output never set":      {"build", []string{"PREVIOUS_SHA256="}, 2, "The input previous-sha256 is empty"},
		"what is no digest":             {"publish", []string{"SHA256=--allow-rollback"}, 2, "is not a SHA-256"},
		"helpers of no release":         {"publish", []string{"HELPERS_OF=v9.9.9"}, 2, `--helpers-of "v9.9.9"`},
		"a flag for a release":          {"publish", []string{"HELPERS_OF=--allow-rollback"}, 2, "helpers-of"},
		"helpers of what is built":      {"build", []string{"HELPERS_OF=v1.2.3"}, 2, "The input helpers-of is only for the command publish"},
		"helpers of a build to publish": {"build", []string{"HELPERS_OF=v1.2.3", "PUBLISH=true"}, 2, "The input helpers-of is only for the command publish"},
		"a parameter of what is built":  {"build", []string{"LAYER_PARAMETER=/shop/arn"}, 2, "The input layer-parameter is only for the command publish"},
		"a region that is none":         {"build", []string{"REGION=eu-west-1"}, 2, "no selected environment is in this region"},
		"a flag for a region":           {"build", []string{"REGION=--trusted"}, 2, "--region --trusted"},
		"a region of validate":          {"validate", []string{"REGION=us-east-1"}, 2, "The input region is not for the command validate"},
		"a function that is none":       {"build", []string{"FUNCTIONS=$(touch y)"}, 2, "One layer for all functions"},
		"no name of a function":         {"build", []string{"FUNCTIONS=checkout,"}, 2, "has an empty name"},
		"functions of a matrix":         {"matrix", []string{"FUNCTIONS=checkout"}, 2, "The input functions is only for the commands build, plan, publish and status"},
		"functions of validate":         {"validate", []string{"FUNCTIONS=checkout"}, 2, "The input functions is only for"},
		"a number of jobs for a build":  {"build", []string{"MAX=3"}, 2, "The input max is only for the command matrix"},
		"no number of jobs":             {"matrix", []string{"MAX=many"}, 2, "is not a number of jobs"},
		"too few jobs":                  {"matrix", []string{"ENVIRONMENT=local\nprod", "MAX=1"}, 2, "2 environments and regions"},
		"a guard that is not there":     {"publish", []string{"GUARD=gone.hcl"}, 2, "gone.hcl"},
	}
	for name, test := range tests {
		out, stderr, code := s.run(t, test.command, test.inputs...)
		if code != test.code || !strings.Contains(stderr, test.says) || strings.Contains(out, "<<") {
			t.Errorf("%s: exit code %d\n%s%s", name, code, out, stderr)
		}
	}
	if files, _ := filepath.Glob(s.dir + "/y"); files != nil {
		t.Error("an input was run as a command")
	}
}

func limitsStrangers(t *testing.T, s step) {
	event := filepath.Join(t.TempDir(), "event.json")
	filetest.Write(t, event, `{"pull_request": {"head": {"repo": {"full_name": "stranger/shop"}}, "base": {"repo": {"full_name": "owner/shop"}}},
		"workflow_run": {"head_repository": {"full_name": "stranger/shop"}}, "repository": {"full_name": "owner/shop"}}`)
	fork := []string{"GITHUB_EVENT_PATH=" + event, "HEAD_REPOSITORY=stranger/shop", "BASE_REPOSITORY=owner/shop"}
	runs := map[string][]string{
		"a fork":              append([]string{"GITHUB_EVENT_NAME=pull_request"}, fork...),
		"a deleted fork":      {"GITHUB_EVENT_NAME=pull_request", "HEAD_REPOSITORY=", "BASE_REPOSITORY=owner/shop", "GITHUB_EVENT_PATH=" + event},
		"a review":            append([]string{"GITHUB_EVENT_NAME=pull_request_review"}, fork...),
		"after a fork's run":  append([]string{"GITHUB_EVENT_NAME=workflow_run"}, fork...),
		"pull_request_target": {"GITHUB_EVENT_NAME=pull_request_target", "HEAD_REPOSITORY=owner/shop", "BASE_REPOSITORY=owner/shop", "GITHUB_EVENT_PATH=" + event},
	}
	for name, env := range runs {
		for _, environment := range []string{"local", "prod"} {
			inputs := append([]string{"ENVIRONMENT=" + environment}, env...)
			for _, command := range []string{"build", "publish", "status"} {
				if _, stderr, code := s.run(t, command, inputs...); code != 2 || !strings.Contains(stderr, "runs only the commands validate, plan and matrix") {
					t.Errorf("%s: %s: %d\n%s", name, command, code, stderr)
				}
			}
			for _, previous := range []string{"auto", "arn:aws:lambda:us-west-2:222222222222:layer:shop"} {
				if _, stderr, code := s.run(t, "plan", append(inputs, "PREVIOUS="+previous)...); code != 0 || !strings.Contains(stderr, "without AWS calls or credentials") {
					t.Errorf("%s: plan of %s from %s: %d\n%s", name, environment, previous, code, stderr)
				}
			}
			for _, command := range []string{"validate", "matrix"} {
				if _, stderr, code := s.run(t, command, inputs...); code != 0 {
					t.Errorf("%s: %s: %d\n%s", name, command, code, stderr)
				}
			}
		}
	}
	// Nothing has been opened, sealed or kept for any of them.
	if files, _ := filepath.Glob(s.dir + "/.bundle-local"); files != nil {
		t.Error("the embedded AWS was started")
	}
}

func keepsProblems(t *testing.T, s step) {
	out, _, code := s.run(t, "plan", "VARS=path=/shop/missing")
	_, rest, _ := strings.Cut(out, "plan-markdown=")
	if path, _, _ := strings.Cut(rest, "\n"); code != 5 || !strings.Contains(filetest.Read(t, path), "| secrets&#46;hcl&#58;13 | Parameter not found |") {
		t.Errorf("exit code %d, %s", code, out)
	}
	out, _, code = s.run(t, "matrix", "VARS=path=shop@all")
	_, rest, _ = strings.Cut(out, "plan-markdown=")
	if path, _, _ := strings.Cut(rest, "\n"); code != 2 || !strings.Contains(filetest.Read(t, path), "| secrets&#46;hcl&#58;13 | Invalid parameter |") || strings.Contains(out, "count<<") {
		t.Errorf("exit code %d, %s", code, out)
	}
}

func handsDigestsOver(t *testing.T, s step) {
	digest := func(out string) string {
		_, rest, _ := strings.Cut(out, "sha256<<")
		return strings.Split(rest, "\n")[1]
	}
	out, stderr, code := s.run(t, "build")
	if code != 0 || len(digest(out)) != 64 {
		t.Fatalf("build: %d\n%s%s", code, out, stderr)
	}
	first, zeros := digest(out), strings.Repeat("0", 64)
	if out, stderr, code := s.run(t, "publish", "SHA256="+zeros); code != 7 || strings.Contains(out, "arn<<") || !strings.Contains(stderr, "Layer has another digest") {
		t.Errorf("another layer: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "publish", "SHA256="+first+"\n"); code != 0 || digest(out) != first {
		t.Errorf("publish: %d\n%s%s", code, out, stderr)
	}
	for _, command := range []string{"build", "plan"} {
		if _, stderr, code := s.run(t, command, "PREVIOUS_SHA256="+zeros); code != 7 || !strings.Contains(stderr, "Previous layer has another digest") {
			t.Errorf("%s after another layer: %d\n%s", command, code, stderr)
		}
	}
	if out, stderr, code := s.run(t, "build", "PREVIOUS_SHA256="+strings.ToUpper(first)); code != 0 || digest(out) != first {
		t.Errorf("build: %d\n%s%s", code, out, stderr)
	}
	if out, stderr, code := s.run(t, "build", "RESEAL=true"); code != 0 || digest(out) == first {
		t.Errorf("reseal: %d\n%s%s", code, out, stderr)
	}
	// Offline there is no published layer to hold to it.
	stranger := []string{"GITHUB_EVENT_NAME=pull_request_target", "PREVIOUS_SHA256=" + zeros}
	if _, stderr, code := s.run(t, "plan", stranger...); code != 0 {
		t.Errorf("a stranger's plan: %d\n%s", code, stderr)
	}
}
