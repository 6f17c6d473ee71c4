package starter_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/starter"
)

// canary is a value that no manifest, note or error may show.
const canary = "cAnArY-sk_live_4eC39"

var options = starter.Options{
	Sample:       "secrets.local.json",
	Environments: []starter.Environment{{Name: "prod", AccountID: "222222222222", Region: "us-west-2"}, {Name: "dev"}},
}

// written writes a draft, and checks what init promises: the manifest validates in
// every environment, and its sample file is valid.
func written(t interface {
	Helper()
	Fatalf(string, ...any)
}, d *starter.Draft) (string, error) {
	t.Helper()
	result, err := d.Write(options)
	if err != nil {
		return "", err
	}
	module, diags := manifest.LoadSource("secrets.hcl", result.Manifest, manifest.Options{})
	problems := problem.FromDiagnostics(diags)
	if open := strings.Contains(string(result.Manifest), "#   values = {"); len(module.Environments()) != 2 && !open {
		t.Fatalf("environments %q", module.Environments())
	}
	for _, env := range module.Environments() {
		m, diags := module.Evaluate(env)
		problems = append(append(problems, problem.FromDiagnostics(diags)...), pipeline.Read(m).Check()...)
	}
	for _, p := range problems {
		t.Fatalf("%s: %s (%v)\n%s", p.Summary, p.Detail, p.Subject, result.Manifest)
	}
	if again, err := manifest.Canonical(result.Manifest); err != nil || !bytes.Equal(again, result.Manifest) {
		t.Fatalf("not in canonical form (%v):\n%s", err, result.Manifest)
	}
	if bytes.HasSuffix(result.Manifest, []byte("\n\n")) || !bytes.HasSuffix(result.Manifest, []byte("\n")) {
		t.Fatalf("does not end in one line end:\n%s", result.Manifest)
	}
	if !json.Valid(result.Sample) {
		t.Fatalf("the sample is not JSON:\n%s", result.Sample)
	}
	return string(result.Manifest), nil
}

// said returns all text that was written about a source.
func said(d *starter.Draft, text string, err error) string {
	all := text + fmt.Sprint(err)
	if d != nil {
		for _, n := range d.Notes {
			all += d.Where(n) + n.Text
		}
	}
	return all
}

const serverless = `
service: shop
provider:
  name: aws
  region: us-west-2
  stage: ${opt:stage, 'dev'}
  environment: &common
    LOG_TOKEN: ${ssm:/${sls:stage}/shop/log-token}
    LEVEL: ` + canary + `
custom:
  stage: ${opt:stage, self:provider.stage}
  db: ${ssm:/${self:custom.stage}/shop/db~true}
functions:
  api:
    environment:
      DB: ${self:custom.db}
      PINNED: ${ssm(us-west-2, raw):/shared/key:3}
      OLD: ${ssm.us-west-2:/shared/old~split}
      DEFAULT: ${ssm:/opt/x, '` + canary + `'}
      DYNAMIC: '{{resolve:ssm-secure:/${sls:stage}/dynamic:1}}'
      FAR: ${ssm(eu-west-1):/shared/key}
      URL: postgres://u:` + canary + `@${ssm:/x/host}/db
      MANAGER: ${ssm:/aws/reference/secretsmanager/` + "foo" + `}
      PROCESS: ${env:FOO, '` + canary + `'}
      FILE: ${file(./beside.yml):a}
      STACK: ${cf:stack.out}
      NODE_OPTIONS: ${ssm:/x/node}
      AWS_SESSION_TOKEN: ${ssm:/x/aws}
      "X\"} ${y} %{if}\nfunction \"evil\" {": ${ssm:/x/y}
      PATHLESS: ${ssm:/x y}
  worker:
    name: my-worker-${sls:stage}
    kmsKeyArn: arn:aws:kms:us-west-2:222222222222:key/aaaaaaaa-2222-3333-4444-555555555555
    environment:
      <<: *common
      QUEUE: ${ssm:/${self:provider.stage}/shop/queue}
`

func TestServerless(t *testing.T) {
	d, err := starter.Serverless("serverless.yml", []byte(serverless), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := written(t, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`name                = "shop"`,
		`secret "LOG_TOKEN" { parameter = "/${environment.name}/shop/log-token" }`,
		`secret "DB" { parameter = "/${environment.name}/shop/db" }`,
		`secret "PINNED" { parameter = "/shared/key:3" }`,
		`secret "OLD" { parameter = "/shared/old" }`,
		"parameter = \"/opt/x\"\n    optional  = true",
		`secret "DYNAMIC" { parameter = "/${environment.name}/dynamic:1" }`,
		`deployed_as = "shop-${environment.name}-api"`,
		`deployed_as = "my-worker-${environment.name}"`,
		`"arn:aws:kms:us-west-2:222222222222:key/aaaaaaaa-2222-3333-4444-555555555555"`,
		`# secret "FAR": its parameter "/shared/key" is in region "eu-west-1", not in`,
		`# secret "URL": it is built from parameter "/x/host", and other text`,
		`secret "MANAGER" { secretsmanager = "foo" }`,
		`# secret "PROCESS": it comes from ${env:...}`,
		`# secret "FILE": it is in another file, which is not read: "beside.yml"`,
		`# secret "STACK": it comes from ${cf:...}`,
		`# secret "NODE_OPTIONS": loaders`,
		`# secret "AWS_SESSION_TOKEN": the name is reserved`,
		`# secret "X\"} ${y} %{if}\nfunction \"evil\" {": a secret's name`,
		`# secret "PATHLESS": its parameter contains`,
		"#   LEVEL\n",
		"# environment \"dev\" {\n#   account_id = \"...\"\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the manifest lacks %s", want)
		}
	}
	if strings.Contains(said(d, text, nil), canary) {
		t.Errorf("a value was copied:\n%s", said(d, text, nil))
	}
	if len(d.Notes) != 9 {
		t.Errorf("%d notes: %v", len(d.Notes), d.Notes)
	}
}

const template = `
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: ` + canary + `}
  Project: {Type: String, Default: shop}
  Database:
    Type: AWS::SSM::Parameter::Value<String>
    Default: /shared/database
  Hidden: {Type: String, NoEcho: true, Default: ` + canary + `}
Globals:
  Function:
    KmsKeyArn: !GetAtt Key.Arn
    Environment:
      Variables:
        LOG_TOKEN: !Sub "{{resolve:ssm:/${Stage}/${Project}/log-token}}"
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Made: {Type: AWS::SecretsManager::Secret, Properties: {Name: !Sub "${Stage}/shop/made", SecretString: ` + canary + `}}
  Api:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "shop-${Stage}-api"
      KmsKeyArn: arn:aws:kms:us-west-2:222222222222:key/bbbbbbbb-2222-3333-4444-555555555555
      Environment:
        Variables:
          DB: '{{resolve:ssm-secure:/prod/shop/db:2}}'
          REF: !Ref Database
          LONG: {"Fn::Sub": ["{{resolve:ssm:/${where}/x:1}}", {where: !Ref Stage}]}
          TABLE: !Ref Table
          JOINED: !Join ["", ["{{resolve:ssm:/a", "/b}}"]]
          MANAGER: '{{resolve:secretsmanager:shop:SecretString:password}}'
          MADE: !Sub '{{resolve:secretsmanager:${Made}:SecretString:password}}'
          HIDDEN: !Ref Hidden
          LITERAL: ` + canary + `
          IMPORTED: !ImportValue {"Fn::Sub": "${Stage}-x"}
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Ref Name
      Environment:
        Variables:
          KEY: !Sub "{{resolve:ssm:/${Stage}/key}}"
`

// TestNoEmptyLinesInARow also has a function without secrets of its own.
func TestNoEmptyLinesInARow(t *testing.T) {
	for _, environment := range []string{"", "\n    environment: {LEVEL: debug}", "\n    environment: {DB: '${ssm:/a/b}', LEVEL: debug}"} {
		src := "service: shop\nprovider: {environment: {TOKEN: '${ssm:/a/token}'}}\nfunctions:\n  api:\n    handler: x" + environment + "\n  other:\n    handler: x\n"
		d, err := starter.Serverless("serverless.yml", []byte(src), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := written(t, d)
		if err != nil || strings.Contains(text, "\n\n\n") || strings.Contains(text, "\n\n}") {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

func TestSAM(t *testing.T) {
	d, err := starter.SAM("template.yaml", []byte(template), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := written(t, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`secret "LOG_TOKEN" { parameter = "/${environment.name}/${environment.values.project}/log-token" }`,
		`secret "DB" { parameter = "/prod/shop/db:2" }`,
		`secret "REF" { parameter = environment.values.database }`,
		`database = "/shared/database"`, `project  = "local"`,
		`# secret "REF": its parameter's name comes from the template parameter "Database"; set environment.values.database in each environment; the default is "/shared/database"`,
		`secret "LONG" { parameter = "/${environment.name}/x:1" }`,
		`secret "KEY" { parameter = "/${environment.name}/key" }`,
		`deployed_as = "shop-${environment.name}-api"`,
		`key/bbbbbbbb-2222-3333-4444-555555555555"`,
		`secret "JOINED" { parameter = "/a/b" }`,
		"secret \"MANAGER\" {\n    secretsmanager = \"shop\"\n    field          = \"password\"\n  }",
		"secret \"MADE\" {\n    secretsmanager = \"${environment.name}/shop/made\"\n    field          = \"password\"\n  }",
		`# secret "HIDDEN": it is passed when the stack is deployed`,
		"#   TABLE, LITERAL\n",
		`# secret "IMPORTED": it comes from another stack (Fn::ImportValue); if it is secret, put it in a parameter`,
		"the name of function \"Plain\": it depends on the template parameter \"Name\"; set deployed_as",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the manifest lacks %s", want)
		}
	}
	if strings.Contains(said(d, text, nil), canary) {
		t.Errorf("a value was copied:\n%s", said(d, text, nil))
	}
}

func TestDotenv(t *testing.T) {
	src := "# comment\nexport DB_PASSWORD=" + canary + "\nEMPTY=\nTLS_KEY=\"-----BEGIN\n" + canary + "==\nABCD=\n\"\nPATH=/x\n" +
		canary + "\n" + canary + "=\nJBSWY3DPEHPK3PXP====\nQ='" + canary + "'\nTWICE=1\nTWICE=2\n"
	d, err := starter.Dotenv(".env", []byte(src), "api")
	if err != nil {
		t.Fatal(err)
	}
	text, err := written(t, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`secret "DB_PASSWORD" { parameter = "${local.root}/DB_PASSWORD" }`, `secret "TLS_KEY"`, `secret "EMPTY"`, `# secret "PATH": loaders`, `secret "TWICE"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the manifest lacks %s:\n%s", want, text)
		}
	}
	for _, not := range []string{canary, "ABCD", "JBSWY3DPEHPK3PXP"} {
		if strings.Contains(said(d, text, nil), not) {
			t.Errorf("%s was copied:\n%s", not, said(d, text, nil))
		}
	}
	for src, want := range map[string]string{"A=ENC[AES256_GCM,data:x]\n": "encrypted with sops", `{"A": "x"}`: "JSON", "# A=1\n": "no line NAME=VALUE", numbered(2001): "more than 2000 names"} {
		if _, err := starter.Dotenv(".env", []byte(src), "api"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", src, err, want)
		}
	}
}

// numbered returns a dotenv file with n names.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "AB%d=\n", i)
	}
	return b.String()
}

func TestParameters(t *testing.T) {
	d := starter.Parameters("/prod/payments/", []string{"/prod/payments/db/password", "/prod/payments/a-b", "/prod/payments/a_b", "/prod/payments/1x", "/prod/payments/node/options"}, "prod", "api")
	text, err := written(t, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`root = "/${environment.name}/payments"`, `secret "DB_PASSWORD" { parameter = "${local.root}/db/password" }`, `secret "A_B" { parameter = "${local.root}/a-b" }`,
		`# secret "A_B": another secret has this name`, `# secret "/prod/payments/1x"`, `# secret "NODE_OPTIONS": loaders`, `name                = "payments"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the manifest lacks %s:\n%s", want, text)
		}
	}
}

// TestErrorsQuoteNothing imports files that parsers quote in their errors.
func TestErrorsQuoteNothing(t *testing.T) {
	for _, src := range []string{
		"a: *" + canary, "a: &" + canary + " [", "a: \"\\" + canary + "\"", "%" + canary + "\n---\n", "a: !" + canary + "! x", "a: b: " + canary,
		"\t" + canary, "a: '" + canary, "{" + canary, "- " + canary, canary, "a: 1\n---\nb: " + canary, "? " + canary, "functions: " + canary, "Resources: " + canary,
		"functions: {f: {environment: " + canary + "}}", "functions: {f: " + canary + "}", "functions: [" + canary + "]",
		"service: [" + canary + "]\nfunctions: {f: {environment: {AB: '${" + canary + "}'}}}",
		"functions: {f: {name: '${env:" + canary + "}', kmsKeyArn: " + canary + ", environment: {AB: '${ssm:/a/b}'}}}",
		"functions: {f: {environment: {AB: '${ssm(" + canary + "):/a/b}', AC: '${ssm:/x y " + canary + "}', AD: '${ssm:/a:0" + canary + "}'}}}",
		"Resources: {F: {Type: 'AWS::Lambda::Function', Properties: {Environment: " + canary + "}}}",
	} {
		for name, read := range map[string]func(string, []byte, fs.FS) (*starter.Draft, error){"serverless": starter.Serverless, "sam": starter.SAM} {
			d, err := read("x.yml", []byte(src), nil)
			text := ""
			if err == nil {
				text, err = written(t, d)
			}
			if strings.Contains(said(d, text, err), "cAnArY") && !strings.Contains(src, "AD: ") {
				t.Errorf("%s of %q: %s", name, src, said(d, text, err))
			}
		}
	}
}

// TestBombs imports small files that expand to a lot.
func TestBombs(t *testing.T) {
	var laughs, entangled strings.Builder
	laughs.WriteString("a0: &a0 {AA: '${ssm:/a/b}'}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&laughs, "a%d: &a%d\n  <<: [%s]\n  K%d: x\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 20), ", "), i)
	}
	laughs.WriteString("functions: {f: {environment: *a39}}\n")
	entangled.WriteString("custom:\n  x0: abcdefgh\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&entangled, "  x%d: %s\n", i, strings.Repeat(fmt.Sprintf("${self:custom.x%d}", i-1), 10))
	}
	entangled.WriteString("functions: {f: {environment: {AB: '${ssm:/${self:custom.x59}}', AC: '${ssm:/${self:custom.x18}}'}}}\n")
	for name, src := range map[string]string{
		"laughs": laughs.String(), "entangled": entangled.String(),
		"round":           "custom: {a: '${self:custom.b}', b: '${self:custom.a}'}\nfunctions: {f: {environment: {AB: '${self:custom.a}'}}}",
		"itself":          "functions: &f {f: {environment: *f}}",
		"deep":            "functions: " + strings.Repeat("[", 200_000),
		"deep map":        "functions: " + strings.Repeat("{a: ", 100_000),
		"braces":          "functions: {f: {environment: {AB: '" + strings.Repeat("${", 100_000) + "'}}}",
		"nested":          "functions: {f: {environment: {AB: '" + strings.Repeat("${ssm:", 50_000) + strings.Repeat("}", 50_000) + "'}}}",
		"commas":          "functions: {f: {environment: {AB: '${self:x" + strings.Repeat(", self:x", 50_000) + "}'}}}",
		"large":           strings.Repeat("a", 1<<20+1),
		"keys":            "functions:\n  f:\n    environment:\n" + strings.Repeat("      A: b\n", 60_000),
		"many":            "functions:\n" + strings.Repeat("  f: {environment: {AB: '${ssm:/a/b}'}}\n", 15_000),
		"itself in files": "functions: ${file(x.yml):functions}\nprovider: ${file(x.yml)}\ncustom: ${file(x.yml):custom}\n",
		"loops": "Resources:\n  Fn::ForEach::A: &l [A, [" + strings.Repeat("a,", 200) + "b], {'${A}': {Type: 'AWS::Lambda::Function'}, 'Fn::ForEach::B': [B, [" +
			strings.Repeat("a,", 200) + "b], {'${A}${B}': {Type: 'AWS::Lambda::Function'}, 'Fn::ForEach::C': [C, [" + strings.Repeat("a,", 200) + "b], {'${A}${B}${C}': x}]}]}]\n",
		"grows":     "Resources:\n  Fn::ForEach::A: [A, [" + strings.Repeat("a", 250) + "], {x: '" + strings.Repeat("${A}", 200_000) + "'}]\n",
		"doubles":   "Resources: {F: {Type: 'AWS::Lambda::Function', Properties: {Environment: {Variables: {A1: *x}}}}}\n",
		"stages":    "functions: {f: {environment: '${self:custom.${sls:stage}}'}}\ncustom: {" + strings.Repeat("s: {AB: '${self:custom.${sls:stage}.AB}'}, ", 5000) + "}\n",
		"many maps": "functions: {f: {environment: '${self:custom.${sls:stage}}'}}\ncustom: {" + stages(2000) + "}\n",
		"comments":  "functions: {}\n" + strings.Repeat("#\n", 400_000),
	} {
		for kind, read := range map[string]func(string, []byte, fs.FS) (*starter.Draft, error){"serverless": starter.Serverless, "sam": starter.SAM} {
			began := time.Now()
			if d, err := read("x.yml", []byte(src), fstest.MapFS{"x.yml": {Data: []byte(src)}}); err == nil {
				_, _ = written(t, d)
			}
			if took := time.Since(began); took > time.Minute { // a tenth of a second without the race detector and other load
				t.Errorf("%s as %s took %v", name, kind, took)
			}
		}
	}
	if _, err := starter.Serverless("x.yml", bytes.Repeat([]byte("a"), 1<<20+1), nil); !errors.Is(err, starter.ErrSize) {
		t.Errorf("a large file: %v", err)
	}
}

func stages(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "s%d: {AB%d: '${self:custom.${sls:stage}.AB%d}'}, ", i, i, i)
	}
	return b.String()
}

// TestWhateverIsNamed puts hostile strings in all places whose names go into the
// manifest: it validates, or nothing is written.
func TestWhateverIsNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			`"`, `${`, `%{`, "\n}\n", `\`, "*/", "#", "prod", "local", "alias/prod-x", "${sls:stage}", "${AWS::Region}", "/a/b", "\u202e", "{{resolve:ssm:/a}}", `"${x}`, "a",
		}))
		join := func() string { return strings.Join(rapid.SliceOfN(text, 1, 4).Draw(t, "text"), "") }
		quoted := func() string { b, _ := json.Marshal(join()); return string(b) }
		var f strings.Builder
		for range rapid.IntRange(1, 3).Draw(t, "functions") {
			fmt.Fprintf(&f, "  ? %s\n  : {name: %s, kmsKeyArn: %s, environment: {? %s : %s, ? %s : '${ssm:/x}', AB: '${ssm:/a/b}'}}\n", quoted(), quoted(), quoted(), quoted(), quoted(), quoted())
		}
		src := fmt.Sprintf("service: %s\nprovider: {region: %s, environment: {? %s : %s}}\nfunctions:\n%s", quoted(), quoted(), quoted(), quoted(), f.String())
		d, err := starter.Serverless(join(), []byte(src), nil)
		if err == nil {
			_, err = written(t, d)
		}
		_ = err
		d = starter.Parameters("/prod/"+join(), []string{"/prod/" + join(), join()}, "prod", join())
		_, _ = written(t, d)
	})
}

func FuzzServerless(f *testing.F) { fuzz(f, serverless, starter.Serverless) }

func FuzzSAM(f *testing.F) { fuzz(f, template, starter.SAM) }

func FuzzDotenv(f *testing.F) {
	fuzz(f, "A_B=1\nexport C='x'\n", func(source string, src []byte, _ fs.FS) (*starter.Draft, error) {
		return starter.Dotenv(source, src, "api")
	})
}

// fuzz imports any file: the manifest validates, or nothing is written.
func fuzz(f *testing.F, seed string, read func(string, []byte, fs.FS) (*starter.Draft, error)) {
	f.Add([]byte(seed))
	f.Add([]byte("functions: {f: {environment: {AB: '${ssm:/a/b}'}}}"))
	f.Add([]byte(`{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"AB": {"Fn::Sub": "{{resolve:ssm:/a/b:1}}"}}}}}}}`))
	f.Add([]byte("functions: {f: {environment: {AB: '${file(itself.yml):custom.${sls:stage}.x, ssm:/a/b}'}}}\ncustom: {dev: {x: '${ssm:/a/dev}'}, prod: {x: '${ssm:/a/prod}'}}"))
	f.Add([]byte("functions: {f: {environment: {AB: '${ssm:/aws/reference/secretsmanager/a/b~true}', AC: '${self:custom.c.x.y}', AD: 'http://localhost:2773/secretsmanager/get?secretId=a%2Fb&versionStage=AWSPREVIOUS'}}}\ncustom: {c: '${ssm:/aws/reference/secretsmanager/c}'}"))
	f.Add([]byte("Resources: {S: {Type: 'AWS::SecretsManager::Secret', Properties: {Name: !Sub 'a/${Stage}'}}, F: {Type: 'AWS::Lambda::Function', Properties: {Environment: {Variables: {AB: !Sub '{{resolve:secretsmanager:${S}:SecretString:k::}}', AC: '{{resolve:secretsmanager:arn:aws:secretsmanager:us-west-2:222222222222:secret:a/b-a1b2c3:SecretString:k.l:AWSPREVIOUS}}', AD: '{{resolve:secretsmanager:a:SecretBinary::x:}}', AE: !Ref S}}}}}"))
	f.Add([]byte("functions: ${file(itself.yml):functions}\nprovider: ${file(itself.yml)}"))
	f.Add([]byte("functions: {f: {environment: '${self:custom.${sls:stage}}'}}\ncustom: {dev: {AB: '${ssm:/a/${opt:x}:${param:v}}'}}\nparams: {default: {v: 1}, dev: {v: 02}}"))
	f.Add([]byte("Mappings: {M: {dev: {x: a}}}\nResources: {'Fn::ForEach::F': [N, [A, B], {'${N}': {Type: 'AWS::Lambda::Function', Properties: {Environment: {Variables: {AB: !Sub ['{{resolve:ssm:/${x}/${N}}}', {x: !FindInMap [M, !Ref Stage, x]}], AC: !If [C, !Ref P, !Ref 'AWS::NoValue']}}}}}]}\nParameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		if d, err := read("source", src, fstest.MapFS{"itself.yml": {Data: src}}); err == nil {
			_, _ = written(t, d)
		}
	})
}

func TestSettingsOfPluginsAreNoEnvironments(t *testing.T) {
	for custom, want := range map[string]string{
		"top: '${ssm:/shop/top}', webpack: {modules: true}, name: shop": `secret "DB" { parameter = "/${environment.name}/db" }`,
		"test: '${self:custom.prod}', prune: {automatic: true}":         `# secret "DB": in the source, its parameter is "/dev/db" in dev; "/prod/db" in prod, test`,
	} {
		src := "service: shop\ncustom: {dev: {db: '${ssm:/dev/db}'}, prod: {db: '${ssm:/prod/db}'}, " + custom + "}\n" +
			"functions: {f: {environment: {DB: '${self:custom.${sls:stage}.db}'}}}\n"
		d, err := starter.Serverless("serverless.yml", []byte(src), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := written(t, d)
		if err != nil || !strings.Contains(text, want) || strings.Contains(text, "some environments") {
			t.Errorf("%s: %v\n%s\nwant %s", custom, err, text, want)
		}
	}
}

func TestFilesOfSopsWithoutNamesAreNamed(t *testing.T) {
	const value, sops = `"ENC[AES256_GCM,data:bm90LWE=]"`, `"sops": {"mac": "ENC[AES256_GCM,data:eA==]", "lastmodified": "2026-01-01T00:00:00Z"}`
	for _, src := range []string{
		`{"data": {"a": ` + value + `}, ` + sops + `}`,
		`{"outer": {"a": ` + value + `, ` + sops + `}}`,
		"[x]\na = ENC[AES256_GCM,data:bm90LWE=]\n",
	} {
		_, err := starter.Names("s.yaml", []byte(src), "api")
		if starter.Detect("s.yaml", []byte(src)) == starter.Unknown {
			err = starter.Unrecognized("s.yaml", []byte(src))
		}
		if err == nil || !strings.Contains(err.Error(), "encrypted with sops") || strings.Contains(err.Error(), "bm90") {
			t.Errorf("%s: %v", src, err)
		}
	}
}
