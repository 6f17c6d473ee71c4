package examplestest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/pipeline/manifest"
)

// TestDeploymentsNameTheParametersOfTheManifest: what deploys the functions of the
// example adopting takes the ARNs from the parameters that bundle publish writes.
func TestDeploymentsNameTheParametersOfTheManifest(t *testing.T) {
	module, diags := manifest.Load(examples+"/adopting/secrets", manifest.Options{})
	m, more := module.Evaluate("prod")
	if diags = append(diags, more...); len(diags) > 0 {
		t.Fatal(diags)
	}
	parameters := map[string]bool{}
	for _, fn := range m.Functions {
		parameters[fn.LayerParameter.Value] = true
	}
	environment := strings.NewReplacer("${sls:stage}", "prod", "${var.environment}", "prod", "${environment}", "prod")
	some := strings.NewReplacer("${each.key}", "login", "${name}", "login")
	for file, count := range map[string]int{"template.yaml": 2, "function.yaml": 1, "serverless.yml": 1, "cdk/app.mjs": 1, "terraform/main.tf": 1} {
		b, err := os.ReadFile(filepath.Join(examples, "adopting", file))
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(`/bundle/[^"'\x60\s]*/layer-arn`).FindAllString(some.Replace(environment.Replace(string(b))), -1)
		if len(names) != count {
			t.Errorf("%s names %q", file, names)
		}
		for _, name := range names {
			if !parameters[name] {
				t.Errorf("%s names %q, which bundle publish does not write", file, name)
			}
		}
		if strings.Contains(strings.ReplaceAll(string(b), "{{resolve:ssm:NAME}}", ""), "{{resolve:") {
			t.Errorf("%s has a dynamic reference, whose new value CloudFormation does not notice", file)
		}
	}
}

// samVersions prints the logical ID of the version of search-query for each set of
// values of parameters, first as the template is, then without AutoPublishCodeSha256,
// then also with AutoPublishAliasAllProperties instead of it.
const samVersions = `
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class Policies:
    def load(self):
        return {}

def version(values, without, all_properties):
    template = yaml_parse(open(sys.argv[1]).read())
    for resource in template["Resources"].values():
        resource["Properties"]["CodeUri"] = "s3://code/function.zip"
    properties = template["Resources"]["SearchQuery"]["Properties"]
    if without:
        del properties["AutoPublishCodeSha256"]
    if all_properties:
        properties["AutoPublishAliasAllProperties"] = True
    resources = transform(template, values, Policies())["Resources"]
    [name] = [name for name, r in resources.items() if r["Type"] == "AWS::Lambda::Version"]
    [alias] = [r for r in resources.values() if r["Type"] == "AWS::Lambda::Alias"]
    assert alias["Properties"]["FunctionVersion"] == {"Fn::GetAtt": [name, "Version"]}, alias
    return name

sets = json.loads(sys.argv[2])
json.dump([[version(dict(v), *how) for v in sets] for how in [(False, False), (True, False), (True, True)]], sys.stdout)
`

// TestSAMPublishesAVersionForANewDigest: with AutoPublishAlias, the real translator makes
// a new version when the digest changes, and does not when only the layer's ARN does.
func TestSAMPublishesAVersionForANewDigest(t *testing.T) {
	python := needs.ExamplesTool(t, "python/bin/python")
	values := func(digest, layer string) map[string]string {
		return map[string]string{"Environment": "prod", "Helpers": "arn:aws:lambda:us-west-2:444444444444:layer:helpers:1",
			"SearchIndexKey": "arn:aws:kms:us-west-2:444444444444:key/1", "SearchQueryKey": "arn:aws:kms:us-west-2:444444444444:key/2",
			"SearchIndexSecrets": "arn:aws:lambda:us-west-2:444444444444:layer:i:1", "SearchQuerySecrets": layer, "SearchQueryDigest": digest}
	}
	const layer = "arn:aws:lambda:us-west-2:444444444444:layer:shop-prod-search-query-secrets:"
	one, other := strings.Repeat("0123abcd", 8), strings.Repeat("4567abcd", 8)
	sets, err := json.Marshal([]map[string]string{values(one, layer+"1"), values(other, layer+"2"), values(one, layer+"2")})
	if err != nil {
		t.Fatal(err)
	}
	var ids [][]string
	template, err := filepath.Abs(examples + "/adopting/template.yaml")
	if err == nil {
		err = json.Unmarshal([]byte(run(t, "", []string{"AWS_DEFAULT_REGION=us-west-2"}, python, "-c", samVersions, template, string(sets))), &ids)
	}
	if err != nil || len(ids) != 3 {
		t.Fatal(err, ids)
	}
	if as := ids[0]; as[0] == as[1] || as[0] != as[2] || !strings.HasSuffix(as[0], one[:10]) {
		t.Errorf("versions by digest: %q", as)
	}
	for _, without := range ids[1:] {
		if without[0] != without[1] || without[0] != without[2] {
			t.Errorf("without a digest, the version changes with the layer: %q; docs/adopting.md says that it does not", without)
		}
	}
}

// TestCDKMakesAVersionForANewARN: the version behind an alias changes with an ARN that is
// looked up, and the other function gets its ARN when CloudFormation deploys.
func TestCDKMakesAVersionForANewARN(t *testing.T) {
	packages := needs.ExamplesTool(t, "node/node_modules")
	dir := filepath.Join(copied(t, "adopting"), "cdk")
	if err := os.Symlink(packages, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cart-get", "cart-put"} {
		put(t, filepath.Join(dir, name+".zip"), []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), 0o644)
	}
	const both = `for (const version of ["1", "2"]) {
		process.env.CDK_OUTDIR = "out" + version;
		process.env.CDK_CONTEXT_JSON = JSON.stringify({
			shop: { account: "444444444444", key: "arn:aws:kms:us-west-2:444444444444:key/1", helpers: "arn:aws:lambda:us-west-2:444444444444:layer:helpers:1", code: "." },
			"ssm:account=444444444444:parameterName=/bundle/prod/shop/cart-put/layer-arn:region=us-west-2": "arn:aws:lambda:us-west-2:444444444444:layer:cart-put:" + version,
		});
		await import("./app.mjs?" + version);
	}`
	put(t, filepath.Join(dir, "both.mjs"), []byte(both), 0o644)
	run(t, dir, nil, needs.Program(t, "node", "Node.js 20 or later, nodejs.org"), "both.mjs")
	var functions []map[string]string
	var versions []string
	for _, out := range []string{"out1", "out2"} {
		template := readTemplate(t, filepath.Join(dir, out, "Carts.template.json"))
		all := map[string]string{}
		for name, r := range template.Resources {
			switch r.Type {
			case "AWS::Lambda::Function":
				layer, err := json.Marshal(r.Properties.Layers[1])
				if err != nil {
					t.Fatal(err)
				}
				all[fmt.Sprint(r.Properties.FunctionName)] = string(layer)
			case "AWS::Lambda::Version":
				versions = append(versions, name)
			}
		}
		functions = append(functions, all)
	}
	parameter := functions[0]["shop-prod-cart-get"]
	if !strings.HasPrefix(parameter, `{"Ref":"SsmParameterValue`) || functions[1]["shop-prod-cart-get"] != parameter {
		t.Errorf("cart-get has the layer %s", parameter)
	}
	if functions[0]["shop-prod-cart-put"] != `"arn:aws:lambda:us-west-2:444444444444:layer:cart-put:1"` || len(versions) != 2 || versions[0] == versions[1] {
		t.Errorf("cart-put has the layer %s and the versions %q", functions[0]["shop-prod-cart-put"], versions)
	}
}

// TestServerlessReadsTheARN: each packaging reads the parameter, and a new ARN is a new
// version of the function.
func TestServerlessReadsTheARN(t *testing.T) {
	framework := needs.ExamplesTool(t, "node/node_modules/osls/bin/serverless.js")
	server, err := awslocal.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// All that it needs to read: the values of no secret.
	id, key := sts.NewAccessKey("AKIA")
	err = server.PutRole(sts.Role{Name: "deploy", Account: "444444444444", AccessKeyID: id, SecretAccessKey: key, Policy: json.RawMessage(
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:PutParameter"], "Resource": "arn:aws:ssm:us-west-2:444444444444:parameter/bundle/prod/shop/*/layer-arn"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	parameters := ssm.NewFromConfig(aws.Config{Region: "us-west-2", Credentials: credentials.NewStaticCredentialsProvider(id, key, ""), BaseEndpoint: &url})
	dir := copied(t, "adopting")
	put(t, filepath.Join(dir, "src", "index.mjs"), []byte("export const handler = () => {};\n"), 0o644)
	env := []string{"AWS_ENDPOINT_URL=" + stubCloudFormation(t), "AWS_ENDPOINT_URL_SSM=" + url, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key,
		"AWS_SESSION_TOKEN=", "SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off", "HOME=" + t.TempDir()}
	seen := map[string]bool{}
	for _, version := range []string{"1", "2"} {
		arn := "arn:aws:lambda:us-west-2:444444444444:layer:shop-prod-sms-send-secrets:" + version
		_, err := parameters.PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String("/bundle/prod/shop/sms-send/layer-arn"), Value: &arn, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
		})
		if err != nil {
			t.Fatal(err)
		}
		run(t, dir, env, needs.Program(t, "node", "Node.js 20 or later, nodejs.org"), framework, "package", "--package", "out",
			"--param", "helpers=arn:aws:lambda:us-west-2:444444444444:layer:helpers:1", "--param", "key=arn:aws:kms:us-west-2:444444444444:key/1")
		template := readTemplate(t, filepath.Join(dir, "out", "cloudformation-template-update-stack.json"))
		for name, r := range template.Resources {
			switch r.Type {
			case "AWS::Lambda::Function":
				if len(r.Properties.Layers) != 2 || r.Properties.Layers[1] != arn {
					t.Errorf("%s has the layers %v", name, r.Properties.Layers)
				}
			case "AWS::Lambda::Version":
				seen[name] = true
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("two ARNs make the versions %q", slices.Collect(maps.Keys(seen)))
	}
}
