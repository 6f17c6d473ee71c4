package awslocal_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awslocal"
)

// world is a running server and how to reach it.
type world struct {
	*awslocal.Server
	url string
}

func start(t testing.TB, o ...awslocal.Option) world {
	t.Helper()
	s, err := awslocal.New(o...)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return world{s, url}
}

// config is an SDK configuration with the server's own credentials and no retries.
func (w world) config() aws.Config {
	id, key := w.Credentials()
	return w.as(id, key, "")
}

func (w world) as(id, key, token string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(id, key, token),
		HTTPClient:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
}

func (w world) ssm() *ssm.Client { return ssm.NewFromConfig(w.config()) }
func (w world) kms() *kms.Client { return kms.NewFromConfig(w.config()) }
func (w world) sts() *sts.Client { return sts.NewFromConfig(w.config()) }

// code is the AWS error code of err, or "" if it has none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// refused checks that err has a code ("": that there is no error) and, where given, a piece of the message.
func refused(t *testing.T, err error, want, text string) {
	t.Helper()
	if err == nil && want == "" {
		return
	}
	if err == nil || code(err) != want || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want %s with %q", err, want, text)
	}
}

func put(t *testing.T, c *ssm.Client, in *ssm.PutParameterInput) *ssm.PutParameterOutput {
	t.Helper()
	out, err := c.PutParameter(context.Background(), in)
	if err != nil {
		t.Fatalf("put %s: %v", aws.ToString(in.Name), err)
	}
	return out
}

// newKey makes a customer-managed key with an alias and gives its ARN.
func newKey(t *testing.T, c *kms.Client, alias string) string {
	t.Helper()
	key, err := c.CreateKey(context.Background(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateAlias(context.Background(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: key.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	return aws.ToString(key.KeyMetadata.Arn)
}
