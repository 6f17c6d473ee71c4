package awslocal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
)

// What Parameter Store refuses of a sample file is said with what to write instead, and never with the value.
func TestWrongParametersOfASampleFileComeWithARemedy(t *testing.T) {
	for _, tt := range []struct{ members, want string }{
		{`"name": "x/y", "type": "String", "value": "canary"`, "Write /x/y (ValidationException)"},
		{`"name": "/x", "type": "String", "value": ""`, "no empty values"},
		{`"name": "/x", "type": "String", "value": null`, "no empty values"},
		{`"name": "/x", "type": "SecureString"`, "no empty values"},
		{`"name": "/AWS/x", "type": "String", "value": "canary"`, "belong to AWS"},
		{`"name": "ssm-x", "type": "String", "value": "canary"`, "belong to AWS"},
		{`"name": "/x//y", "type": "String", "value": "canary"`, "is empty"},
		{`"name": "/x y", "type": "String", "value": "canary"`, "other characters"},
		{`"name": "/x", "type": "SecureString", "value": "canary", "key_id": "alias/absent"`, "bundle local key alias/absent"},
		{`"name": "/x", "type": "SecureString", "value": "canary", "key_id": "absent"`, "such as alias/NAME"},
		{`"name": "/x", "type": "String", "value": "` + strings.Repeat("canary", 1500) + `"`, "more than 8192 characters"},
		{`"name": "/x", "type": "String", "value": 12345`, `line 1: member "value" of parameter "/x" must be a string`},
		{`"name": "/x", "type": "String", "values": [12345]`, `line 1: member "values" of parameter "/x" must be a list of strings`},
		{`"name": "/x", "type": "String", "values": "canary"`, `line 1: member "values" of parameter "/x" must be a list of strings`},
		{`"name": "/x", "type": "String", "value": "canary", "labels": {"a": "canary"}`, `line 1: member "labels" of parameter "/x" must be an object of numbers`},
		{`"name": "/x", "type": "String", "value": "\"canary\"", "data_type": "json"`, `line 1: parameter "/x": parameters of the data type json are kept only in the advanced tier. Write "tier": "Advanced" for it`},
		{`"name": "/x", "type": "String", "value": "\"canary\"", "data_type": "jsonc", "tier": "Standard"`, `Write "tier": "Advanced" for it`},
		{`"name": "/x", "type": "String", "value": "canary", "data_type": "json", "tier": "Advanced"`, "doesn't conform to the data type json"},
		{`"name": true`, `line 1: member "name" of a parameter must be a string`},
	} {
		err := awslocal.CheckSample([]byte(`{"parameters": [{` + tt.members + `}]}`))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "12345") {
			t.Errorf("%.100s: %v", tt.members, err)
		}
	}
	for src, want := range map[string]string{
		`{"parameters": {}}`: `member "parameters" must be a list`, `{"parameters": ["canary"]}`: "a parameter must be an object", `["canary"]`: "must be an object",
		`{"region": 1}`: `member "region" must be a string`, `{"keys": [{"alias": "alias/x", "enabled": "canary"}]}`: `member "enabled" of key "alias/x" must be true or false`,
		`{"parameters": [["canary"]]}`: "a parameter must be an object",
	} {
		err := awslocal.CheckSample([]byte(src))
		if !json.Valid([]byte(src)) || err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", src, err)
		}
	}
}
