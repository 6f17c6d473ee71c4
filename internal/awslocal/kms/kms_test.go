package kms_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/awslocal/kms"
)

const (
	account = "111111111111"
	region  = "us-east-1"
)

type object = map[string]any

var start = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

// caller is how a test calls the service: as whom, where and when.
type caller struct {
	t       testing.TB
	s       *kms.Service
	request call.Request
}

func newService(t testing.TB) (*kms.Service, caller) {
	t.Helper()
	s := kms.New()
	return s, rootOf(t, s, account)
}

func rootOf(t testing.TB, s *kms.Service, account string) caller {
	arn := "arn:aws:iam::" + account + ":root"
	return caller{t: t, s: s, request: call.Request{
		Service: "kms", Region: region, Account: account, Now: start,
		Caller: call.Principal{ARN: arn, Account: account, Root: true},
	}}
}

// as is the same service called by a session of a role with one identity policy; "" gives it none.
func (c caller) as(role, policy string) caller {
	c.t.Helper()
	account := c.request.Account
	c.request.Caller = call.Principal{
		ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/s", Role: "arn:aws:iam::" + account + ":role/" + role, Account: account,
	}
	if policy != "" {
		p, err := iam.ParseIdentity([]byte(policy))
		if err != nil {
			c.t.Fatal(err)
		}
		c.request.Caller.Policies = []iam.Policy{p}
	}
	return c
}

func (c caller) in(region string) caller {
	c.request.Region = region
	return c
}

func (c caller) at(now time.Time) caller {
	c.request.Now = now
	return c
}

func (c caller) via(service string) caller {
	c.request.Via = service
	return c
}

// try calls an operation and gives the reply as a client would see it.
func (c caller) try(operation string, in object) (object, error) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	r := c.request
	r.Operation, r.Body = operation, body
	handler := c.s.Operations()[operation]
	if handler == nil {
		c.t.Fatalf("no operation %s", operation)
	}
	out, err := handler(&r)
	if err != nil {
		return nil, err
	}
	wire, err := json.Marshal(out)
	if err != nil {
		c.t.Fatal(err)
	}
	reply := object{}
	if err := json.Unmarshal(wire, &reply); err != nil {
		c.t.Fatal(err)
	}
	return reply, nil
}

// do is try for a call that must succeed.
func (c caller) do(operation string, in object) object {
	c.t.Helper()
	reply, err := c.try(operation, in)
	if err != nil {
		c.t.Fatalf("%s: %v", operation, err)
	}
	return reply
}

// fails is try for a call that must fail with this code and, unless it is "*", exactly this message.
func (c caller) fails(operation string, in object, code, message string) {
	c.t.Helper()
	_, err := c.try(operation, in)
	wantError(c.t, operation, err, code, message)
}

func wantError(t testing.TB, what string, err error, code, message string) {
	t.Helper()
	var e *call.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: error %v, want %s", what, err, code)
	}
	if e.Code != code || message != "*" && e.Message != message {
		t.Errorf("%s:\n got %s: %s\nwant %s: %s", what, e.Code, e.Message, code, message)
	}
	if e.Status != 400 {
		t.Errorf("%s: status %d, want 400", what, e.Status)
	}
}

// key creates a key and gives its ARN.
func (c caller) key(in object) string {
	c.t.Helper()
	return c.do("CreateKey", in)["KeyMetadata"].(object)["Arn"].(string)
}

func id(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func unb64(t testing.TB, v any) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(v.(string))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEncryptedTextOpensAgain(t *testing.T) {
	_, c := newService(t)
	arn := c.key(object{"Description": "one"})
	c.do("CreateAlias", object{"AliasName": "alias/one", "TargetKeyId": id(arn)})
	aliasARN := "arn:aws:kms:us-east-1:111111111111:alias/one"
	for _, ref := range []string{arn, id(arn), "alias/one", aliasARN} {
		out := c.do("Encrypt", object{"KeyId": ref, "Plaintext": b64("text"), "EncryptionContext": object{"a": "b"}})
		if out["KeyId"] != arn || out["EncryptionAlgorithm"] != "SYMMETRIC_DEFAULT" {
			t.Errorf("Encrypt by %q gave %v, want the key's ARN %s", ref, out, arn)
		}
		blob := out["CiphertextBlob"].(string)
		if !strings.HasPrefix(blob, "AQICAH") {
			t.Errorf("the blob begins %q, want AQICAH as AWS's do", blob[:6])
		}
		for _, with := range []any{nil, arn, id(arn), "alias/one", aliasARN} {
			out := c.do("Decrypt", object{"KeyId": with, "CiphertextBlob": blob, "EncryptionContext": object{"a": "b"}})
			if out["Plaintext"] != b64("text") || out["KeyId"] != arn {
				t.Errorf("Decrypt with %v gave %v", with, out)
			}
		}
	}
}

func TestCiphertextsOfOneTextDiffer(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	in := object{"KeyId": arn, "Plaintext": b64("text")}
	if c.do("Encrypt", in)["CiphertextBlob"] == c.do("Encrypt", in)["CiphertextBlob"] {
		t.Error("two calls of Encrypt gave one blob")
	}
}

func TestContextIsMatchedExactly(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	contexts := []object{
		nil, {"a": "bc"}, {"ab": "c"}, {"a": "b", "c": ""}, {"A": "bc"}, {"a": "BC"}, {"a": "bc "}, {"a": "bc", "x": "y"}, {"a": "y", "x": "bc"}, {"abc": ""}, {"": "abc"},
	}
	for i, sealed := range contexts {
		blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text"), "EncryptionContext": sealed})["CiphertextBlob"]
		for j, opened := range contexts {
			in := object{"CiphertextBlob": blob, "EncryptionContext": opened}
			if i == j {
				c.do("Decrypt", in)
				continue
			}
			c.fails("Decrypt", in, "InvalidCiphertextException", "")
		}
	}
}

func TestStateSurvivesASnapshot(t *testing.T) {
	s, c := newService(t)
	arn := c.key(object{"Description": "kept", "Tags": []object{{"TagKey": "k", "TagValue": "v"}}})
	c.do("CreateAlias", object{"AliasName": "alias/kept", "TargetKeyId": arn})
	c.do("DescribeKey", object{"KeyId": "alias/aws/ssm"})
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text")})["CiphertextBlob"]
	grant := object{"KeyId": arn, "GranteePrincipal": "arn:aws:iam::111111111111:role/grantee", "Operations": []string{"Decrypt"},
		"Constraints": object{"EncryptionContextSubset": object{}, "EncryptionContextEquals": object{"a": "b"}}}
	c.do("CreateGrant", grant)
	if err := s.Share(arn, shared); err != nil {
		t.Fatal(err)
	}
	c.do("RotateKeyOnDemand", object{"KeyId": arn})
	c.do("EnableKeyRotation", object{"KeyId": arn})
	want := c.do("DescribeKey", object{"KeyId": arn})
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}

	other, d := newService(t)
	if err := other.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if again, err := other.Snapshot(); err != nil || !bytes.Equal(snapshot, again) {
		t.Errorf("a restored state has another snapshot (%v)", err)
	}
	if got := d.do("Decrypt", object{"CiphertextBlob": blob, "KeyId": "alias/kept"}); got["Plaintext"] != b64("text") {
		t.Errorf("after Restore Decrypt gave %v", got)
	}
	got := d.do("DescribeKey", object{"KeyId": arn})
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if !bytes.Equal(a, b) {
		t.Errorf("after Restore DescribeKey gave\n%s, want\n%s", b, a)
	}
}

func TestDamagedSnapshotChangesNothing(t *testing.T) {
	s, c := newService(t)
	arn := c.key(nil)
	whole, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, snapshot := range []string{
		``, `[]`, `{"keys":[null]}`, `{"keys":[{"id":"x"}]}`, `{"aliases":[{"arn":"arn:aws:kms:us-east-1:111111111111:alias/x","target":"y"}]}`, `{"aliases":[null]}`,
		`{"keys":[{"id":"00000000-0000-0000-0000-000000000000","account":"1","region":"r","spec":"SYMMETRIC_DEFAULT","material":"AAAA","policy":"{}"}]}`,
		`{"keys":[{"id":"00000000-0000-0000-0000-000000000000","account":"1","region":"r","spec":"SYMMETRIC_DEFAULT","policy":"{}"}]}`,
		strings.Replace(string(whole), `"policy"`, `"ram_policy":"{}","policy"`, 1), strings.Replace(string(whole), `"policy"`, `"grants":[null],"policy"`, 1),
		strings.Replace(string(whole), `"policy"`, `"tags":[{"TagKey":"a"}],"policy"`, 1),
		strings.Replace(string(whole), `"policy"`, `"rotation":{"days":89},"policy"`, 1),
		strings.Replace(string(whole), `"policy"`, `"rotation":{"old":[{"material":"AAAA"}]},"policy"`, 1),
	} {
		if err := s.Restore(json.RawMessage(snapshot)); err == nil {
			t.Errorf("Restore accepted %s", snapshot)
		}
	}
	c.do("DescribeKey", object{"KeyId": arn})
}
