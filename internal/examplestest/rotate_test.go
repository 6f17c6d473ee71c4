package examplestest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/needs"
)

// translated prints templates as JSON, as the translator of SAM leaves them.
const translated = `
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class Policies:
    def load(self):
        return {}

json.dump({path: transform(yaml_parse(open(path).read()), {}, Policies()) for path in sys.argv[1:]}, sys.stdout)
`

// rotating are the templates of the example rotate-on-change, by file, with their resources by type.
func rotating(t *testing.T, dir string) map[string]map[string][]map[string]any {
	t.Helper()
	type resources struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	templates := map[string]resources{}
	out := run(t, dir, []string{"AWS_DEFAULT_REGION=us-west-2"}, needs.ExamplesTool(t, "python/bin/python"), "-c", translated, "github.yaml", "codebuild.yaml")
	if err := json.Unmarshal([]byte(out), &templates); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(needs.ExamplesTool(t, "node/node_modules"), filepath.Join(dir, "cdk", "node_modules")); err != nil {
		t.Fatal(err)
	}
	run(t, filepath.Join(dir, "cdk"), []string{"CDK_OUTDIR=" + filepath.Join(dir, "cdk.out")}, needs.Program(t, "node", "Node.js 20 or later, nodejs.org"), "app.mjs")
	b, err := os.ReadFile(filepath.Join(dir, "cdk.out", "RotateOnChange.template.json"))
	var synthesized resources
	if err == nil {
		err = json.Unmarshal(b, &synthesized)
	}
	if err != nil {
		t.Fatal(err)
	}
	templates["cdk/app.mjs"] = synthesized
	all := map[string]map[string][]map[string]any{}
	for file, template := range templates {
		all[file] = map[string][]map[string]any{}
		for _, r := range template.Resources {
			all[file][r.Type] = append(all[file][r.Type], r.Properties)
		}
	}
	return all
}

// A sampleEvent is an event that AWS sends, and whether it is about what the layer contains.
type sampleEvent struct {
	Starts bool
	What   string
	Event  map[string]any
}

func sampleEvents(t *testing.T, file string) (all []sampleEvent) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestOnlyChangesOfSecretsRotate: of the events that Parameter Store and Secrets Manager send, one rule of the example matches those about
// what the layer contains, and none matches those about the parameter that a publication writes. All that leaves the account is a name and
// a region.
func TestOnlyChangesOfSecretsRotate(t *testing.T) {
	parameterEvents, secretEvents := sampleEvents(t, "parameter-events.json"), sampleEvents(t, "secret-events.json")
	for file, resources := range rotating(t, copied(t, "rotate-on-change")) {
		rules := resources["AWS::Events::Rule"]
		for _, parameters := range []string{"/prod/shop/", "/"} { // the second of them is that of the layer's parameter as well
			values := map[string]string{"AWS::Partition": "aws", "AWS::Region": "us-west-2", "AWS::AccountId": "111111111111", "Parameters": parameters, "Secrets": "prod/shop/", "LayerParameters": "/bundle/"}
			for _, sample := range slices.Concat(parameterEvents, secretEvents) {
				want := 0
				if sample.Starts || strings.Contains(sample.What, "another environment") && parameters == "/" && file != "cdk/app.mjs" {
					want = 1
				}
				if got := len(matching(t, rules, values, sample.Event)); got != want {
					t.Errorf("%s, parameters %s: %s: %d rules, want %d", file, parameters, sample.What, got, want)
				}
			}
		}
		values := map[string]string{"AWS::Partition": "aws", "AWS::Region": "us-west-2", "AWS::AccountId": "111111111111", "Parameters": "/prod/shop/", "Secrets": "prod/shop/", "LayerParameters": "/bundle/"}
		ofParameters, ofSecrets := target(matching(t, rules, values, parameterEvents[0].Event)[0]), target(matching(t, rules, values, secretEvents[0].Event)[0])
		if file != "codebuild.yaml" {
			checkDispatch(t, file, ofParameters, parameterEvents[0].Event, "parameter-changed", "/prod/shop/stripe/key")
			checkDispatch(t, file, ofSecrets, secretEvents[0].Event, "secret-changed", "prod/shop/db")
			continue
		}
		// All messages have one text, so those of five minutes are one, which must not be delivered earlier.
		queue := resources["AWS::SQS::Queue"][0]
		for _, rule := range rules {
			if got := target(rule)["Input"]; got != ofParameters["Input"] || got == "" {
				t.Errorf("%s: messages of %v", file, got)
			}
		}
		if delay, ok := queue["DelaySeconds"].(float64); !ok || delay < 300 || len(rules) != 3 {
			t.Errorf("%s: %d rules, and a delay of %v", file, len(rules), queue["DelaySeconds"])
		}
		// The queue takes messages from all rules of the template, and from no others.
		if policy, err := json.Marshal(resources["AWS::SQS::QueuePolicy"]); err != nil || strings.Count(string(policy), `"Fn::GetAtt"`) != 1+len(rules) {
			t.Errorf("%s: %v: the queue's policy is %s", file, err, policy)
		}
	}
}

// matching returns the rules whose patterns match an event.
func matching(t *testing.T, rules []map[string]any, values map[string]string, event map[string]any) (all []map[string]any) {
	t.Helper()
	for _, rule := range rules {
		if rule["EventPattern"] == nil {
			continue // it has a schedule
		}
		if pattern := resolved(t, rule["EventPattern"], values).(map[string]any); matches(t, pattern, event) {
			all = append(all, rule)
		}
	}
	return all
}

func target(rule map[string]any) map[string]any { return rule["Targets"].([]any)[0].(map[string]any) }

// checkDispatch compares what a target sends to GitHub.
func checkDispatch(t *testing.T, file string, target, event map[string]any, kind, name string) {
	t.Helper()
	var got any
	if err := json.Unmarshal([]byte(transformed(t, target["InputTransformer"].(map[string]any), event)), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"event_type": kind, "client_payload": map[string]any{"name": name, "region": "us-west-2"}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("%s sends\n%s", file, diff)
	}
	workflow, err := os.ReadFile(examples + "/rotate-on-change/workflow.yml")
	if err != nil {
		t.Fatal(err)
	}
	if types := regexp.MustCompile(`types: \[(.*)\]`).FindSubmatch(workflow); types == nil || !slices.Contains(strings.Split(string(types[1]), ", "), kind) {
		t.Errorf("workflow.yml does not start at %s", kind)
	}
}

// TestAMessageStartsTheBuild runs the function in codebuild.yaml.
func TestAMessageStartsTheBuild(t *testing.T) {
	template, err := os.ReadFile(examples + "/rotate-on-change/codebuild.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(template), "InlineCode: |\n")
	code = code[:regexp.MustCompile(`(?m)^ {6}\w`).FindStringIndex(code)[0]]
	code = regexp.MustCompile(`(?m)^ {8}`).ReplaceAllString(code, "")
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = append(asked, r.Header.Get("X-Amz-Target")+" "+string(body))
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if len(asked) > 1 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type": "AccountLimitExceededException", "message": "Cannot have more than 1 builds in queue for the account"}`)
			return
		}
		_, _ = io.WriteString(w, `{"build": {"id": "shop-layer:1"}}`)
	}))
	t.Cleanup(server.Close)
	env := []string{"PROJECT=shop-layer", "AWS_DEFAULT_REGION=us-west-2", "AWS_ACCESS_KEY_ID=sample", "AWS_SECRET_ACCESS_KEY=sample", "AWS_SESSION_TOKEN=", "AWS_ENDPOINT_URL=" + server.URL}
	// The second time, CodeBuild refuses, and the message must come back.
	out := run(t, "", env, needs.ExamplesTool(t, "python/bin/python"), "-c", code+"\nhandler({}, None)\ntry:\n    handler({}, None)\nexcept Exception as e:\n    print(type(e).__name__)\n")
	start := `CodeBuild_20161006.StartBuild {"projectName": "shop-layer"}`
	if len(asked) != 2 || asked[0] != start || strings.TrimSpace(out) != "AccountLimitExceededException" {
		t.Errorf("%q, then %s", asked, out)
	}
}

// TestCommandsNameParametersOfTheTemplates: what the page passes to a deployment is a parameter of its template.
func TestCommandsNameParametersOfTheTemplates(t *testing.T) {
	dir := examples + "/rotate-on-change/"
	page, err := os.ReadFile(dir + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	deployments := regexp.MustCompile(`(?s)--template-file (\S+) .*?--parameter-overrides ((?:[^\n]+\\\n)?[^\n]+)`).FindAllStringSubmatch(string(page), -1)
	if len(deployments) != 2 {
		t.Errorf("%d deployments", len(deployments))
	}
	for _, d := range deployments {
		template, err := os.ReadFile(dir + d[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range strings.Fields(d[2]) {
			name, _, _ := strings.Cut(value, "=")
			if value != `\` && !strings.Contains(string(template), "\n  "+name+":\n    Type: String\n") {
				t.Errorf("%s has no parameter %s", d[1], name)
			}
		}
	}
}
