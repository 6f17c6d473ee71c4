package starter_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/whispering/bundle/pipeline/starter"
)

// around is a serverless.yml with a value for the variable TRIED.
const around = `
service: shop
provider:
  name: aws
  region: us-west-2
  stage: ${opt:stage, 'dev'}
custom:
  stage: ${opt:stage, self:provider.stage}
  envName: ${opt:env, 'dev'}
  literal: fixed
  zero: 012345678901
  hex: 0x10
  version: 3
  creds: ${ssm:/shop/creds}
  both: ${ssm:/shop/a, ssm:/shop/b}
  round: ${self:custom.round}
  byStage:
    dev: {prefix: dev-x, tier: a, db: "${ssm:/dev/db}", mixed: "${ssm:/m}", same: s}
    prod: {prefix: prod-x, tier: b, db: "${ssm:/prod/db}", mixed: literal, same: s}
  whole: ${self:custom.byStage.${self:provider.stage}}
  file: ${file(beside.yml)}
params:
  default: {size: small, place: /param}
  prod: {size: large}
stages:
  default: {resolvers: {other: {type: aws}, far: {type: aws, region: eu-west-1}}}
functions:
  api:
    environment:
      TRIED: %s
      KEPT: ${ssm:/kept}
resources:
  Parameters:
    Value: {Type: "AWS::SSM::Parameter::Value<String>", Default: /dev/value}
    Text: {Type: String, Default: dev}
    Hidden: {Type: String, NoEcho: true}
  Resources:
    Table: {Type: "AWS::DynamoDB::Table"}
`

var beside = fstest.MapFS{
	"beside.yml":        {Data: []byte("db: ${ssm:/beside/db}\nliteral: fixed\n")},
	"stages.yml":        {Data: []byte("literal: fixed\ndev: {x: '${ssm:/beside/dev}'}\nprod: {x: '${ssm:/beside/prod}'}\n")},
	"env/dev.json":      {Data: []byte(`{"db": "${ssm:/env/dev/db}"}`)},
	"env/prod.json":     {Data: []byte(`{"db": "${ssm:/env/prod/db}"}`)},
	"broken.yml":        {Data: []byte("a: [")},
	"secret.txt":        {Data: []byte("db: x")},
	"../above.yml":      {Data: []byte("db: x")},
	"config/prod/a.yml": {Data: []byte("db: ${ssm:/config/db}")},
}

// TestForms tries what can be written as the value of a variable: it becomes a
// secret, a note or configuration.
func TestForms(t *testing.T) {
	for value, want := range map[string]string{
		// names
		"${ssm:/a/${sls:stage}/x}":                  "parameter = \"/a/${environment.name}/x\" }",
		"${ssm:/a/${opt:stage}/x}":                  "parameter = \"/a/${environment.name}/x\" }",
		"${ssm:/a/${opt:stage, 'dev'}/x}":           "parameter = \"/a/${environment.name}/x\" }",
		"${ssm:/a/${self:provider.stage, 'dev'}/x}": "parameter = \"/a/${environment.name}/x\" }",
		"${ssm:/a/${self:custom.stage}/x~true}":     "parameter = \"/a/${environment.name}/x\" }",
		"${ssm:/a/${self:service}/x}":               "parameter = \"/a/shop/x\" }",
		"${ssm:/a/${self:service.name}/x}":          "parameter = \"/a/shop/x\" }",
		"'${ssm: /a/b }'":                           "parameter = \"/a/b\" }",
		"${ssm:name}":                               "parameter = \"name\" }",
		"${ssm:/a/b:3}":                             "parameter = \"/a/b:3\" }",
		"${ssm:/a/b:${self:custom.version}}":        "parameter = \"/a/b:3\" }",
		"${{ssm:/a/b~true}}":                        "parameter = \"/a/b\" }",
		"${strToBool(${ssm:/a/b})}":                 "parameter = \"/a/b\" }",
		"${ssm:/a/x.field}":                         "parameter = \"/a/x.field\" }",
		"${ssm:/a b}":                               "its parameter contains white space",
		"${ssm:}":                                   "the name of its parameter is not in the source",
		"${ssm:arn:aws:ssm:us-west-2:222222222222:parameter/a/b}": "its parameter is an ARN",
		"${ssm:${ssm:/a/b}}":                              "the name of its parameter depends on the value of parameter \"/a/b\"; write the name itself",
		"${ssm:/${sls:stage}/${ssm:/which}/x}":            "the name of its parameter depends on the value of parameter \"/which\"; write the name itself",
		"'{{resolve:ssm:/${sls:stage}/${ssm:/which}/x}}'": "the name of its parameter depends on the value of parameter \"/which\"; write the name itself",
		"!Sub '{{resolve:ssm-secure:/${Value}/x:1}}'":     "the name of its parameter depends on the value of parameter \"/dev/value\"; write the name itself",
		"!Sub '{{resolve:ssm:/a/b}}-${Value}'":            "it is built from",
		"${ssm:/a/${self:custom.none}/b}":                 "the name of its parameter: it refers to ${self:custom.none}, which is not in the source",
		"${ssm:/a/${self:custom.round}/b}":                "its variables have too many references",
		"'${{'":                                           "a variable in it is not closed; write the } that is missing",
		"'${{}'":                                          "a variable in it is not closed",
		"'${{}}'":                                         "it comes from a variable source",
		"'${}'":                                           "it comes from a variable source",
		"'${'":                                            "a variable in it is not closed",
		"${ssm:/a/b":                                      "a variable in it is not closed",
		// what is left open
		"${ssm:/a/${opt:env, 'dev'}/x}":                 "parameter = \"/a/${environment.values.env}/x\" }",
		"${ssm:/a/${opt:env}/x}":                        "parameter = \"/a/${environment.values.env}/x\" }",
		"${ssm:/a/${self:custom.envName}/x}":            "parameter = \"/a/${environment.values.env}/x\" }",
		"${ssm:/a/${env:STAGE, 'dev'}/x}":               "parameter = \"/a/${environment.values.stage}/x\" }",
		"${ssm:/a/${env:STAGE, self:provider.stage}/x}": "parameter = \"/a/${environment.name}/x\" }",
		"${ssm:/a/${param:passed}/x}":                   "parameter = \"/a/${environment.values.passed}/x\" }",
		"${ssm:/a/${aws:region}/x}":                     "parameter = \"/a/${environment.values.region}/x\" }",
		"${ssm:${opt:whole, '/dev/x'}}":                 "parameter = environment.values.whole }",
		"${ssm:${cf:stack.Name}}":                       "parameter = environment.values.name }",
		"${ssm:${env:PREFIX}/x}":                        "parameter = \"${environment.values.prefix}/x\" }",
		"${ssm:/a/b:${opt:version, 1}}":                 "parameter = \"/a/b:${environment.values.version}\" }",
		"${ssm:/a/${file(none.yml):x}/b}":               "parameter = \"/a/${environment.values.x}/b\" }",
		"${ssm:/a/${opt:for}/b}":                        "parameter = \"/a/${environment.values.value_for}/b\" }",
		// by environment
		"${ssm:/a/${self:custom.byStage.${sls:stage}.prefix}/x}":     "parameter = \"/a/${environment.name}-x/x\" }",
		"${ssm:/a/${self:custom.byStage.${sls:stage}.tier}/x}":       "parameter = \"/a/${environment.values.tier}/x\" }",
		"${ssm:/a/${self:custom.byStage.${sls:stage}.same}/x}":       "parameter = \"/a/s/x\" }",
		"${self:custom.byStage.${sls:stage}.db}":                     "parameter = \"/${environment.name}/db\" }",
		"${self:custom.byStage.${self:custom.stage}.mixed}":          "in some environments of the source (prod), it does not come from a parameter",
		"${self:custom.whole.db}":                                    "parameter = \"/${environment.name}/db\" }",
		"${self:custom.byStage.${sls:stage}.none, ssm:/a/b}":         "parameter = \"/a/b\" }",
		"${file(env/${sls:stage}.json):db}":                          "parameter = \"/env/${environment.name}/db\" }",
		"${file(./stages.yml):${self:provider.stage}.x}":             "parameter = \"/beside/${environment.name}\" }",
		"${ssm:/a/${param:size}/x}":                                  "parameter = \"/a/${environment.values.size}/x\" }",
		"${ssm:${param:place}/x}":                                    "parameter = \"/param/x\" }",
		"${self:custom.byStage.${opt:env}.db, self:custom.creds.db}": "field     = \"db\"",
		// alternatives
		"${ssm:/a, ssm:/b}":                             "the source reads another parameter, \"/b\"",
		"${ssm:/a/b, ssm:/a/c, ssm:/a/d}":               "the source reads another parameter, \"/a/d\"",
		"${ssm:/a/b, ${ssm:/a/c}}":                      "the source reads another parameter, \"/a/c\"",
		"${ssm:/a/b, ''}":                               "optional  = true",
		"${ssm:/a/b, env:B}":                            "if it does not exist, the source uses ${env:B}",
		"${ssm:/a/b, file(beside.yml):literal}":         "optional  = true",
		"${env:A, ssm:/a/b}":                            "in the source, ${env:A} overrides it",
		"${env:A, ${ssm:/a/b}}":                         "in the source, ${env:A} overrides it",
		"${env:A, opt:a, ssm:/a/b, 'x'}":                "in the source, ${opt:a} overrides it",
		"${cf:stack.Out, ssm:/a/b}":                     "in the source, ${cf:stack.Out} overrides it",
		"${self:custom.none, ssm:/a/b}":                 "parameter = \"/a/b\" }",
		"${self:custom.literal, ssm:/a/b}":              "${self:custom.literal} takes precedence in the source over parameter \"/a/b\"",
		"${file(beside.yml):literal, ssm:/a/b}":         "${file(...):literal} takes precedence in the source over parameter \"/a/b\"",
		"${file(beside.yml):none, ssm:/a/b}":            "parameter = \"/a/b\" }",
		"${ssm:/aws/reference/secretsmanager/x}":        "secretsmanager = \"x\" }",
		"${env:A, ssm:/aws/reference/secretsmanager/x}": "in the source, ${env:A} overrides it",
		// version 4
		"${aws:ssm:/a/b}":        "parameter = \"/a/b\" }",
		"${aws:ssm(raw):/a/b}":   "parameter = \"/a/b\" }",
		"${other:ssm:/a/b}":      "the source reads it through the resolver \"other\"",
		"${far:ssm:/a/b}":        "is in region \"eu-west-1\", not in the functions' region",
		"${unknown:ssm:/a/b}":    "it comes from a variable source that bundle does not support",
		"${aws:ssm:/a/b, env:B}": "if it does not exist, the source uses ${env:B}",
		// fields
		"${self:custom.creds.password}":      "field     = \"password\"",
		"${self:custom.creds.a.b-c.0}":       "field     = \"a.b-c.0\"",
		"${self:custom.creds.a b}":           "field     = [\"a b\"]",
		"${self:custom.creds.-a}":            "field     = [\"-a\"]",
		"${self:custom.both.x}":              "the source reads another parameter, \"/shop/b\"",
		"${self:custom.creds.password, 'x'}": "optional  = true",
		"x${self:custom.creds.password}":     "it is built from parameter \"/shop/creds\"",
		// files
		"${self:custom.file.db}":                "parameter = \"/beside/db\" }",
		"${file(beside.yml):db}":                "parameter = \"/beside/db\" }",
		"${file(./config/../beside.yml):db}":    "parameter = \"/beside/db\" }",
		"${file(../above.yml):db}":              "it is in a file outside of the source's folder, which bundle init does not read: \"../above.yml\"",
		"${file(/etc/passwd.yml):db}":           "it is in a file outside of the source's folder",
		"${file(~/beside.yml):db}":              "it is in a file outside of the source's folder",
		"${file(secret.txt):db}":                "it is in a file that is neither YAML nor JSON",
		"${file(code.js):db}":                   "it is in a file that is neither YAML nor JSON",
		"${file(none.yml):db}":                  "it is in a file that does not exist: \"none.yml\"; correct its name, or create it; if it is secret, put it in a parameter",
		"${file(broken.yml):db}":                "it is in \"broken.yml\", and it is not YAML",
		"${file(beside.yml):none}":              "it refers to ${file(...):none}, which is not in the source",
		"${file(${env:FILE}):db}":               "it is in a file whose name depends on the environment",
		"${file(config/${sls:stage}/a.yml):db}": "parameter = environment.values.db }",
		// regions
		"${ssm(us-west-2):/a/b}":             "parameter = \"/a/b\" }",
		"${ssm(eu-west-1, raw):/a/b}":        "is in region \"eu-west-1\"",
		"${ssm.eu-west-1:/a/b}":              "is in region \"eu-west-1\"",
		"${ssm(${self:provider.region}):/a}": "parameter = \"/a\" }",
		"${ssm(${env:R}):/a}":                "the source names its region with a variable",
		"${ssm(noDecrypt):/a/b}":             "it is read without decryption",
		"${ssm(us-west-2, eu-west-1):/a/b}":  "it names more than one region",
		"${ssm.us-west-2:/a/b~split}":        "parameter = \"/a/b\" }",
		// numbers
		"${ssm:/a/${self:custom.zero}/x}":             "a number in its name begins with 0",
		"${ssm:/a/${self:custom.hex}/x}":              "a number in its name begins with 0",
		"'{{resolve:ssm:/a/b:1}}'":                    "parameter = \"/a/b:1\" }",
		"{{resolve:ssm:/a/b:1}}":                      "YAML reads {{...}} without quotes as a map",
		"'{{resolve:ssm:/${sls:stage}/b}}'":           "parameter = \"/${environment.name}/b\" }",
		"'{{resolve:ssm:/a/b'":                        "it is a dynamic reference that is not closed",
		"'{{resolve:ssm:/a/b}}-{{resolve:ssm:/a/c}}'": "it is built from parameter \"/a/b\", parameter \"/a/c\", and other text",
		// CloudFormation
		"!Ref Value":                        "parameter = environment.values.value }",
		"!Ref Hidden":                       "(NoEcho)",
		"!Sub '{{resolve:ssm:/${Text}/b}}'": "parameter = \"/${environment.values.text}/b\" }",
		"!Sub '{{resolve:ssm:/${sls:stage}/${Text}/b}}'":          "parameter = \"/${environment.name}/${environment.values.text}/b\" }",
		"!Sub '{{resolve:ssm:/${Table}/b}}'":                      "the name of its parameter is computed from resources",
		"!Join ['', ['{{resolve:ssm:/', '${sls:stage}', '/b}}']]": "parameter = \"/${environment.name}/b\" }",
		"!Join ['-', ['a', !Ref Value]]":                          "it is built from parameter \"/dev/value\", and other text",
		"!If [C, !Ref Value, !Ref 'AWS::NoValue']":                "the source has it only under the condition \"C\"",
		"!If [C, !Ref Value, 'x']":                                "the condition \"C\" chooses between parameter \"/dev/value\" and another value",
		"!Select [0, ['{{resolve:ssm:/a/b}}']]":                   "CloudFormation builds it from a dynamic reference",
		"!Select [0, [!Ref Value]]":                               "CloudFormation builds it from a dynamic reference",
		"{'Fn::Sub': '{{resolve:ssm:/${AWS::Region}/b}}'}":        "parameter = \"/${environment.values.aws_region}/b\" }",
		"[x, '${ssm:/a/b}']":                                      "it is a list or a map, not one string",
		"{x: '${ssm:/a/b}'}":                                      "it is a list or a map, not one string",
		// configuration
		"plain":                                 "#   TRIED\n",
		"${opt:env, 'dev'}":                     "#   TRIED\n",
		"${self:custom.literal}":                "#   TRIED\n",
		"ssm:/a/b":                              "#   TRIED\n",
		"/a/b":                                  "#   TRIED\n",
		"!Ref Table":                            "#   TRIED\n",
		"!GetAtt Table.Arn":                     "#   TRIED\n",
		"012":                                   "#   TRIED\n",
		"${AWS::Region}":                        "#   TRIED\n",
		"!ImportValue shop-x":                   "it comes from another stack (Fn::ImportValue); if it is secret, put it in a parameter",
		"{'Fn::ImportValue': !Sub '${Text}-x'}": "it comes from another stack (Fn::ImportValue); if it is secret, put it in a parameter",
		"!Sub ['{{resolve:ssm:/${P}/x}}', {P: !ImportValue shop-prefix}]":     "parameter = \"/${environment.values.shop_prefix}/x\" }",
		"!Sub ['https://${P}/x', {P: !ImportValue {'Fn::Sub': 'x-${Text}'}}]": "it comes from another stack (Fn::ImportValue)",
		"!Select [0, !Split [',', !ImportValue shop-x]]":                      "#   TRIED\n",
		"${env:TOKEN}":         "it comes from ${env:...}; if it is secret, put it in a parameter",
		"${doppler:x}":         "it comes from ${doppler:...}",
		"https://${env:HOST}/": "it comes from ${env:...}",
		"${something}":         "it comes from a variable source that bundle does not support",
	} {
		d, err := starter.Serverless("serverless.yml", fmt.Appendf(nil, around, value), beside)
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		text, err := written(t, d)
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		_, function, _ := strings.Cut(text, "function \"api\" {")
		if !strings.Contains(function, want) || !strings.Contains(function, `secret "KEPT"`) {
			t.Errorf("%s: there is no %s in\n%s", value, want, function)
		}
	}
}

// TestNumbersThatBeginWithZero reads account IDs without quotes.
func TestNumbersThatBeginWithZero(t *testing.T) {
	const src = `
service: shop
provider: {region: us-west-2}
custom: {account: 012345678901, quoted: '012345678901'}
functions:
  api:
    kmsKeyArn: arn:aws:kms:us-west-2:${self:custom.account}:key/aaaaaaaa-2222-3333-4444-555555555555
    environment: {AB: "${ssm:/a/b}"}
  other:
    kmsKeyArn: arn:aws:kms:us-west-2:${self:custom.quoted}:key/bbbbbbbb-2222-3333-4444-555555555555
    environment: {AB: "${ssm:/a/b}"}
`
	d, err := starter.Serverless("serverless.yml", []byte(src), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := d.Write(starter.Options{Sample: "s.json"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"serverless.yml:4: a number of 12 digits begins with 0 and is not in quotes",
		"serverless.yml:7: the key of function \"api\": a number in its name begins with 0",
		"arn:aws:kms:us-west-2:012345678901:key/bbbbbbbb",
	} {
		if !strings.Contains(string(text.Manifest), want) {
			t.Errorf("there is no %s in\n%s", want, text.Manifest)
		}
	}
	if strings.Contains(string(text.Manifest), "key/aaaaaaaa") {
		t.Errorf("the key with the number is there:\n%s", text.Manifest)
	}
}

// TestMoreThanAManifestHolds leaves more open than an environment's values can hold,
// and has more secrets than a manifest can.
func TestMoreThanAManifestHolds(t *testing.T) {
	var open strings.Builder
	open.WriteString("Parameters:\n")
	for i := range 200 {
		fmt.Fprintf(&open, "  TheParameter%d: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/long/path/of/parameter/%d}\n", i, i)
	}
	open.WriteString("Resources: {F: {Type: 'AWS::Lambda::Function', Properties: {Environment: {Variables: {\n")
	for i := range 200 {
		fmt.Fprintf(&open, "VAR_%d: !Ref TheParameter%d,\n", i, i)
	}
	open.WriteString("}}}}}\n")
	d, err := starter.SAM("template.yaml", []byte(open.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := written(t, d)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, `secret "VAR_0" { parameter`) || !strings.Contains(text, `# secret "VAR_199": the values of an environment have no room`) || len(d.Notes) != 200 {
		t.Errorf("%d notes and\n%s", len(d.Notes), text)
	}

	var many strings.Builder
	many.WriteString("service: shop\nprovider:\n  environment:\n")
	for i := range 100 {
		fmt.Fprintf(&many, "    VAR_%d: ${ssm:/x/%d}\n", i, i)
	}
	many.WriteString("functions:\n")
	for i := range 1000 {
		fmt.Fprintf(&many, "  f%d: {handler: a.b}\n", i)
	}
	if d, err = starter.Serverless("serverless.yml", []byte(many.String()), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := written(t, d); err == nil || !strings.Contains(err.Error(), "more than 30000 secrets together") {
		t.Errorf("100000 secrets: %v", err)
	}
}

// TestNamesOfFunctions says of each name that is not known why it is not.
func TestNamesOfFunctions(t *testing.T) {
	for name, want := range map[string]string{
		"${self:custom.nope}-b":    "it refers to ${self:custom.nope}, which is not in the source; set deployed_as",
		"${env:NAME}-b":            "it comes from ${env:...}; set deployed_as",
		"${ssm:/name}":             "it is the value of parameter \"/name\"; set deployed_as",
		"b-${ssm:/name}":           "it is built from parameter \"/name\"",
		"!Sub '${Text}-b'":         "it depends on the template parameter \"Text\"; set deployed_as",
		"!Ref Table":               "CloudFormation computes it; set deployed_as",
		"${self:custom.version":    "a variable in it is not closed",
		"${self:custom.byStage.x}": "it refers to ${self:custom.byStage.x}, which is not in the source; set deployed_as",
	} {
		src := strings.Replace(fmt.Sprintf(around, "x"), "  api:\n", "  api:\n    name: "+name+"\n", 1)
		d, err := starter.Serverless("serverless.yml", []byte(src), beside)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := written(t, d)
		if want = "the name of function \"api\": " + want; err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %v: there is no %s in\n%s", name, err, want, text)
		}
	}
}
