package param

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
)

const seed = `{
  "region": "us-west-2",
  "keys": [{"alias": "alias/open"}, {"alias": "alias/off"}],
  "parameters": [
    {"name": "/local/app/password", "type": "SecureString", "key_id": "alias/open", "values": ["fake one", "fake two"], "labels": {"stable": 1}},
    {"name": "/local/app/deep/token", "type": "SecureString", "value": "fake token"},
    {"name": "/local/app/plain", "type": "String", "value": "fake plain"},
    {"name": "/local/app/list", "type": "StringList", "value": "fake,list"},
    {"name": "/local/app/off", "type": "SecureString", "key_id": "alias/off", "value": "fake off"},
    {"name": "/local/secret/x", "type": "String", "value": "fake x"},
    {"name": "toplevel", "type": "String", "value": "fake top"}
  ],
  "roles": [{"name": "admin", "access_key_id": "AKIAADMIN00000000000", "secret_access_key": "admin", "policy":
      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}},
    {"name": "reader", "access_key_id": "AKIAREADER0000000000", "secret_access_key": "reader", "policy":
      {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ssm:GetParameters", "ssm:GetParametersByPath"], "Resource": "arn:aws:ssm:us-west-2:000000000000:parameter/local/app*"},
        {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "arn:aws:ssm:us-west-2:000000000000:parameter/toplevel"},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}}]
}`

// embedded starts the embedded AWS and returns configurations for its roles.
func embedded(t *testing.T, o ...awslocal.Option) (server *awslocal.Server, as func(role string) aws.Config) {
	t.Helper()
	server, err := awslocal.New(append(o, awslocal.WithSeed([]byte(seed)))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return server, func(role string) aws.Config {
		cfg := benchConfig(url)
		id := "AKIA" + strings.ToUpper(role)
		id += strings.Repeat("0", 20-len(id))
		cfg.Credentials = credentials.NewStaticCredentialsProvider(id, role, "")
		return cfg
	}
}

func TestReadingTheEmbeddedAWS(t *testing.T) {
	server, as := embedded(t)
	admin := as("admin")
	ctx := t.Context()
	keys := kms.NewFromConfig(admin)
	off, err := keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/off")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.DisableKey(ctx, &kms.DisableKeyInput{KeyId: off.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	server.ResetCalls()

	names := []string{"/local/app/password", "/local/app/password:1", "/local/app/password:stable", "/local/app/password:9", "/local/app/password:nope",
		"/local/app/plain", "/local/app/list", "/local/app/off", "/local/secret/x", "/local/app/gone", "/local/app/gone:2", "toplevel", "/local/app/deep/token"}
	values := map[string]string{"/local/app/password": "fake two", "/local/app/password:1": "fake one", "/local/app/password:stable": "fake one",
		"/local/app/plain": "fake plain", "/local/app/list": "fake,list", "toplevel": "fake top", "/local/app/deep/token": "fake token"}
	want := map[string]error{"/local/app/password:9": ErrVersion, "/local/app/password:nope": ErrVersion, "/local/app/off": ErrUndecryptable,
		"/local/secret/x": ErrDenied, "/local/app/gone": ErrMissing, "/local/app/gone:2": ErrMissing}

	s := New(as("reader"), Options{Account: awslocal.Account})
	results, _, err := readAll(t, s, true, names...)
	if err != nil || len(results) != len(names) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for name, r := range results {
		if !errors.Is(r.Err, want[name]) || string(r.Parameter.Value.Reveal()) != values[name] {
			t.Errorf("%s: %v, value of %d bytes", name, r.Err, r.Parameter.Value.Len())
		}
	}
	if v := results["/local/app/password:stable"].Parameter.Version; v.Number != 1 || v.ARN != "arn:aws:ssm:us-west-2:000000000000:parameter/local/app/password" {
		t.Errorf("got %+v", v)
	}

	server.ResetCalls()
	versions, _, err := readAll(t, s, false, names...)
	if err != nil {
		t.Fatal(err)
	}
	delete(want, "/local/app/off")
	for name, r := range versions {
		if !errors.Is(r.Err, want[name]) || r.Parameter.Value.Reveal() != nil {
			t.Errorf("%s: %v", name, r.Err)
		}
		if a, b := r.Parameter.Version, results[name].Parameter.Version; r.Err == nil && name != "/local/app/off" && a != b {
			t.Errorf("%s: versions differ between the two reads: %+v, %+v", name, a, b)
		}
	}
	if n := server.Calls()["ssm:GetParameters(decrypt)"]; n != 0 {
		t.Errorf("%d decrypting reads for versions", n)
	}
}

func TestListingTheEmbeddedAWS(t *testing.T) {
	_, as := embedded(t, awslocal.WithEmptyPages())
	client := ssm.NewFromConfig(as("admin"))
	for _, name := range numbered(25) {
		if _, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String("/local/app/many" + name), Value: aws.String("fake"), Type: types.ParameterTypeString,
		}); err != nil {
			t.Fatal(err)
		}
	}
	s := New(as("reader"), Options{Account: awslocal.Account})
	for _, tt := range []struct {
		path      string
		recursive bool
		n         int
	}{{"/local/app", false, 4}, {"/local/app/", false, 4}, {"/local/app", true, 30}, {"/local/app/many/z/", false, 25}, {"/local/app/none", true, 0}} {
		got, err := s.List(t.Context(), tt.path, tt.recursive)
		if err != nil || len(got) != tt.n {
			t.Errorf("%s: %d parameters, %v, want %d", tt.path, len(got), err, tt.n)
		}
		if !slices.IsSortedFunc(got, func(a, b Parameter) int { return strings.Compare(a.Ref.Name, b.Ref.Name) }) {
			t.Errorf("%s: not sorted", tt.path)
		}
	}
	if _, err := s.List(t.Context(), "/local/secret", true); !errors.Is(err, ErrDenied) {
		t.Errorf("forbidden path: %v", err)
	}
}
