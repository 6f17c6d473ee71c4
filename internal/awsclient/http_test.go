package awsclient

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const described = `{"KeyMetadata": {"KeyId": "x", "Arn": "x", "AWSAccountId": "x", "Enabled": true, "KeyState": "x", "KeySpec": "x",
	"KeyUsage": "x", "KeyManager": "x"}}`

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// through returns a configuration whose calls go through a transport.
func through(t *testing.T, transport http.RoundTripper) aws.Config {
	t.Helper()
	cfg, err := New(t.Context(), Options{
		Region: "us-west-2", EndpointURL: "http://127.0.0.1:1", Local: true, Static: &Static{ID: "id", Key: "key"},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient.(plainBodies).Transport = transport
	return cfg
}

// See plainBodies: with the SDK's body, one call in some hundreds to a server nearby
// was made twice, and one connection in six was not used again.
func TestRequestBodiesOutliveTheAnswer(t *testing.T) {
	layers, requests := bytes.Repeat([]byte("x"), shortBody+1), 0
	cfg := through(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		_, writes := r.Body.(io.WriterTo)
		if requests++; writes {
			_ = r.Body.Close() // what net/http does once it has the answer
		}
		b, err := io.ReadAll(r.Body)
		if err != nil || int64(len(b)) != r.ContentLength {
			t.Errorf("a body of type %T and %d bytes has %d bytes: %v", r.Body, r.ContentLength, len(b), err)
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(described))}, nil
	}))
	if _, err := kms.NewFromConfig(cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: new("alias/x")}); err != nil {
		t.Fatal(err)
	}
	_, _ = lambda.NewFromConfig(cfg).PublishLayerVersion(t.Context(), &lambda.PublishLayerVersionInput{
		LayerName: new("x"), Content: &types.LayerVersionContentInput{ZipFile: layers},
	})
	if requests < 2 {
		t.Errorf("%d requests", requests)
	}
}

// writes counts what is written to a connection.
type writes struct {
	net.Conn
	n *atomic.Int32
}

func (c writes) Write(b []byte) (int, error) {
	c.n.Add(1)
	return c.Conn.Write(b)
}

func TestARequestIsOnePacket(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, described) }))
	defer server.Close()
	var n atomic.Int32
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
		return writes{conn, &n}, err
	}}
	defer transport.CloseIdleConnections()
	client := kms.NewFromConfig(through(t, transport))
	for range 3 {
		if _, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: new("alias/x")}); err != nil {
			t.Fatal(err)
		}
	}
	if n.Load() != 3 {
		t.Errorf("three requests were written in %d pieces", n.Load())
	}
}
