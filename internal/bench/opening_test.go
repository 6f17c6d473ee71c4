package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/awslocal"
)

// TestTheStandInKeepsWhatItGot asks the stand-in for the extension for a secret again, when AWS has gone.
func TestTheStandInKeepsWhatItGot(t *testing.T) {
	server, err := awslocal.New(awslocal.WithDir(t.TempDir()), awslocal.WithSeed([]byte(`{"secrets": [{"name": "shop/s0", "value": "not-a-real-value"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	id, key := server.Credentials()
	extension := &extension{aws: secretsmanager.NewFromConfig(aws.Config{
		Region: awslocal.Region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, key, ""), RetryMaxAttempts: 1,
	})}
	ask := func(name string) (int, string) {
		reply := httptest.NewRecorder()
		extension.ServeHTTP(reply, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/secretsmanager/get?secretId="+name, nil))
		return reply.Code, reply.Body.String()
	}
	first, value := ask("shop%2Fs0")
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if again, kept := ask("shop%2Fs0"); first != http.StatusOK || again != first || kept != value || !strings.Contains(value, `"SecretString":"not-a-real-value"`) {
		t.Errorf("%d %s, then %d %s", first, value, again, kept)
	}
	if code, _ := ask("shop%2Fs1"); code == http.StatusOK {
		t.Errorf("a secret that it never got: %d", code)
	}
}
