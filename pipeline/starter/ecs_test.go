package starter_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/starter"
)

// TestValueFrom tries what the secret of a container can be.
func TestValueFrom(t *testing.T) {
	for value, want := range map[string]string{
		full:                                    managed(`"prod/db"`),
		full + ":::":                            managed(`"prod/db"`),
		full + ":password::":                    managed(`"prod/db"`, `field = "password"`),
		full + ":password":                      managed(`"prod/db"`, `field = "password"`),
		full + ":password:AWSPREVIOUS:":         managed(`"prod/db"`, `version_stage = "AWSPREVIOUS"`, `field = "password"`),
		full + "::AWSCURRENT:":                  managed(`"prod/db"`),
		full + ":::" + uuid:                     managed(`"prod/db"`, `version_id = environment.name == "local" ? null : "`+uuid+`" # the sample file has its own`),
		full + ":password:AWSPENDING:":          `its stage "AWSPENDING" is that of a version that a rotation is making`,
		full + ":password:blue:" + uuid:         "it names both a stage and the ID of a version",
		full + ":a:b:c:d":                       "its ARN is neither that of a parameter nor that of a secret",
		"prod-db":                               `secret "TRIED" { parameter = "prod-db" }`,
		"/prod/db":                              `secret "TRIED" { parameter = "/prod/db" }`,
		"/aws/reference/secretsmanager/prod/db": managed(`"prod/db"`),
		"arn:aws:ssm:us-west-2:222222222222:parameter/prod/db":   `secret "TRIED" { parameter = "/prod/db" }`,
		"arn:aws:ssm:us-west-2:222222222222:parameter/prod-db":   `secret "TRIED" { parameter = "/prod-db" }`,
		"arn:aws:ssm:us-west-2:222222222222:parameter/prod/db/x": `its ARN is in account "222222222222"; the environment must be in the same account`,
		"arn:aws:s3:::bucket/x.env":                              "its ARN is neither that of a parameter nor that of a secret",
		"":                                                       "its parameter has no name",
	} {
		for _, around := range []string{"%s", `{"taskDefinition": %s, "tags": []}`} {
			task := fmt.Sprintf(`{"family": "shop", "containerDefinitions": [{"name": "api", "environment": [{"name": "LEVEL", "value": "`+canary+`"}], "secrets": [
  {"name": "TRIED", "valueFrom": %q},
  {"name": "KEPT", "valueFrom": "/kept"}
]}]}`, value)
			src := fmt.Sprintf(around, task)
			if kind := starter.Detect("task.json", []byte(src)); kind != starter.TaskKind {
				t.Fatalf("it is of kind %d:\n%s", kind, src)
			}
			d, err := starter.TaskDefinition("task.json", []byte(src))
			if err != nil {
				t.Errorf("%s: %v", value, err)
				continue
			}
			text, err := written(t, d)
			if err != nil {
				t.Errorf("%s: %v", value, err)
				continue
			}
			text = strings.Join(strings.Fields(text), " ")
			for _, want := range []string{want, `secret "KEPT" { parameter = "/kept" }`, `name = "shop"`, "# LEVEL"} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: there is no %s in\n%s", value, want, text)
				}
			}
			if strings.Contains(said(d, text, nil), canary) {
				t.Errorf("a value was copied:\n%s", text)
			}
		}
	}
}

// TestContainersAreFunctions has one function for each container with secrets.
func TestContainersAreFunctions(t *testing.T) {
	d, err := starter.TaskDefinition("task.json", []byte(`{"containerDefinitions": [
  {"name": "api", "secrets": [{"name": "DB_PASSWORD", "valueFrom": "`+full+`:password::"}]},
  {"name": "worker", "secrets": [{"name": "TOKEN", "valueFrom": "/prod/token"}]},
  {"name": "sidecar", "secrets": [{"name": "LIST", "valueFrom": ["x"]}, {"valueFrom": "/prod/nameless"}, "x"]},
  "x"
]}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := written(t, d)
	if err != nil || !strings.Contains(text, `function "api" {`) || !strings.Contains(text, `function "worker" {`) || strings.Contains(text, `function "sidecar" {`) {
		t.Errorf("%v\n%s", err, text)
	}
	notes := said(d, "", nil)
	for _, want := range []string{`variable "LIST" of function "sidecar": its valueFrom is not a string`, `variable "" of function "sidecar": a secret's name is 2 to 128`} {
		if !strings.Contains(notes, want) {
			t.Errorf("there is no %s in %s", want, notes)
		}
	}
	for _, src := range []string{`{}`, `{"containerDefinitions": {}}`, `[`, `{"taskDefinition": "x"}`} {
		if _, err := starter.TaskDefinition("task.json", []byte(src)); err == nil {
			t.Errorf("%s is taken", src)
		}
	}
}

func FuzzTaskDefinition(f *testing.F) {
	for _, from := range []string{full + ":password:AWSPREVIOUS:", "/prod/db", "arn:aws:ssm:us-west-2:222222222222:parameter/prod/db"} {
		f.Add(fmt.Appendf(nil, `{"family": "shop", "containerDefinitions": [{"name": "api", "secrets": [{"name": "AB", "valueFrom": %q}]}]}`, from))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if d, err := starter.TaskDefinition("task.json", src); err == nil {
			_, _ = written(t, d)
		}
	})
}
