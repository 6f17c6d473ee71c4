package examplestest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
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

// TestOnlyChangesOfSecretsRotate: of the events that Parameter Store sends, the rules of the example match those about the parameters of the
// layer, and never those about the parameter that a publication writes. All that leaves the account is a name and a region.
func TestOnlyChangesOfSecretsRotate(t *testing.T) {
	var samples []struct {
		Starts bool
		What   string
		Event  map[string]any
	}
	b, err := os.ReadFile("testdata/parameter-events.json")
	if err == nil {
		err = json.Unmarshal(b, &samples)
	}
	if err != nil {
		t.Fatal(err)
	}
	for file, resources := range rotating(t, copied(t, "rotate-on-change")) {
		var changed map[string]any
		for _, rule := range resources["AWS::Events::Rule"] {
			if rule["EventPattern"] != nil {
				changed = rule
			}
		}
		for _, parameters := range []string{"/prod/shop/", "/"} { // the second of them is that of the layer's parameter as well
			values := map[string]string{"AWS::Partition": "aws", "AWS::Region": "us-west-2", "AWS::AccountId": "111111111111", "Parameters": parameters, "LayerParameters": "/bundle/"}
			pattern := resolved(t, changed["EventPattern"], values).(map[string]any)
			for _, sample := range samples {
				want := sample.Starts || strings.Contains(sample.What, "another environment") && parameters == "/" && file != "cdk/app.mjs"
				if got := matches(t, pattern, sample.Event); got != want {
					t.Errorf("%s, parameters %s: %s: %t", file, parameters, sample.What, got)
				}
			}
		}
		target := changed["Targets"].([]any)[0].(map[string]any)
		if transformer, ok := target["InputTransformer"].(map[string]any); ok {
			var got any
			if err := json.Unmarshal([]byte(transformed(t, transformer, samples[0].Event)), &got); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"event_type": "parameter-changed", "client_payload": map[string]any{"name": "/prod/shop/stripe/key", "region": "us-west-2"}}
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("%s sends\n%s", file, diff)
			}
			continue
		}
		// All messages have one text, so those of five minutes are one, which must not be delivered earlier.
		rules, queue := resources["AWS::Events::Rule"], resources["AWS::SQS::Queue"][0]
		for _, rule := range rules {
			if got := rule["Targets"].([]any)[0].(map[string]any)["Input"]; got != target["Input"] || got == "" {
				t.Errorf("%s: messages of %v", file, got)
			}
		}
		if delay, ok := queue["DelaySeconds"].(float64); !ok || delay < 300 || len(rules) != 2 {
			t.Errorf("%s: %d rules, and a delay of %v", file, len(rules), queue["DelaySeconds"])
		}
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
	deployments := regexp.MustCompile(`(?s)--template-file (\S+) .*?--parameter-overrides ([^\n]+)`).FindAllStringSubmatch(string(page), -1)
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
			if !strings.Contains(string(template), "\n  "+name+":\n    Type: String\n") {
				t.Errorf("%s has no parameter %s", d[1], name)
			}
		}
	}
}
