package starter_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/whispering/bundle/pipeline/starter"
)

// TestSourceHasTheLocalEnvironment uses what the source has for an environment named
// like the embedded one, unless it cannot be in the name of a parameter. What it has
// for other environments is not used, and neither is a value that is no name.
func TestSourceHasTheLocalEnvironment(t *testing.T) {
	d, err := starter.Serverless("serverless.yml", []byte(`
service: shop
custom:
  db: {local: /dev-laptop/db, dev: /one/db, prod: /two/db}
  team: {local: blue, dev: red, prod: "${opt:squad}"}
  bad: {local: "not a name", dev: /one/bad, prod: /two/bad}
  empty: {local: "", dev: /one/empty, prod: /two/empty}
  none: {dev: /one/none, prod: /two/none}
  mixed: {local: hunter2canary, prod: "${ssm:/two/mixed}"}
  same: {local: /local/same, prod: /prod/same}
  environment:
    local: {BRANCH: "${ssm:/laptop/branch}"}
    prod: {BRANCH: "${ssm:/two/branch}"}
params:
  local: {size: tiny}
  prod: {size: large}
functions:
  api:
    environment:
      DB: ${ssm:${self:custom.db.${opt:stage, 'dev'}}}
      TEAM: ${ssm:/x/${self:custom.team.${sls:stage}}}
      BAD: ${ssm:${self:custom.bad.${sls:stage}}}
      EMPTY: ${ssm:${self:custom.empty.${sls:stage}}}
      NONE: ${ssm:${self:custom.none.${sls:stage}}}
      MIXED: ${self:custom.mixed.${sls:stage}}
      SAME: ${ssm:${self:custom.same.${sls:stage}}}
      SIZE: ${ssm:/x/${param:size}}
      FILE: ${ssm:/x/${file(env/${sls:stage}.yml):host}}
  other:
    environment: ${self:custom.environment.${sls:stage}}
`), fstest.MapFS{
		"env/local.yml": {Data: []byte("host: mine")},
		"env/prod.yml":  {Data: []byte("host: far")},
	})
	if err != nil {
		t.Fatal(err)
	}
	local, sample := localValues(t, d)
	for _, want := range []string{
		`db = "/dev-laptop/db" # ${self:custom.db.${opt:stage}}`,
		`team = "blue" # ${self:custom.team.${sls:stage}}`,
		`bad = "/local/bad" # ${self:custom.bad.${sls:stage}}`,
		`empty = "/local/empty" #`,
		`none = "/local/none" #`,
		`mixed = "/local/mixed" #`,
		`size = "tiny" # ${param:size}`,
		`host = "mine" # ${file(...):host}`,
		`branch = "/laptop/branch" # the variable "BRANCH"`,
	} {
		if !strings.Contains(local, want) {
			t.Errorf("there is no %s in\n%s", want, local)
		}
	}
	for _, want := range []string{`"/dev-laptop/db"`, `"/x/blue"`, `"/local/bad"`, `"/local/same"`, `"/x/tiny"`, `"/x/mine"`, `"/laptop/branch"`} {
		if !strings.Contains(sample, want) {
			t.Errorf("there is no %s in\n%s", want, sample)
		}
	}
	if strings.Contains(local+sample, "canary") || strings.Contains(local, " same = ") {
		t.Errorf("%s\n%s", local, sample)
	}
}

func TestTemplateHasTheLocalEnvironment(t *testing.T) {
	d, err := starter.SAM("template.yaml", []byte(`
Parameters: {Stage: {Type: String}}
Mappings:
  Stages: {local: {db: /laptop/db}, prod: {db: /two/db}}
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          DB: !Join ['', ['{{resolve:ssm:', !FindInMap [Stages, !Ref Stage, db], '}}']]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	local, sample := localValues(t, d)
	if !strings.Contains(local, `stages_db = "/laptop/db" # the mapping "Stages"`) || !strings.Contains(sample, `"/laptop/db"`) {
		t.Errorf("%s\n%s", local, sample)
	}
}

// localValues returns the block of the embedded environment, with single spaces, and
// the sample file.
func localValues(t *testing.T, d *starter.Draft) (local, sample string) {
	t.Helper()
	result, err := d.Write(starter.Options{Sample: "s.json"})
	if err != nil {
		t.Fatal(err)
	}
	_, local, _ = strings.Cut(string(result.Manifest), `environment "local" {`)
	local, _, _ = strings.Cut(local, "\n}\n")
	return strings.Join(strings.Fields(local), " "), string(result.Sample)
}
