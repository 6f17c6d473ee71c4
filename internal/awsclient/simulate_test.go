package awsclient

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

const simulatedRole = "arn:aws:iam::000000000000:role/reader"

func simulation() Simulation {
	return Simulation{
		Role: simulatedRole, Actions: []string{"kms:Decrypt", "kms:Encrypt"},
		Resources: []string{"arn:aws:kms:us-east-1:000000000000:key/a", "arn:aws:kms:us-east-1:000000000000:key/b"},
		Keys:      map[string][]string{"kms:EncryptionContextKeys": {"a", "b"}}, Lists: []string{"kms:EncryptionContextKeys"},
	}
}

// simulating returns a configuration for an embedded AWS with a role, and its calls.
func simulating(t *testing.T, faults ...awslocal.Fault) (aws.Config, *Calls) {
	t.Helper()
	server, err := awslocal.New(awslocal.WithFaults(faults...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	endpoint, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.PutRole(sts.Role{Name: "reader", Account: awslocal.Account, Policy: json.RawMessage(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}}},
		{"Effect":"Deny","Action":"kms:*","Resource":"arn:aws:kms:*:*:key/b"}]}`)}); err != nil {
		t.Fatal(err)
	}
	id, key := server.Credentials()
	calls := new(Calls)
	cfg, err := New(t.Context(), Options{Region: awslocal.Region, EndpointURL: endpoint, Local: true, Static: &Static{ID: id, Key: key}, Calls: calls})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, calls
}

func TestSimulationsAreDecidedByResource(t *testing.T) {
	cfg, calls := simulating(t)
	got, err := Simulate(t.Context(), cfg, simulation())
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ allowed, explicit bool }{{true, false}, {false, true}, {false, false}, {false, true}}
	for i, d := range got {
		if d.Allowed != want[i].allowed || d.Explicit != want[i].explicit {
			t.Errorf("%+v, want %+v", d, want[i])
		}
	}
	if n := calls.Snapshot()["iam:SimulatePrincipalPolicy"]; n != 1 || len(got) != 4 {
		t.Errorf("%d calls, %d decisions", n, len(got))
	}
}

func TestSimulationsAreRepeatedAndRefused(t *testing.T) {
	for name, c := range map[string]struct {
		fault awslocal.Fault
		class awsfault.Class
		calls int
	}{
		"throttled once": {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "Throttling"}, -1, 2},
		"cut short once": {awslocal.Fault{Kind: awslocal.Cut}, -1, 2},
		"denied":         {awslocal.Fault{Kind: awslocal.Fail, Status: 403, Code: "AccessDenied"}, awsfault.Denied, 1},
		"cut XML once":   {awslocal.Fault{Kind: awslocal.Truncate}, -1, 2},
		"{}":             {awslocal.Fault{Kind: awslocal.Empty}, awsfault.Malformed, 1}, // which would come again
		"no body":        {awslocal.Fault{Kind: awslocal.NoBody}, awsfault.Malformed, 1},
		"a text":         {awslocal.Fault{Kind: awslocal.Body, Body: `"x"`}, awsfault.Malformed, 1},
		"twice":          {awslocal.Fault{Kind: awslocal.Double}, awsfault.Malformed, 1},
		"not there":      {awslocal.Fault{Kind: awslocal.Fail, Status: 404, Code: "NoSuchEntity"}, awsfault.Other, 1},
	} {
		c.fault.Operation, c.fault.Times = "iam:SimulatePrincipalPolicy", 1
		cfg, calls := simulating(t, c.fault)
		_, err := Simulate(t.Context(), cfg, simulation())
		if (err == nil) != (c.class == -1) || err != nil && awsfault.Classify(err) != c.class {
			t.Errorf("%s: %v", name, err)
		}
		if n := calls.Snapshot()["iam:SimulatePrincipalPolicy"]; n != c.calls {
			t.Errorf("%s: %d calls, want %d", name, n, c.calls)
		}
	}
}

// TestRepliesOfBothFormsAreRead has replies as they were before 2026, and such as IAM does not give.
func TestRepliesOfBothFormsAreRead(t *testing.T) {
	result := func(action, decision, resources string) string {
		return "<member><EvalActionName>" + action + "</EvalActionName><EvalDecision>" + decision + "</EvalDecision>" + resources + "</member>"
	}
	resource := func(name, decision string) string {
		return "<member><EvalResourceName>arn:aws:kms:us-east-1:000000000000:key/" + name + "</EvalResourceName><EvalResourceDecision>" + decision +
			"</EvalResourceDecision></member>"
	}
	both := "<ResourceSpecificResults>" + resource("a", "allowed") + resource("b", "explicitDeny") + "</ResourceSpecificResults>"
	for name, c := range map[string]struct {
		results string
		ok      bool
	}{
		"one result for an action":           {result("kms:Decrypt", "explicitDeny", both) + result("kms:Encrypt", "explicitDeny", both), true},
		"one result for each resource":       {strings.Repeat(result("kms:Decrypt", "explicitDeny", both), 2) + strings.Repeat(result("kms:Encrypt", "explicitDeny", both), 2), true},
		"no results":                         {"", false},
		"an action is missing":               {result("kms:Decrypt", "explicitDeny", both), false},
		"no results for resources":           {result("kms:Decrypt", "allowed", "") + result("kms:Encrypt", "allowed", ""), false},
		"a decision that is none of three":   {result("kms:Decrypt", "x", strings.ReplaceAll(both, "allowed", "perhaps")) + result("kms:Encrypt", "explicitDeny", both), false},
		"a resource that was not asked for":  {result("kms:Decrypt", "allowed", strings.ReplaceAll(both, "key/a", "key/c")) + result("kms:Encrypt", "explicitDeny", both), false},
		"a page that says there is one more": {"</EvaluationResults><IsTruncated>true</IsTruncated><EvaluationResults>", false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			_, _ = w.Write([]byte(`<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult>` +
				"<EvaluationResults>" + c.results + "</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"))
		}))
		cfg, err := New(t.Context(), Options{Region: "us-east-1", EndpointURL: server.URL, Local: true, Static: &Static{ID: "a", Key: "b"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Simulate(t.Context(), cfg, simulation()); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrSimulation) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

func TestIAMHasOneAddressInAPartition(t *testing.T) {
	for region, want := range map[string][2]string{
		"eu-central-1": {"https://iam.amazonaws.com", "us-east-1"}, "cn-northwest-1": {"https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
		"us-gov-east-1": {"https://iam.us-gov.amazonaws.com", "us-gov-west-1"}, "us-isob-east-1": {"https://iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
		"us-iso-west-1": {"https://iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"}, "eusc-de-east-1": {"https://iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
	} {
		endpoint, signed, err := iamAt(t.Context(), aws.Config{Region: region})
		if err != nil || endpoint != want[0] || signed != want[1] {
			t.Errorf("%s: %s, %s, %v", region, endpoint, signed, err)
		}
	}
	if _, _, err := iamAt(t.Context(), aws.Config{Region: "us-isoz-east-1"}); !errors.Is(err, ErrPartition) {
		t.Error(err)
	}
}
