package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"
)

// write puts files into a new folder and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// evaluate loads the text of a manifest and evaluates one environment. Any problem fails the test.
func evaluate(t *testing.T, text, env string, o Options) *Manifest {
	t.Helper()
	m, diags := Load(filepath.Join(write(t, map[string]string{"secrets.hcl": text}), "secrets.hcl"), o)
	manifest, more := m.Evaluate(env)
	if diags = append(diags, more...); len(diags) > 0 {
		t.Fatal(render(t, m, diags))
	}
	return manifest
}

func text(s string) Text { return Text{Value: s} }

var withoutRanges = cmpopts.IgnoreTypes(hcl.Range{})

func TestEvaluateResolvesDefaultsGroupsAndScopes(t *testing.T) {
	src, err := os.ReadFile("testdata/ok/full.hcl")
	if err != nil {
		t.Fatal(err)
	}
	got := evaluate(t, string(src), "prod", Options{Vars: []string{"tier=api"}})
	want := &Manifest{
		Bundle: Bundle{Name: text("payments"), Helpers: []Text{text("node"), text("python"), text("exec")}},
		Environment: Environment{
			Name: text("prod"), AccountID: text("222222222222"), Regions: []Text{text("us-west-2")},
			Role:          text("arn:aws:iam::222222222222:role/ci/bundle-prod"),
			ParameterKeys: []Text{text("alias/prod-parameters"), text("0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11")},
		},
		Functions: []Function{
			{
				Name: text("hello"), DeployedAs: text("payments-prod-hello"), Key: text("alias/prod-hello"), Blind: Bool{Value: true}, Layer: text("payments-prod-hello"),
				Secrets: []Secret{
					{Name: text("DB_PASSWORD"), Parameter: text("/prod/payments/db/password"), Encoding: text("text")},
					{Name: text("STRIPE_KEY"), Parameter: text("/prod/payments/x:7"), Field: Field{Path: "live.key"}, Encoding: text("base64"), Optional: true,
						Matches: text(`[a-z]{3}\d+`), MinLength: Number{Value: 12}},
					{Name: text("NODE_AUTH_TOKEN"), Parameter: text("/prod/payments/npm"), Encoding: text("text"), AllowReserved: true},
					{Name: text("ROTATED"), SecretsManager: text("prod/payments"), Version: &SecretVersion{Stage: text("AWSPREVIOUS")}, Field: Field{Path: "password"}, Encoding: text("text")},
					{Name: text("MANAGED"), SecretsManager: text("rds!cluster-1"), Version: &SecretVersion{Stage: text("AWSCURRENT")}, Encoding: text("text")},
					{Name: text("NOTHING_SPECIAL"), Parameter: text("x"), Encoding: text("text")},
					{Name: text("LOG_TOKEN"), Parameter: text("/prod/payments/log-token-hello"), Encoding: text("text")},
				},
				Imports: []Import{
					{Path: text("/prod/payments/hello/"), Recursive: true, Prefix: text("HELLO_")},
					{Path: text("/a/b")},
				},
			},
			{
				Name: text("worker"), Key: text("arn:aws:kms:us-west-2:222222222222:key/mrk-0123456789abcdef0123456789abcdef"), SharedKey: true, Blind: Bool{Value: true}, Layer: text("payments-prod-worker"),
				Secrets: []Secret{{Name: text("LOG_TOKEN"), Parameter: text("/prod/payments/log-token-worker"), Encoding: text("text")}},
				Imports: []Import{{Path: text("/shared/api")}},
			},
			{
				Name: text("helper"), Key: text("arn:aws:kms:us-west-2:222222222222:key/mrk-0123456789abcdef0123456789abcdef"), SharedKey: true, Layer: text("payments-prod-helper"),
				Secrets: []Secret{{Name: text("X1"), Parameter: text("x"), Encoding: text("text")}},
			},
		},
	}
	if diff := cmp.Diff(want, got, withoutRanges, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if f := got.Functions[0].File(); f != "payments-prod-hello" {
		t.Errorf("file of a deployed function: %q", f)
	}
	if f := got.Functions[1].File(); f != "worker" {
		t.Errorf("file of a function without deployed_as: %q", f)
	}
}

func TestEvaluateGivesAnEmbeddedEnvironmentARegion(t *testing.T) {
	got := evaluate(t, minimal, "local", Options{}).Environment
	want := Environment{Name: text("local"), Embedded: text("seed.json"), Regions: []Text{text("us-east-1")}}
	if diff := cmp.Diff(want, got, withoutRanges); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheNearestBlindDecides(t *testing.T) {
	const manifest = `
bundle {
  name  = "payments"
  blind = BUNDLE
}
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  blind      = ENVIRONMENT
}
defaults {
  kms_key = "alias/${function.name}"
  blind   = DEFAULTS
}
function "hello" {
  blind = FUNCTION
  secret "DB_PASSWORD" { parameter = "/payments/db" }
}
`
	for _, tt := range []struct {
		bundle, environment, defaults, function string
		want                                    bool
		line                                    int
	}{
		{"null", "null", "null", "null", false, 15},
		{"true", "null", "null", "null", true, 4},
		{"true", "false", "null", "null", false, 9},
		{"false", "true", "null", "null", true, 9},
		{"true", "true", "false", "null", true, 9}, // null replaces the defaults, and then the environment decides
		{"false", "false", `function.name == "hello"`, "null", false, 9},
		{"true", "true", "true", "false", false, 16},
		{"false", "false", "false", "true", true, 16},
	} {
		src := strings.NewReplacer("BUNDLE", tt.bundle, "ENVIRONMENT", tt.environment, "DEFAULTS", tt.defaults, "FUNCTION", tt.function).Replace(manifest)
		got := evaluate(t, src, "prod", Options{}).Functions[0].Blind
		if got.Value != tt.want || got.Range.Start.Line != tt.line {
			t.Errorf("%+v: %v by line %d", tt, got.Value, got.Range.Start.Line)
		}
	}
	src := strings.NewReplacer("BUNDLE", "false", "ENVIRONMENT", "false", "DEFAULTS", `function.name == "hello"`, "  blind = FUNCTION\n", "").Replace(manifest)
	if got := evaluate(t, src, "prod", Options{}).Functions[0].Blind; !got.Value || got.Range.Start.Line != 13 {
		t.Errorf("defaults: %+v", got)
	}
}

func TestLayerWithoutFunctionNameBelongsToTheBundle(t *testing.T) {
	got := evaluate(t, strings.Replace(minimal, `"payments"`, "\"payments\"\n  layer = \"payments-${environment.name}\"", 1), "local", Options{})
	if got.Bundle.Layer.Value != "payments-local" || got.Functions[0].Layer.Value != "payments-local" {
		t.Errorf("layer %q, of the function %q", got.Bundle.Layer.Value, got.Functions[0].Layer.Value)
	}
}

func TestRangesPointAtWhatWasWritten(t *testing.T) {
	got := evaluate(t, minimal, "local", Options{})
	secret := got.Functions[0].Secrets[0]
	for _, c := range []struct {
		what string
		at   hcl.Range
		want string
	}{
		{"the block", secret.Range, `secret "DB_PASSWORD"`},
		{"its name", secret.Name.Range, `"DB_PASSWORD"`},
		{"its parameter", secret.Parameter.Range, `"/payments/db"`},
		{"the key", got.Functions[0].Key.Range, `"alias/hello"`},
		{"the function", got.Functions[0].Range, `function "hello"`},
		{"the environment", got.Environment.Range, `environment "local"`},
	} {
		if is := string(c.at.SliceBytes([]byte(minimal))); is != c.want {
			t.Errorf("%s is at %q, want %q", c.what, is, c.want)
		}
	}
}

const minimal = `bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
`

func TestVariablesComeFromFlagThenEnvironmentThenDefault(t *testing.T) {
	manifest := strings.Replace(minimal, "alias/hello", "alias/${var.tier}", 1) + "variable \"tier\" {\n  default = \"web\"\n}\n"
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"default", Options{}, "alias/web"},
		{"environment", Options{Environ: []string{"BUNDLE_VAR_tier=env", "BUNDLE_VAR_other=x"}}, "alias/env"},
		{"empty environment variable counts as unset", Options{Environ: []string{"BUNDLE_VAR_tier="}}, "alias/web"},
		{"flag", Options{Vars: []string{"tier=flag"}, Environ: []string{"BUNDLE_VAR_tier=env"}}, "alias/flag"},
		{"value with equals signs", Options{Vars: []string{"tier=a/_"}}, "alias/a/_"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := evaluate(t, manifest, "local", c.o).Functions[0].Key.Value; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestEvaluateOfAnUnknownEnvironmentListsTheOthers(t *testing.T) {
	m, _ := Load(filepath.Join(write(t, map[string]string{"secrets.hcl": minimal}), "secrets.hcl"), Options{})
	manifest, diags := m.Evaluate("locla")
	if manifest == nil || len(diags) != 1 || !strings.Contains(diags[0].Detail, `"local". Did you mean "local"?`) {
		t.Errorf("got %v, %v", manifest, diags)
	}
}

func TestEvaluateKeepsWhatItUnderstood(t *testing.T) {
	broken := strings.Replace(minimal, `"alias/hello"`, `"nonsense"`, 1)
	broken = strings.Replace(broken, "  secret", "  secret \"BAD_ONE\" {\n    parameter = upper(\n      7, 8)\n  }\n  secret", 1)
	m, _ := Load(filepath.Join(write(t, map[string]string{"secrets.hcl": broken}), "secrets.hcl"), Options{})
	manifest, diags := m.Evaluate("local")
	if len(diags) != 2 {
		t.Errorf("%d problems, want 2:\n%s", len(diags), render(t, m, diags))
	}
	f := manifest.Functions[0]
	if f.Key.Value != "" || len(f.Secrets) != 1 || f.Secrets[0].Name.Value != "DB_PASSWORD" {
		t.Errorf("got %+v", f)
	}
}

func TestAllProblemsAreReportedInOneRunInSourceOrder(t *testing.T) {
	dir := write(t, map[string]string{
		"b.hcl": "function \"two\" {\n  memory = 1\n  secret \"AWS_REGION\" { parameter = \"\" }\n}\n",
		"a.hcl": "bundle {\n  name = \"a b\"\n  encryption_context = {}\n}\nenvironment \"prod\" {\n  account_id = \"1\"\n  encryption = true\n}\n",
		"c.hcl.json": `{"function": {"three": {"kms_key": "x", "secret": {"PATH": {"parameter": "${local.y}"}}}},
			"locals": {"z": "${local.z}"}}`,
		"d.hcl": "group \"g\" {}\nfunction \"four\" {\n",
	})
	m, diags := everything(dir, Options{Vars: []string{"nope=1"}})
	var got []string
	for _, d := range diags {
		place := "-"
		if d.Subject != nil {
			place = filepath.Base(d.Subject.Filename)
		}
		got = append(got, place+" "+d.Summary)
	}
	want := []string{
		"a.hcl Invalid bundle name",
		`a.hcl Attribute "encryption_context" not allowed`,
		"a.hcl Invalid account ID",
		`a.hcl Unknown attribute "encryption"`,
		`b.hcl Unknown attribute "memory"`,
		"b.hcl Reserved name",
		`b.hcl Invalid attribute "parameter"`,
		"c.hcl.json Invalid key",
		"c.hcl.json Reserved name",
		"c.hcl.json Circular locals",
		"d.hcl Unclosed configuration block",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s\n%s", diff, render(t, m, diags))
	}
}
