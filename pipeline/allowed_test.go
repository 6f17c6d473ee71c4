package pipeline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

const guardFile = `
allow {
  environments = ["prod"]
  accounts     = ["222222222222"]
  regions      = ["us-west-2"]
  bundles      = ["payments"]
  functions    = ["hello"]
  keys         = ["alias/prod-hello"]
  parameters   = ["/prod/payments/hello", "/prod/shared/"]
  layers       = ["payments-prod"]
  deployed_as  = ["payments-prod-hello"]
  helpers      = ["node", "exec"]
  allow_reserved = ["NODE_AUTH_TOKEN"]
  session      = ["external_id=shop:*", "tags.team=payments", "tags.note=*"]
  constraints  = ["min_length=20"]
}
allow {
  environments = ["prod"]
  accounts     = ["222222222222"]
  regions      = ["us-west-2"]
  bundles      = ["payments"]
  functions    = ["hello"]
  keys         = ["alias/prod-hello"]
  parameters   = ["/prod/payments/elsewhere"]
  allow_reserved = ["*"]
  constraints  = ["*"]
  deployed_as  = ["payments-other"]
  layers       = ["payments-prod"]
}
allow {
  environments = ["prod"]
  accounts     = ["222222222222"]
  regions      = ["us-west-2"]
  bundles      = ["payments"]
  layers       = ["payments-prod"]
  session      = ["external_id=shop:*", "tags.team=payments", "tags.note=*"]
  helpers      = ["node", "exec"]
  functions    = ["worker-*"]
  keys         = ["alias/prod-worker-*"]
  parameters   = ["/prod/payments/worker"]
  blind        = true
}
allow {
  environments = ["dev"]
  accounts     = ["222222222222"]
  regions      = ["us-west-2"]
  bundles      = ["payments"]
  functions    = ["*"]
  keys         = ["alias/dev-*"]
  parameters   = ["/dev"]
}
`

const guardedManifest = `bundle { name = "payments" }
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
defaults { kms_key = "alias/prod-${function.name}" }
locals { root = "/prod/payments" }
group "common" {
  secret "LOG_TOKEN" { parameter = "/prod/shared/log" }
}
function "hello" {
  include = ["common"]
  secret "DB_PASSWORD" { parameter = "${local.root}/hello/db:7" }
  parameters { path = "/prod/payments/hello" }
}
function "worker-a" {
  blind = true
  secret "TOKEN" { parameter = "/prod/payments/worker/token" }
}
`

// session has the session attributes of an environment. They replace its regions line.
func session(attributes ...string) string {
	return "  regions = [\"us-west-2\"]\n  role = \"arn:aws:iam::222222222222:role/build\"\n  " + strings.Join(attributes, "\n  ")
}

// checkGuard evaluates a manifest with some of its text replaced, and returns what
// the guard file reports.
func checkGuard(t *testing.T, old, replacement string) problem.Problems {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	guard, diags := manifest.LoadGuard(write("guard.hcl", guardFile))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	text := strings.Replace(guardedManifest, old, replacement, 1)
	if old != "" && text == guardedManifest {
		t.Fatalf("%q is not in the manifest", old)
	}
	module, diags := manifest.Load(write("secrets.hcl", text), manifest.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	env := module.Environments()[0]
	m, diags := module.Evaluate(env)
	if problems := append(problem.FromDiagnostics(diags), pipeline.Read(m).Check()...); len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	account := m.Environment.AccountID.Value
	if account == "" {
		account = "000000000000"
	}
	return pipeline.Read(m).CheckGuard(guard, account)
}

func TestGuardAllowsWhatItNames(t *testing.T) {
	if problems := checkGuard(t, "", ""); len(problems) > 0 {
		t.Error(problemsError(problems))
	}
	for old, replacement := range map[string]string{
		`include = ["common"]`:               `blind = true`, // which the guard file does not restrict
		`bundle { name = "payments" }`:       "bundle {\n  name = \"payments\"\n  layer = \"payments-${environment.name}\"\n}",
		`function "hello" {`:                 "function \"hello\" {\n  deployed_as = \"payments-${environment.name}-hello\"",
		`{ parameter = "/prod/shared/log" }`: "{\n  parameter  = \"/prod/shared/log\"\n  min_length = 20\n}",
		`  regions    = ["us-west-2"]`:       session(`external_id = "shop:prod"`, `tags = { team = "payments", note = "" }`),
		`secret "LOG_TOKEN" {`:               "secret \"NODE_AUTH_TOKEN\" {\n    parameter = \"/prod/shared/npm\"\n    allow_reserved = true\n  }\n  secret \"LOG_TOKEN\" {",
	} {
		if problems := checkGuard(t, old, replacement); len(problems) > 0 {
			t.Errorf("%s: %v", replacement, problemsError(problems))
		}
	}
}

func TestGuardRefusesHostileManifests(t *testing.T) {
	all := map[string]struct {
		old, new string
		line     int
		want     string // in the detail
	}{
		"another function's parameter":              {"/hello/db:7", "/worker/token", 13, `cannot read the parameter "/prod/payments/worker/token"`},
		"a parameter next to the prefix":            {"/hello/db:7", "/hello-admin/db", 13, `"/prod/payments/hello-admin/db"`},
		"a parameter above the prefix":              {"${local.root}/hello/db:7", "/prod/db", 13, `"/prod/db"`},
		"a parameter in another case":               {"/hello/db:7", "/Hello/db", 13, `"/prod/payments/Hello/db"`},
		"dots that lead nowhere":                    {"/hello/db:7", "/../hello/db", 13, `"/prod/payments/../hello/db"`},
		"a parameter of one level":                  {"${local.root}/hello/db:7", "master", 13, `"master"`},
		"a prefix by way of a local":                {`root = "/prod/payments"`, `root = "/prod/admin"`, 13, `"/prod/admin/hello/db"`},
		"a parameter in a group":                    {"/prod/shared/log", "/prod/secret/log", 9, `"/prod/secret/log"`},
		"a path next to the prefix":                 {`path = "/prod/payments/hello"`, `path = "/prod/payments/worker"`, 14, `cannot import the parameters below "/prod/payments/worker"`},
		"a path above the prefix":                   {`path = "/prod/payments/hello"`, `path = "/prod/payments"`, 14, `"/prod/payments"`},
		"another function's key":                    {`include = ["common"]`, `kms_key = "alias/prod-worker-b"`, 12, `cannot use the key "alias/prod-worker-b". Allowed: "alias/prod-hello"`},
		"a key of one's own":                        {`include = ["common"]`, `kms_key = "alias/mine"`, 12, `"alias/mine"`},
		"a key in another account":                  {`include = ["common"]`, `kms_key = "arn:aws:kms:us-west-2:333333333333:alias/prod-hello"`, 12, `333333333333`},
		"a key by its id":                           {`include = ["common"]`, `kms_key = "0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11"`, 12, `"0d3c6b6e`},
		"a key that begins alike":                   {`include = ["common"]`, `kms_key = "alias/prod-hello2"`, 12, `"alias/prod-hello2"`},
		"all keys by default":                       {`kms_key = "alias/prod-${function.name}"`, `kms_key = "alias/x-${function.name}"`, 6, `"alias/x-hello"`},
		"a function that nobody knows":              {`function "worker-a"`, `function "exfiltrate"`, 16, `does not allow function "exfiltrate" in environment "prod"`},
		"a function with a name in another case":    {`function "hello"`, `function "Hello"`, 11, `does not allow function "Hello"`},
		"a function with another's pattern":         {`function "hello"`, `function "worker-b"`, 11, `must be blind`},
		"a function that is to be blind":            {"  blind = true\n", "", 16, `must be blind. Write blind = true`},
		"a function that must be blind, and is not": {"blind = true", "blind = false", 17, `must be blind`},
		"another environment":                       {`environment "prod"`, `environment "staging"`, 2, `nothing in environment "staging"`},
		"another account":                           {`account_id = "222222222222"`, `account_id = "333333333333"`, 2, `nothing in environment "prod" of account 333333333333`},
		"an account of another environment's":       {`environment "prod" {` + "\n" + `  account_id = "222222222222"`, `environment "dev" {` + "\n" + `  account_id = "333333333333"`, 2, `nothing in environment "dev" of account 333333333333`},
		"an embedded environment":                   {"account_id = \"222222222222\"\n", "embedded = \"seed.json\"\n", 2, `of account 000000000000`},
		"another region":                            {`"us-west-2"`, `"us-east-1"`, 4, `cannot be in region "us-east-1". Allowed: "us-west-2"`},
		"one region more":                           {`"us-west-2"`, `"us-west-2", "us-east-1"`, 4, `cannot be in region "us-east-1"`},
		"another bundle":                            {`name = "payments"`, `name = "other"`, 1, `cannot be named "other" in environment "prod". Allowed: "payments"`},
		"another layer's name":                      {`bundle { name = "payments" }`, "bundle {\n  name = \"payments\"\n  layer = \"admin\"\n}", 3, `The layer cannot be named "admin". Allowed: "payments-prod"`},
		"another name of the layer by function":     {`bundle { name = "payments" }`, "bundle {\n  name = \"payments\"\n  layer = \"payments-prod-${function.name}\"\n}", 3, `cannot be named "payments-prod-hello"`},
		"another function's name":                   {`function "hello" {`, "function \"hello\" {\n  deployed_as = \"payments-prod-admin\"", 12, `Function "hello" cannot be deployed as "payments-prod-admin"`},
		"a name where none is allowed":              {`function "worker-a" {`, "function \"worker-a\" {\n  deployed_as = \"worker\"", 17, `cannot be deployed as "worker". None is allowed`},
		"a helper":                                  {`bundle { name = "payments" }`, "bundle {\n  name = \"payments\"\n  helpers = [\"node\", \"python\"]\n}", 3, `The layer cannot contain the helper "python". Allowed: "node", "exec"`},
		"a reserved name":                           {`secret "LOG_TOKEN" {`, "secret \"NODE_OPTIONS\" {\n    parameter = \"/prod/shared/npm\"\n    allow_reserved = true\n  }\n  secret \"LOG_TOKEN\" {", 9, `"NODE_OPTIONS" of function "hello" cannot have allow_reserved = true. Allowed: "NODE_AUTH_TOKEN"`},
		"a constraint":                              {`{ parameter = "/prod/shared/log" }`, "{\n  parameter  = \"/prod/shared/log\"\n  min_length = 8\n}", 11, `cannot have the constraint "min_length=8". Allowed: "min_length=20"`},
		"an expression":                             {`{ parameter = "/prod/shared/log" }`, "{\n  parameter  = \"/prod/shared/log\"\n  matches = \"a.*\"\n  min_length = 20\n}", 11, `the constraint "min_length=20,matches=a.*"`},
		"a constraint of another block's":           {` parameter = "${local.root}/hello/db:7" }`, "\n  parameter = \"${local.root}/hello/db:7\"\n  matches = \"a\"\n}", 15, `the constraint "matches=a". Allowed: "min_length=20"`},
		"another external id":                       {`  regions    = ["us-west-2"]`, session(`external_id = "bank:prod"`), 6, `The session of the role cannot have "external_id=bank:prod". Allowed: "external_id=shop:*"`},
		"a session's name":                          {`  regions    = ["us-west-2"]`, session(`session_name = "admin"`), 6, `cannot have "session_name=admin"`},
		"a source identity":                         {`  regions    = ["us-west-2"]`, session(`source_identity = "admin"`), 6, `cannot have "source_identity=admin"`},
		"another tag":                               {`  regions    = ["us-west-2"]`, session(`tags = { project = "payments" }`), 6, `cannot have "tags.project=payments"`},
		"another value of a tag":                    {`  regions    = ["us-west-2"]`, session(`tags = { team = "admin" }`), 6, `cannot have "tags.team=admin"`},
		"a tag that looks like another's value":     {`  regions    = ["us-west-2"]`, session(`tags = { "note=x" = "admin" }`), 6, `cannot have "tags[\"note=x\"]=admin"`},
		"another environment's rights":              {`environment "prod"`, `environment "dev"`, 6, `cannot use the key "alias/prod-hello". Allowed: "alias/dev-*"`},
	}
	if len(all) < 36 {
		t.Errorf("only %d hostile manifests", len(all))
	}
	for name, tt := range all {
		t.Run(name, func(t *testing.T) {
			problems := checkGuard(t, tt.old, tt.new)
			if len(problems) == 0 {
				t.Fatal("the guard allows it")
			}
			p := problems[0]
			if p.Kind != problem.Manifest || p.Subject == nil || p.Subject.Start.Line != tt.line || !strings.Contains(p.Detail, tt.want) {
				t.Errorf("line %v: %s", p.Subject, p.Detail)
			}
		})
	}
}

// Two blocks do not together allow what neither allows alone.
func TestGuardBlocksDoNotAddUp(t *testing.T) {
	problems := checkGuard(t, `function "worker-a" {`+"\n  blind = true\n"+`  secret "TOKEN" { parameter = "/prod/payments/worker/token" }`,
		`function "worker-a" {`+"\n  blind = true\n"+`  secret "TOKEN" { parameter = "/prod/shared/log" }`)
	if len(problems) != 1 || problems[0].Subject.Start.Line != 18 {
		t.Errorf("got %v", problems)
	}
}

func TestGuardReportsEverythingInOneRun(t *testing.T) {
	all := checkGuard(t, `  secret "DB_PASSWORD" {`, "  secret \"A1\" { parameter = \"/x/a\" }\n  secret \"A2\" { parameter = \"/x/b\" }\n  secret \"DB_PASSWORD\" {")
	if len(all) != 2 || all[0].Subject.Start.Line != 13 || all[1].Subject.Start.Line != 14 {
		t.Errorf("got %v", all)
	}
}
