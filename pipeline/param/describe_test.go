package param

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
)

func TestDescribingTheEmbeddedAWS(t *testing.T) {
	server, as := embedded(t, awslocal.WithEmptyPages())
	source := New(as("admin"), Options{TPS: new(float64)})
	client := ssm.NewFromConfig(as("admin"))
	var names []string
	for i := range 120 {
		name := fmt.Sprintf("/local/many/p%03d", i)
		names = append(names, name)
		_, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: aws.String("fake"), Type: types.ParameterTypeString})
		if err != nil {
			t.Fatal(err)
		}
	}
	found, err := source.Describe(t.Context(), append(names, "/local/app/password", "/local/app/password", "/local/app/off", "/local/none", "toplevel"), []string{"/local/app/deep/"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range found {
		if !strings.HasPrefix(d.Name, "/local/many/") {
			got = append(got, strings.Join([]string{d.Name, d.Type, d.Tier, d.Key}, " "))
		}
	}
	want := []string{
		"/local/app/deep/token SecureString Standard alias/aws/ssm", "/local/app/off SecureString Standard alias/off",
		"/local/app/password SecureString Standard alias/open", "toplevel String Standard ",
	}
	if !slices.Equal(got, want) || len(found) != len(names)+len(want) {
		t.Errorf("%d found, among them\n%s", len(found), strings.Join(got, "\n"))
	}
	if all, err := source.Describe(t.Context(), nil, nil); err != nil || len(all) != 0 {
		t.Errorf("nothing asked for: %v, %v", all, err)
	}

	if _, err := New(as("reader"), Options{}).Describe(t.Context(), []string{"/local/app/password"}, nil); !errors.Is(err, ErrDenied) {
		t.Errorf("without the right: %v", err)
	}
	for fault, want := range map[awslocal.Kind]error{awslocal.HTML: ErrUnavailable, awslocal.ExpireCredentials: ErrCredentials} {
		server.Inject(awslocal.Fault{Kind: fault, Operation: "ssm:DescribeParameters"})
		if _, err := source.Describe(t.Context(), []string{"/local/app/password"}, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", fault, err)
		}
		server.ClearFaults()
	}
	const twice = `{"Name": "/local/app/password", "Type": "String"}`
	for member, values := range map[string][]string{
		"Parameters[0].Name": {`"/local/other"`}, "Parameters[0].Type": {`"Strong"`}, "Parameters": {"[" + twice + ", " + twice + "]"},
		"Parameters[0].KeyId": {
			`"alias/x\n::error::y"`, `"arn:aws:lambda:us-east-1:000000000000:layer:x:1"`, `"arn:aws:lambda:us-east-1:000000000000:alias/x"`,
			`"arn:aws:kms:us-east-1:000000000000:key/"`, `"arn:aws:kms:us-east-1:000000000000:x"`, `"arn:aws:kms"`,
		},
	} {
		for _, value := range values {
			server.Inject(awslocal.Fault{Kind: awslocal.Edit, Operation: "ssm:DescribeParameters", Member: member, Value: json.RawMessage(value)})
			if _, err := source.Describe(t.Context(), []string{"/local/app/password"}, nil); !errors.Is(err, ErrReply) || !strings.Contains(err.Error(), "request id ") {
				t.Errorf("%s is %s: %v", member, value, err)
			}
			server.ClearFaults()
		}
	}
	for _, key := range []string{"alias/x", "0d990263-018e-4e65-a703-eff731de951e", "arn:aws:kms:us-east-1:000000000000:alias/x", "arn:aws-cn:kms:cn-north-1:000000000000:key/mrk-1"} {
		server.Inject(awslocal.Fault{Kind: awslocal.Edit, Operation: "ssm:DescribeParameters", Member: "Parameters[0].KeyId", Value: json.RawMessage(`"` + key + `"`)})
		if found, err := source.Describe(t.Context(), []string{"/local/app/password"}, nil); err != nil || found[0].Key != key {
			t.Errorf("%s: %v, %v", key, found, err)
		}
		server.ClearFaults()
	}
}
