package starter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/pipeline/starter"
)

const (
	uuid = "a1b2c3d4-5678-90ab-cdef-1234567890ab"
	full = "arn:aws:secretsmanager:us-west-2:222222222222:secret:prod/db-a1B2c3"
)

// managed returns a secret block for Secrets Manager, with single spaces.
func managed(attributes ...string) string {
	return `secret "TRIED" { secretsmanager = ` + strings.Join(attributes, " ") + ` }`
}

// secretForms are the values of a variable that refer to Secrets Manager, in a serverless.yml and in a template, with what is in the manifest.
var secretForms = map[string]string{
	// dynamic references
	"'{{resolve:secretsmanager:prod/db}}'":                                                                                                             managed(`"prod/db"`),
	"'{{resolve:secretsmanager:prod/db:SecretString}}'":                                                                                                managed(`"prod/db"`),
	"'{{resolve:secretsmanager:prod/db:SecretString:}}'":                                                                                               managed(`"prod/db"`),
	"'{{resolve:secretsmanager:prod/db:SecretString:::}}'":                                                                                             managed(`"prod/db"`),
	"'{{resolve:secretsmanager:prod/db::::}}'":                                                                                                         managed(`"prod/db"`),
	"'{{resolve:secretsmanager:rds!cluster-1:SecretString:password}}'":                                                                                 managed(`"rds!cluster-1"`, `field = "password"`),
	"'{{resolve:secretsmanager:/prod/db:SecretString:password}}'":                                                                                      managed(`"/prod/db"`, `field = "password"`),
	"'{{resolve:secretsmanager:prod/db:SecretString:password:AWSCURRENT}}'":                                                                            managed(`"prod/db"`, `field = "password"`),
	"'{{resolve:secretsmanager:prod/db:SecretString:password:AWSPREVIOUS:}}'":                                                                          managed(`"prod/db"`, `version_stage = "AWSPREVIOUS"`, `field = "password"`),
	"'{{resolve:secretsmanager:prod/db:SecretString::blue}}'":                                                                                          managed(`"prod/db"`, `version_stage = "blue"`),
	"'{{resolve:secretsmanager:prod/db:SecretString:password::" + uuid + "}}'":                                                                         managed(`"prod/db"`, `version_id = environment.name == "local" ? null : "`+uuid+`" # the sample file has its own`, `field = "password"`),
	"'{{resolve:secretsmanager:prod/db:SecretString::AWSCURRENT:" + uuid + "}}'":                                                                       managed(`"prod/db"`, `version_id = environment.name == "local" ? null : "`+uuid+`" # the sample file has its own`),
	"'{{resolve:secretsmanager:prod/db:SecretString:::terraform-20250627043834191900000095}}'":                                                         managed(`"prod/db"`, `version_id = environment.name == "local" ? null : "terraform-20250627043834191900000095" # the sample file has its own`),
	"'{{resolve:secretsmanager:prod/db:SecretBinary}}'":                                                                                                managed(`"prod/db"`, `encoding = "base64" # of its bytes`),
	"'{{resolve:secretsmanager: prod/db : SecretString : password }}'":                                                                                 managed(`"prod/db"`, `field = "password"`),
	"'{{resolve:secretsmanager:" + full + ":SecretString:password::}}'":                                                                                managed(`"prod/db"`, `field = "password"`),
	"'{{resolve:secretsmanager:" + full + "}}'":                                                                                                        `its ARN ends in "-a1B2c3", which is taken for what AWS adds to the name; if it is a part of the name, add it`,
	"'{{resolve:secretsmanager:arn:aws:secretsmanager:us-west-2:222222222222:secret:prod/db}}'":                                                        `its ARN is in account "222222222222"; the environment must be in the same account`,
	"'{{resolve:secretsmanager:arn:aws:secretsmanager:us-west-2::secret:prod/db}}'":                                                                    managed(`"prod/db"`),
	"'{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-1:222222222222:secret:prod/db}}'":                                                        `"eu-west-1"`,
	"'{{resolve:secretsmanager:arn:aws:secretsmanager:us-west-2:2:secret:prod/db-master}}'":                                                            `its ARN ends in "-master", which is a part of the name, or what AWS adds to it; write the secret's name instead of its ARN`,
	"'{{resolve:secretsmanager:arn:aws:ssm:us-west-2:222222222222:parameter:x}}'":                                                                      "its ARN is not that of a secret of Secrets Manager",
	"'{{resolve:ssm:/aws/reference/secretsmanager/prod/db}}'":                                                                                          managed(`"prod/db"`),
	"!Sub '{{resolve:secretsmanager:${Stage}/db:SecretString:password}}'":                                                                              managed(`"${environment.name}/db"`, `field = "password"`),
	"!Sub '{{resolve:secretsmanager:${Text}/db:SecretString:password}}'":                                                                               managed(`"${environment.values.text}/db"`, `field = "password"`),
	"!Sub '{{resolve:secretsmanager:${Text}:SecretString:password}}'":                                                                                  managed(`environment.values.text`, `field = "password"`),
	"!Sub '{{resolve:secretsmanager:${Text}}}'":                                                                                                        "its secret's name comes from the template parameter \"Text\"; set environment.values.text in each environment; write the secret's name, also if the source has its ARN there",
	"!Sub '{{resolve:secretsmanager:arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${Stage}/db:SecretString:password}}'": managed(`"${environment.name}/db"`, `field = "password"`),
	"!Sub 'arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:prod/db'":                                                      `it is the ARN of a secret that the program reads itself; to have the value in the layer, add a secret with secretsmanager = "prod/db"`,
	"!Join ['', ['{{resolve:secretsmanager:', !Ref Named, ':SecretString:password::}}']]":                                                              managed(`"${environment.name}/named"`, `field = "password"`),
	"!Sub '{{resolve:secretsmanager:${Named}:SecretString:password}}'":                                                                                 managed(`"${environment.name}/named"`, `field = "password"`),
	"!Sub '{{resolve:secretsmanager:${Named.Id}::password}}'":                                                                                          managed(`"${environment.name}/named"`, `field = "password"`),
	"!Sub '{{resolve:secretsmanager:${Attached}:SecretString:password}}'":                                                                              managed(`"${environment.name}/named"`, `field = "password"`),
	"!Sub '{{resolve:secretsmanager:${Nameless}:SecretString:password}}'":                                                                              "the name of its secret is computed from resources",
	"!Sub '{{resolve:secretsmanager:${Cluster.MasterUserSecret.SecretArn}:SecretString:password}}'":                                                    "the name of its secret is computed from resources",
	"!Ref Named":    `it is the ARN of a secret that the program reads itself; to have the value in the layer, add a secret with secretsmanager = "${environment.name}/named"`,
	"!Ref Nameless": "#   TRIED",
	"!Sub '{{resolve:secretsmanager:${Value}:SecretString:password}}'":                                                  "the name of its secret depends on the value of parameter \"/dev/value\"; write the name itself",
	"!If [C, '{{resolve:secretsmanager:prod/db:SecretString:a}}', '{{resolve:secretsmanager:prod/db:SecretString:a}}']": managed(`"prod/db"`, `field = "a"`),
	"!If [C, '{{resolve:secretsmanager:prod/db:SecretString:a}}', '{{resolve:secretsmanager:prod/db:SecretString:b}}']": `the condition "C" chooses between secret "prod/db" and secret "prod/db"`,
	"!If [C, '{{resolve:secretsmanager:prod/db}}', !Ref 'AWS::NoValue']":                                                managed(`"prod/db"`, `optional = true # the source works without it`),
	// what cannot be turned
	"'{{resolve:secretsmanager:prod/db:SecretString:password:AWSPENDING}}'":        `its stage "AWSPENDING" is that of a version that a rotation is making`,
	"'{{resolve:secretsmanager:prod/db:SecretString:password:blue:" + uuid + "}}'": `it names both a stage and the ID of a version of secret "prod/db"; write one of them`,
	"'{{resolve:secretsmanager:prod/db:SecretString:password::short}}'":            "its version ID is 5 characters long",
	"'{{resolve:secretsmanager:prod/db:SecretString:spring.password}}'":            managed(`"prod/db"`, `field = ["spring.password"]`),
	"'{{resolve:secretsmanager:prod/db:SecretString:pass word}}'":                  managed(`"prod/db"`, `field = ["pass word"]`),
	"'{{resolve:secretsmanager:prod/db:SecretBinary:password}}'":                   "it is a field of a SecretBinary, which has no fields",
	"'{{resolve:secretsmanager:prod/db:password}}'":                                "its dynamic reference does not have SecretString after the secret's name",
	"'{{resolve:secretsmanager:prod/db:SecretString:a:b:c:d}}'":                    "its dynamic reference has too many parts",
	"'{{resolve:secretsmanager:prod db}}'":                                         "its secret contains white space",
	"'{{resolve:secretsmanager:prod~db}}'":                                         `its secret contains '~'`,
	"'{{resolve:secretsmanager:}}'":                                                "its secret has no name",
	"'{{resolve:secretsmanager:" + strings.Repeat("a", 513) + "}}'":                "its secret is 513 characters long",
	"'{{resolve:secretsmanager:prod/db'":                                           "it is a dynamic reference that is not closed",
	"'u:{{resolve:secretsmanager:prod/db:SecretString:a}}@h'":                      `it is built from secret "prod/db", and other text; put the whole value in its own parameter or secret`,
	"'{{resolve:secretsmanager:a}}:{{resolve:ssm:/b/c}}'":                          `it is built from secret "a", parameter "/b/c", and other text`,
	"'{{resolve:secretsmanager:prod~db}}@h'":                                       `it is built from a secret, and other text`,
	"!Sub '{{resolve:secretsmanager:prod/db:SecretString:${Text}}}'":               `the field of secret "prod/db" is not in the source; write the field itself`,
	"!Sub '{{resolve:secretsmanager:prod/db:SecretString::${Stage}}}'":             `the stage of secret "prod/db" is not in the source; write the stage itself`,
	"!Sub '{{resolve:secretsmanager:prod/db:SecretString:::${Text}}}'":             `the version ID of secret "prod/db" is not in the source`,
	// the AWS Parameters and Secrets extension, and programs that read themselves
	full: `it is the ARN of a secret that the program reads itself; to have the value in the layer, add a secret with secretsmanager = "prod/db"`,
	"arn:aws:secretsmanager:us-west-2:222222222222:secret:db-master":                                 `it is the ARN of a secret that the program reads itself; to have the value in the layer, add a secret with its name`,
	"'" + full + ":password:AWSCURRENT:'":                                                            `it is the ARN of a secret that the program reads itself; to have the value in the layer, add a secret with secretsmanager = "prod/db" and field = "password"`,
	"http://localhost:2773/secretsmanager/get?secretId=prod%2Fdb":                                    managed(`"prod/db"`),
	"http://localhost:2773/secretsmanager/get?secretId=prod/db&versionStage=AWSPREVIOUS":             managed(`"prod/db"`, `version_stage = "AWSPREVIOUS"`),
	"http://127.0.0.1:9000/secretsmanager/get?secretId=prod%2Fdb&versionId=" + uuid:                  `version_id = environment.name == "local" ? null : "` + uuid + `"`,
	"http://localhost:2773/secretsmanager/get?secretId=" + full:                                      managed(`"prod/db"`),
	"http://localhost:2773/secretsmanager/get/?secretId=prod%2Fdb":                                   "in the source, it is a request to the AWS Parameters and Secrets extension; the program has to take the secret instead",
	"http://localhost:2773/systemsmanager/parameters/get?name=%2Fprod%2Fdb&withDecryption=true":      `secret "TRIED" { parameter = "/prod/db" }`,
	"http://localhost:2773/systemsmanager/parameters/get?name=%2Fprod%2Fdb&version=3":                `secret "TRIED" { parameter = "/prod/db:3" }`,
	"http://localhost:2773/systemsmanager/parameters/get?name=/aws/reference/secretsmanager/prod/db": managed(`"prod/db"`),
	"http://localhost:2773/secretsmanager/get?secretId=%zz":                                          "it is a request to the AWS Parameters and Secrets extension that cannot be read",
	"http://localhost:2773/secretsmanager/get?secretId=":                                             "its secret has no name",
	"http://localhost:2773/secretsmanager/list":                                                      "#   TRIED",
	"https://localhost:2773/secretsmanager/get?secretId=x":                                           "#   TRIED",
	"http://example.com/secretsmanager/get?secretId=x":                                               "#   TRIED",
	"arn:aws:secretsmanager:us-west-2:222222222222:rotation":                                         "#   TRIED",
	"prod/db": "#   TRIED",
}

// aroundTemplate is a template with a value for the variable TRIED.
const aroundTemplate = `
Parameters:
  Stage: {Type: String}
  Text: {Type: String, Default: dev}
  Value: {Type: "AWS::SSM::Parameter::Value<String>", Default: /dev/value}
Resources:
  Named: {Type: "AWS::SecretsManager::Secret", Properties: {Name: !Sub "${Stage}/named"}}
  Nameless: {Type: "AWS::SecretsManager::Secret", Properties: {GenerateSecretString: {}}}
  Attached: {Type: "AWS::SecretsManager::SecretTargetAttachment", Properties: {SecretId: !Ref Named}}
  Cluster: {Type: "AWS::RDS::DBCluster"}
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          TRIED: %s
          KEPT: '{{resolve:ssm:/kept}}'
`

// TestSecretForms tries what refers to Secrets Manager in a template: it becomes a secret, a note or configuration.
func TestSecretForms(t *testing.T) {
	for value, want := range secretForms {
		d, err := starter.SAM("template.yaml", fmt.Appendf(nil, aroundTemplate, value), nil)
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		text, err := written(t, d)
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		_, function, _ := strings.Cut(text, "function \"Api\" {")
		if function = strings.Join(strings.Fields(function), " "); !strings.Contains(function, strings.Join(strings.Fields(want), " ")) || !strings.Contains(function, `secret "KEPT"`) {
			t.Errorf("%s: there is no %s in\n%s", value, want, function)
		}
	}
}

// TestSecretsInServerless tries what only a serverless.yml has.
func TestSecretsInServerless(t *testing.T) {
	const prefix = "ssm:/aws/reference/secretsmanager/"
	for value, want := range map[string]string{
		"${" + prefix + "prod/db}":                                            managed(`"prod/db"`),
		"${" + prefix + "prod/db~true}":                                       managed(`"prod/db"`),
		"${" + prefix + "prod/db~split}":                                      managed(`"prod/db"`),
		"${" + prefix + "/prod/db}":                                           managed(`"/prod/db"`),
		"${" + prefix + "prod/db.main}":                                       managed(`"prod/db.main"`),
		"${" + prefix + "${sls:stage}/db~true}":                               managed(`"${environment.name}/db"`),
		"${" + prefix + "${opt:env, 'dev'}/db}":                               managed(`"${environment.values.env}/db"`),
		"${" + prefix + "prod/db:AWSPREVIOUS}":                                managed(`"prod/db"`, `version_stage = "AWSPREVIOUS"`),
		"${" + prefix + "prod/db:AWSCURRENT}":                                 managed(`"prod/db"`),
		"${" + prefix + "prod/db:" + uuid + "}":                               managed(`"prod/db"`, `version_id = environment.name == "local" ? null : "`+uuid+`" # the sample file has its own`),
		"${ssm(us-west-2):/aws/reference/secretsmanager/prod/db}":             managed(`"prod/db"`),
		"${ssm(raw):/aws/reference/secretsmanager/prod/db}":                   managed(`"prod/db"`),
		"${aws:" + prefix + "prod/db}":                                        managed(`"prod/db"`),
		"${" + prefix + "prod/db, ''}":                                        managed(`"prod/db"`, "optional = true # the source works without it"),
		"${" + prefix + "a, " + prefix + "b}":                                 `the source reads another secret, "b"`,
		"${" + prefix + "a, ssm:/b/c}":                                        `the source reads another parameter, "/b/c"`,
		"${ssm:/a/b, " + prefix + "c}":                                        `the source reads another secret, "c"`,
		"${self:custom.json.password}":                                        managed(`"shop/json"`, `field = "password"`),
		"${self:custom.json.live.key}":                                        managed(`"shop/json"`, `field = "live.key"`),
		"${self:custom.json}":                                                 managed(`"shop/json"`),
		"${self:custom.managers.${sls:stage}}":                                managed(`"${environment.name}/db"`),
		"${self:custom.managers.${sls:stage}.a}":                              managed(`"${environment.name}/db"`, `field = "a"`),
		"${self:custom.stages.${sls:stage}}":                                  "in some environments of the source (dev), it does not come from a secret whose name is known",
		"${self:custom.moved.${sls:stage}}":                                   "in some environments of the source",
		"${ssm(eu-west-1):/aws/reference/secretsmanager/prod/db}":             `its secret "prod/db" is in region "eu-west-1", not in the functions' region`,
		"${" + prefix + "prod/db:AWSPENDING}":                                 `its stage "AWSPENDING" is that of a version that a rotation is making`,
		"${" + prefix + "prod/db~true.password}":                              "its secret contains '~'",
		"${" + prefix + "a b}":                                                "its secret contains white space",
		"${" + prefix + "}":                                                   "its secret has no name",
		"${" + prefix + "prod/db:${opt:version}}":                             `the stage of secret "prod/db" is not in the source`,
		"postgres://u:${self:custom.json.password}@h":                         `it is built from secret "shop/json", and other text`,
		"${ssm:/a/${self:custom.json}/b}":                                     `the name of its parameter depends on the value of secret "shop/json"`,
		"'{{resolve:secretsmanager:${sls:stage}/db:SecretString:password}}'":  managed(`"${environment.name}/db"`, `field = "password"`),
		"'{{resolve:secretsmanager:${self:custom.json}:SecretString:a}}'":     `the name of its secret depends on the value of secret "shop/json"; write the name itself`,
		"http://localhost:2773/secretsmanager/get?secretId=${sls:stage}%2Fdb": managed(`"${environment.name}/db"`),
		"'{{resolve:secretsmanager:arn:aws:secretsmanager:${aws:region}:${aws:accountId}:secret:prod/db}}'": managed(`"prod/db"`),
		"'{{resolve:secretsmanager:arn:aws:secretsmanager:${opt:where}:${aws:accountId}:secret:prod/db}}'":  "the source names its region with a variable; it must be in the environment's region",
	} {
		src := strings.Replace(fmt.Sprintf(around, value), "custom:\n", `custom:
  json: ${ssm:/aws/reference/secretsmanager/shop/json~true}
  managers: {dev: "${ssm:/aws/reference/secretsmanager/dev/db}", prod: "${ssm:/aws/reference/secretsmanager/prod/db}"}
  stages: {dev: "${ssm:/aws/reference/secretsmanager/dev/db:old}", prod: "${ssm:/aws/reference/secretsmanager/prod/db}"}
  moved: {dev: "${ssm:/dev/db}", prod: "${ssm:/aws/reference/secretsmanager/prod/db}"}
`, 1)
		d, err := starter.Serverless("serverless.yml", []byte(src), beside)
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
		if function = strings.Join(strings.Fields(function), " "); !strings.Contains(function, want) || !strings.Contains(function, `secret "KEPT"`) {
			t.Errorf("%s: there is no %s in\n%s", value, want, function)
		}
	}
}

// TestSecretsOfCDK reads what Secret.fromSecretNameV2, fromSecretCompleteArn and SecretValue.secretsManager become.
func TestSecretsOfCDK(t *testing.T) {
	d, err := starter.SAM("Shop.template.json", []byte(`{"Resources": {"Api": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {
  "BY_NAME": {"Fn::Join": ["", ["{{resolve:secretsmanager:arn:", {"Ref": "AWS::Partition"}, ":secretsmanager:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":secret:prod/db:SecretString:password::}}"]]},
  "BY_ARN": "{{resolve:secretsmanager:`+full+`:SecretString:user::}}",
  "VALUE": "{{resolve:secretsmanager:prod/key:SecretString:live.key::}}",
  "ARN": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":secretsmanager:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":secret:prod/db"]]}
}}}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := written(t, d)
	if err != nil {
		t.Fatal(err)
	}
	text = strings.Join(strings.Fields(text), " ")
	for _, want := range []string{
		`secret "BY_NAME" { secretsmanager = "prod/db" field = "password" }`, `secret "BY_ARN" { secretsmanager = "prod/db" field = "user" }`,
		`# secret "ARN": it is the ARN of a secret that the program reads itself`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "environment.values") {
		t.Errorf("what the ARN leaves open is a value of the environment:\n%s", text)
	}
}

// TestSampleHasSecrets has a secret in the sample file for each name, with the stages and fields that the manifest takes.
func TestSampleHasSecrets(t *testing.T) {
	d, err := starter.SAM("template.yaml", []byte(`
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          DB_USER: '{{resolve:secretsmanager:prod/db:SecretString:user}}'
          DB_PASSWORD: '{{resolve:secretsmanager:prod/db:SecretString:password}}'
          DB_BEFORE: '{{resolve:secretsmanager:prod/db:SecretString:password:AWSPREVIOUS}}'
          BLUE: '{{resolve:secretsmanager:prod/color:SecretString::blue}}'
          PINNED: '{{resolve:secretsmanager:prod/pinned:SecretString:::`+uuid+`}}'
          KEYSTORE: '{{resolve:secretsmanager:prod/keystore:SecretBinary}}'
          TEXT: '{{resolve:secretsmanager:prod/keystore:SecretString}}'
          TOKEN: '{{resolve:ssm-secure:/prod/token}}'
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := d.Write(options)
	if err != nil {
		t.Fatal(err)
	}
	var sample struct {
		Parameters []struct{ Name string }
		Secrets    []any
	}
	if err := json.Unmarshal(result.Sample, &sample); err != nil {
		t.Fatal(err)
	}
	const value, fields = "not-a-real-value", `{"password":"not-a-real-value","user":"not-a-real-value"}`
	want := []any{
		map[string]any{"name": "prod/color", "values": []any{value}, "stages": map[string]any{"blue": 1.0}},
		map[string]any{"name": "prod/db", "values": []any{fields, fields}, "stages": map[string]any{"AWSPREVIOUS": 1.0}},
		map[string]any{"name": "prod/keystore", "binary": []any{"bm90LWEtcmVhbC12YWx1ZQ=="}},
		map[string]any{"name": "prod/pinned", "values": []any{value}},
	}
	if diff := cmp.Diff(want, sample.Secrets); diff != "" || len(sample.Parameters) != 1 || sample.Parameters[0].Name != "/prod/token" {
		t.Errorf("%s\n%s", diff, result.Sample)
	}
	if want := `# secret "TEXT": another secret takes secret "prod/keystore" as text or as bytes`; !strings.Contains(string(result.Manifest), want) {
		t.Errorf("there is no %s in\n%s", want, result.Manifest)
	}
}

// TestSettingsOfTheExtensionAreNamed: a function without the extension needs none of them.
func TestSettingsOfTheExtensionAreNamed(t *testing.T) {
	d, err := starter.Serverless("serverless.yml", []byte(`
service: shop
functions:
  api:
    environment:
      PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: "10"
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: 2773
      TOKEN: http://localhost:2773/secretsmanager/get?secretId=shop%2Ftoken
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := written(t, d)
	if err != nil || strings.Count(text, "it configures the AWS Parameters and Secrets extension") != 2 || strings.Contains(text, "Looks like configuration") {
		t.Errorf("%v\n%s", err, text)
	}
}
