package examplestest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/whispering/bundle/internal/needs"
)

// TestTemplatesAreCloudFormation: cfn-lint accepts the templates, after SAM's
// transformation, without a remark.
func TestTemplatesAreCloudFormation(t *testing.T) {
	templates, err := filepath.Glob(examples + "/*/*.yaml")
	templates = slices.DeleteFunc(templates, func(path string) bool { return filepath.Base(path) == "aqua-registry.yaml" })
	if err != nil || len(templates) < 4 {
		t.Fatalf("%v, %v", templates, err)
	}
	run(t, "", nil, needs.ExamplesTool(t, "python/bin/cfn-lint"), templates...)
}

// stubCloudFormation knows no stack. It is all that packaging asks of AWS.
func stubCloudFormation(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>`+
			`<Code>ValidationError</Code><Message>Stack does not exist</Message></Error></ErrorResponse>`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// withLayer is a copy of an example with something in the place of the layer.
func withLayer(t *testing.T, name string) string {
	t.Helper()
	dir := copied(t, name)
	put(t, filepath.Join(dir, "layer.zip"), []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), 0o644)
	return dir
}

func TestServerlessPackagesHello(t *testing.T) {
	framework, lint := needs.ExamplesTool(t, "node/node_modules/osls/bin/serverless.js"), needs.ExamplesTool(t, "python/bin/cfn-lint")
	dir := withLayer(t, "hello")
	env := []string{"AWS_ENDPOINT_URL=" + stubCloudFormation(t), "AWS_ACCESS_KEY_ID=sample", "AWS_SECRET_ACCESS_KEY=sample", "AWS_SESSION_TOKEN=",
		"SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off", "HOME=" + t.TempDir()}
	run(t, dir, env, needs.Program(t, "node", "Node.js 20 or later, nodejs.org"), framework, "package", "--package", "out")
	template := filepath.Join(dir, "out", "cloudformation-template-update-stack.json")
	run(t, "", nil, lint, "--non-zero-exit-code", "error", template)
	checkTemplate(t, template)
}

func TestCDKSynthesisesHello(t *testing.T) {
	packages, lint := needs.ExamplesTool(t, "node/node_modules"), needs.ExamplesTool(t, "python/bin/cfn-lint")
	dir := withLayer(t, "hello")
	if err := os.Symlink(packages, filepath.Join(dir, "cdk", "node_modules")); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "cdk.out")
	run(t, filepath.Join(dir, "cdk"), []string{"CDK_OUTDIR=" + out}, needs.Program(t, "node", "Node.js 20 or later, nodejs.org"), "app.mjs")
	run(t, "", nil, lint, "--non-zero-exit-code", "error", filepath.Join(out, "HelloKeys.template.json"), filepath.Join(out, "Hello.template.json"))
	checkTemplate(t, filepath.Join(out, "Hello.template.json"))
}

// A template is what the tests read of one for CloudFormation.
type template struct {
	text      []byte
	Resources map[string]struct {
		Type       string
		Properties struct {
			FunctionName any
			Layers       []any
		}
	}
}

func readTemplate(t *testing.T, path string) (read template) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	read.text = b
	return read
}

// checkTemplate looks for the function of the example hello in a template, with
// its layer and its right to decrypt.
func checkTemplate(t *testing.T, path string) {
	t.Helper()
	template := readTemplate(t, path)
	functions := 0
	for _, r := range template.Resources {
		if r.Type == "AWS::Lambda::Function" {
			functions++
			if r.Properties.FunctionName != "hello-prod" || len(r.Properties.Layers) != 1 {
				t.Errorf("function %v has %d layers", r.Properties.FunctionName, len(r.Properties.Layers))
			}
		}
	}
	if functions != 1 || !regexp.MustCompile(`"kms:EncryptionContext:bundle:function": ?"hello/hello"`).Match(template.text) {
		t.Errorf("%d functions, or no right to decrypt", functions)
	}
}

// TestTemplatesAgreeWithTheManifest: the names, aliases and contexts that a
// template repeats are those of the manifest.
func TestTemplatesAgreeWithTheManifest(t *testing.T) {
	deployments := map[string][][]string{
		"hello": {
			{"keys.yaml", "template.yaml"}, {"keys.yaml", "serverless.yml"}, {"terraform/keys/main.tf", "terraform/main.tf"}, {"cdk/app.mjs"},
		},
		"multi-key": {{"keys.yaml", "template.yaml"}},
	}
	environment := strings.NewReplacer("${Environment}", "prod", "${sls:stage}", "prod", "${var.environment}", "prod", "${environment}", "prod")
	for _, name := range names(t) {
		if len(deployments[name]) == 0 {
			t.Errorf("nothing deploys the example %s", name)
		}
		m := evaluated(t, name, "prod")
		for _, files := range deployments[name] {
			var text strings.Builder
			for _, file := range files {
				b, err := os.ReadFile(filepath.Join(examples, name, file))
				if err != nil {
					t.Fatal(err)
				}
				text.WriteString(environment.Replace(string(b)))
			}
			for _, fn := range m.Functions {
				for _, want := range []string{fn.File(), fn.Key.Value, m.Bundle.Name.Value + "/" + fn.Name.Value, m.Bundle.Layer.Value, "role/" + fn.File()} {
					if want == "role/"+fn.File() && files[0] == "cdk/app.mjs" {
						want = "const roleName = `" + fn.File() + "`"
					}
					if !strings.Contains(text.String(), want) {
						t.Errorf("%s: no %q in %v", name, want, files)
					}
				}
			}
		}
	}
}

// terraformFiles are those of the examples and the blocks of docs/terraform.md,
// by place.
func terraformFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(examples, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".terraform" {
			return filepath.SkipDir
		}
		if err != nil || filepath.Ext(path) != ".tf" {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/terraform.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range regexp.MustCompile("(?ms)^```terraform\n(.*?)^```$").FindAllSubmatch(page, -1) {
		files[fmt.Sprintf("docs/terraform.md, block %d", i+1)] = block[1]
	}
	return files
}

// TestTerraformIsWellFormed: it parses, is formatted as terraform fmt does, and
// what is referred to in a folder is declared there. It needs no Terraform.
func TestTerraformIsWellFormed(t *testing.T) {
	files := terraformFiles(t)
	if len(files) < 3 {
		t.Fatalf("only %d files", len(files))
	}
	for place, src := range files {
		file, diags := hclsyntax.ParseConfig(src, place, hcl.InitialPos)
		if diags.HasErrors() {
			t.Error(diags)
			continue
		}
		if string(hclwrite.Format(src)) != string(src) {
			t.Errorf("%s is not formatted: terraform fmt", place)
		}
		if filepath.Ext(place) == ".tf" {
			checkReferences(t, place, file.Body.(*hclsyntax.Body))
		}
	}
}

// checkReferences holds a folder of one file to what it declares.
func checkReferences(t *testing.T, place string, body *hclsyntax.Body) {
	t.Helper()
	declared := map[string]bool{}
	for _, b := range body.Blocks {
		switch b.Type {
		case "resource":
			declared[strings.Join(b.Labels, ".")] = true
		case "data":
			declared["data."+strings.Join(b.Labels, ".")] = true
		case "variable":
			declared["var."+b.Labels[0]] = true
		case "locals":
			for name := range b.Body.Attributes {
				declared["local."+name] = true
			}
		}
	}
	for _, used := range references(body) {
		if !declared[used] {
			t.Errorf("%s refers to %s, which it does not declare", place, used)
		}
	}
}

func references(body *hclsyntax.Body) []string {
	var all []string
	for name, a := range body.Attributes {
		for _, traversal := range a.Expr.Variables() {
			if name == "type" && len(traversal) == 1 || traversal.RootName() == "each" { // of a variable: string; of for_each
				continue
			}
			parts := 2
			if traversal.RootName() == "data" {
				parts = 3
			}
			var words []string
			for _, step := range traversal[:min(parts, len(traversal))] {
				switch step := step.(type) {
				case hcl.TraverseRoot:
					words = append(words, step.Name)
				case hcl.TraverseAttr:
					words = append(words, step.Name)
				}
			}
			all = append(all, strings.Join(words, "."))
		}
	}
	for _, b := range body.Blocks {
		if b.Type != "required_providers" {
			all = append(all, references(b.Body)...)
		}
	}
	return slices.Compact(all)
}

func terraformFolders(t *testing.T) []string {
	t.Helper()
	var folders []string
	for place := range terraformFiles(t) {
		if filepath.Ext(place) == ".tf" {
			folders = append(folders, filepath.Dir(place))
		}
	}
	slices.Sort(folders)
	return folders
}

// TestTerraformInspects reads the folders with HashiCorp's own reader.
func TestTerraformInspects(t *testing.T) {
	inspect := needs.ExamplesTool(t, "bin/terraform-config-inspect")
	for _, folder := range terraformFolders(t) {
		var module struct {
			Diagnostics      []any
			ManagedResources map[string]any `json:"managed_resources"`
		}
		if err := json.Unmarshal([]byte(run(t, "", nil, inspect, "--json", folder)), &module); err != nil {
			t.Fatal(err)
		}
		if len(module.Diagnostics) > 0 || len(module.ManagedResources) == 0 {
			t.Errorf("%s: %v, %d resources", folder, module.Diagnostics, len(module.ManagedResources))
		}
	}
}

// TestTerraformValidates holds the folders to the schema of the provider. It is
// asked for by BUNDLE_TEST_TERRAFORM=1, because Terraform and the provider (150 MB)
// come from no package registry that CI uses.
func TestTerraformValidates(t *testing.T) {
	if os.Getenv("BUNDLE_TEST_TERRAFORM") != "1" {
		t.Skip("set BUNDLE_TEST_TERRAFORM=1 where there is Terraform (developer.hashicorp.com/terraform/install) and hashicorp/aws can be had")
	}
	terraform := needs.Program(t, "terraform", "developer.hashicorp.com/terraform/install")
	dir := withLayer(t, "hello")
	for _, folder := range []string{"terraform", "terraform/keys"} {
		folder = filepath.Join(dir, folder)
		args := []string{"init", "-backend=false", "-input=false"}
		if plugins := os.Getenv("BUNDLE_TEST_TERRAFORM_PLUGINS"); plugins != "" {
			args = append(args, "-plugin-dir="+plugins)
		}
		run(t, folder, nil, terraform, args...)
		run(t, folder, nil, terraform, "validate")
	}
}
