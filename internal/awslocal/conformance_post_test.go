package awslocal_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// post makes a call that the SDK does not know yet, in the service's own protocol: AWS JSON for KMS, SSM and Secrets Manager, AWS Query for STS
// and IAM.
func (e *run) post(service, operation, in string) error {
	var members map[string]any
	if err := json.Unmarshal([]byte(e.expand(in)), &members); err != nil {
		e.t.Fatalf("%s: %v", in, err)
	}
	e.values(members)
	e.out = nil
	status, body, err := e.exchange(e.request(service, operation, members), service)
	if err != nil {
		return err
	}
	query := versions()[service] != ""
	if query {
		body, err = asJSON(body)
		if err != nil {
			return err
		}
	}
	var reply any
	if err := json.Unmarshal(body, &reply); err != nil {
		return err
	}
	switch {
	case status == http.StatusOK && query:
		e.out = lookUp(reply, operation+"Result")
	case status == http.StatusOK:
		e.out = reply
	case query:
		return &smithy.GenericAPIError{Code: at(reply, "Error.Code"), Message: at(reply, "Error.Message")}
	default:
		return &smithy.GenericAPIError{Code: at(reply, "__type"), Message: cmp.Or(at(reply, "message"), at(reply, "Message"))}
	}
	return nil
}

// versions are those of the services that speak AWS Query.
func versions() map[string]string { return map[string]string{"sts": "2011-06-15", "iam": "2010-05-08"} }

func at(reply any, path string) string {
	s, _ := lookUp(reply, path).(string)
	return s
}

func (e *run) request(service, operation string, members map[string]any) *http.Request {
	body, kind := []byte(nil), "application/x-amz-json-1.1"
	version := versions()[service]
	if version != "" {
		form := url.Values{"Action": {operation}, "Version": {version}}
		for name, value := range members {
			form.Set(name, fmt.Sprint(value))
		}
		body, kind = []byte(form.Encode()), "application/x-www-form-urlencoded"
	} else {
		var err error
		if body, err = json.Marshal(members); err != nil {
			e.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(http.MethodPost, *e.cfg.BaseEndpoint+"/", bytes.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if version == "" {
		r.Header.Set("X-Amz-Target", map[string]string{"kms": "TrentService", "ssm": "AmazonSSM", "secretsmanager": "secretsmanager"}[service]+"."+operation)
	}
	who, err := e.cfg.Credentials.Retrieve(context.Background())
	if err != nil {
		e.t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(context.Background(), who, r, hex.EncodeToString(sum[:]), service, e.cfg.Region, time.Now()); err != nil {
		e.t.Fatal(err)
	}
	return r
}

func (e *run) exchange(r *http.Request, service string) (status int, body []byte, err error) {
	reply, err := e.cfg.HTTPClient.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", service, err)
	}
	defer func() { _ = reply.Body.Close() }()
	body, err = io.ReadAll(reply.Body)
	return reply.StatusCode, body, err
}

// element is an XML element with elements or with text.
type element struct {
	XMLName  xml.Name
	Elements []element `xml:",any"`
	Text     string    `xml:",chardata"`
}

func (x element) value() any {
	if len(x.Elements) == 0 {
		return x.Text
	}
	if x.Elements[0].XMLName.Local == "member" {
		var items []any
		for _, inner := range x.Elements {
			items = append(items, inner.value())
		}
		return items
	}
	members := map[string]any{}
	for _, inner := range x.Elements {
		members[inner.XMLName.Local] = inner.value()
	}
	return members
}

func asJSON(body []byte) ([]byte, error) {
	var x element
	if err := xml.Unmarshal(body, &x); err != nil {
		return nil, err
	}
	return json.Marshal(x.value())
}

func TestRowsCanCallWhatTheSDKDoesNotKnow(t *testing.T) {
	w := start(t)
	e := newRun(t, row{}, w.config(), true)
	e.world = &w
	if err := e.post("kms", "ListKeys", `{"ResourceOwners": ["SELF"]}`); err != nil || lookUp(e.out, "Truncated") != false {
		t.Error(err, e.out)
	}
	if err := e.post("sts", "GetCallerIdentity", `{}`); err != nil || lookUp(e.out, "Account") == nil {
		t.Error(err, e.out)
	}
	if err := e.post("kms", "ListKeys", `{"ResourceOwners": []}`); code(err) != "ValidationException" {
		t.Error(err)
	}
	if err := e.post("sts", "GetScopedCredentials", `{}`); code(err) != "InvalidSubjectCredentials" {
		t.Error(err)
	}
}
