package call_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

type input struct {
	Name  string
	Names []string
	Deep  struct{ Count int }
}

func TestDecodeSkipsWhatItDoesNotKnow(t *testing.T) {
	for _, body := range []string{``, ` `, `{}`, `{"Name":"x","Newer":{"a":[1]}}`, `{"Name":null}`} {
		var in input
		if err := (&call.Request{Body: []byte(body)}).Decode(&in); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestDecodeErrorsQuoteNothing(t *testing.T) {
	const canary = "c4n4ry"
	for _, body := range []string{
		`"c4n4ry"`, `[]`, `{`, `c4n4ry`, `{"Name":1234567}`, `{"Names":"c4n4ry"}`, `{"Names":["c4n4ry",7]}`, `{"Deep":{"Count":"c4n4ry"}}`,
		`{"Name":"c4n4ry"} c4n4ry`, `{"Name":"c4n4ry"}{}`,
	} {
		var in input
		err := (&call.Request{Body: []byte(body)}).Decode(&in)
		var e *call.Error
		if !errors.As(err, &e) || e.Code != "SerializationException" {
			t.Errorf("%s: %v, want a SerializationException", body, err)
			continue
		}
		if strings.Contains(e.Message, canary) || strings.Contains(e.Message, "1234567") {
			t.Errorf("%s: %v quotes the body", body, e)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"Name":"x","Names":["y"],"Deep":{"Count":1}}`))
	f.Add([]byte(`{"Deep":[]}`))
	f.Add([]byte(`{} {}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var in input
		err := (&call.Request{Body: body}).Decode(&in)
		var e *call.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v is no error of AWS's", err)
		}
	})
}

func TestAuthorizeSpeaksAsAWSDoes(t *testing.T) {
	policy, err := iam.ParseIdentity([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"*",
		"Condition":{"StringEquals":{"ssm:Overwrite":"false"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:ssm:us-east-1:000000000000:parameter/x"
	r := call.Request{Caller: call.Principal{ARN: "arn:aws:iam::000000000000:role/r", Account: "000000000000", Policies: []iam.Policy{policy}}}
	if err := r.Authorize("ssm:PutParameter", arn, map[string][]string{"ssm:Overwrite": {"false"}}); err != nil {
		t.Error(err)
	}
	err = r.Authorize("ssm:PutParameter", arn, map[string][]string{"ssm:Overwrite": {"true"}})
	const want = "AccessDeniedException: User: arn:aws:iam::000000000000:role/r is not authorized to perform: ssm:PutParameter on resource: " + arn +
		" because no identity-based policy allows the ssm:PutParameter action"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	r.Caller.Root = true
	if err := r.Authorize("ssm:DeleteParameter", arn, nil); err != nil {
		t.Errorf("root: %v", err)
	}
}
