package awsclient

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

const described = `{"KeyMetadata": {"KeyId": "x", "Arn": "x", "AWSAccountId": "x", "Enabled": true, "KeyState": "x", "KeySpec": "x",
	"KeyUsage": "x", "KeyManager": "x"}}`

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// See plainBodies: with a WriteTo, one call in some hundreds to a server nearby
// was made twice, and one connection in six was not used again.
func TestRequestBodiesCanOnlyBeRead(t *testing.T) {
	cfg, err := New(t.Context(), Options{
		Region: "us-west-2", EndpointURL: "http://127.0.0.1:1", Local: true, Static: &Static{ID: "id", Key: "key"},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient.(plainBodies).Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if _, ok := r.Body.(io.WriterTo); ok {
			t.Errorf("net/http gets a body of type %T, which has a WriteTo", r.Body)
		}
		b, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(b), "alias/x") {
			t.Errorf("the body is %q: %v", b, err)
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(described))}, nil
	})
	if _, err := kms.NewFromConfig(cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: new("alias/x")}); err != nil {
		t.Fatal(err)
	}
}
