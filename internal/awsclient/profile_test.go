package awsclient

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
)

// A real account's credentials may come from the shared files, as may the role
// that they are to assume; every call, STS's included, goes where EndpointURL
// says.
func TestCredentialsComeFromProfiles(t *testing.T) {
	server, err := awslocal.New(awslocal.WithSeed([]byte(`{
	  "region": "us-west-2",
	  "roles": [
	    {"name": "ci", "access_key_id": "AKIACI00000000000000", "secret_access_key": "ci", "policy":
	      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}},
	    {"name": "build", "trust": ["*"], "policy":
	      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}},
	    {"name": "last", "trust": ["*"], "policy":
	      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"}]}}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const (
		config = `
[profile build]
role_arn = arn:aws:iam::000000000000:role/build
source_profile = ci
role_session_name = someone

[profile stranger]
role_arn = arn:aws:iam::000000000000:role/nobody
source_profile = ci

[profile empty]
region = eu-west-1
`
		shared = `
[default]
aws_access_key_id = AKIANOBODY0000000000
aws_secret_access_key = nobody

[ci]
aws_access_key_id = AKIACI00000000000000
aws_secret_access_key = ci
`
	)
	for _, tt := range []struct {
		name, profile, role, arn string
		assumed                  int // roles, on the way there
	}{
		{"keys of a profile", "ci", "", "arn:aws:iam::000000000000:role/ci", 0},
		{"a role of a profile", "build", "", "arn:aws:sts::000000000000:assumed-role/build/someone", 1},
		{"the environment's role", "ci", "arn:aws:iam::000000000000:role/build", "arn:aws:sts::000000000000:assumed-role/build/bundle", 1},
		{"both", "build", "arn:aws:iam::000000000000:role/last", "arn:aws:sts::000000000000:assumed-role/last/bundle", 2},
		{"a role that there is not", "stranger", "", "", 1},
		{"the default profile, of nobody", "", "", "", 0},
		{"a profile without credentials", "empty", "", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := cleanEnviron(t)
			for name, content := range map[string]string{"config": config, "credentials": shared} {
				if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if tt.profile != "" {
				t.Setenv("AWS_PROFILE", tt.profile)
			}
			calls := new(Calls)
			cfg, err := New(t.Context(), Options{Region: "us-west-2", EndpointURL: url, Role: RoleToAssume{ARN: tt.role, SessionName: "bundle"}, Calls: calls})
			if err != nil {
				t.Fatal(err)
			}
			server.ResetCalls()
			id, err := Caller(t.Context(), cfg)
			if id.ARN != tt.arn || (err == nil) != (tt.arn != "") || err != nil && !errors.Is(err, ErrCredentials) {
				t.Errorf("%+v, %v", id, err)
			}
			if got := server.Calls()["sts:AssumeRole"]; got != tt.assumed || calls.Snapshot()["sts:AssumeRole"] != got {
				t.Errorf("%d roles were assumed, and %v counted", got, calls.Snapshot())
			}
		})
	}
}

// That holds too where the SDK would go to AWS: where AWS_ENDPOINT_URL exists and
// is empty, or where configured endpoints are to be ignored.
func TestCredentialsAreAskedForAtTheEndpoint(t *testing.T) {
	for _, environ := range []map[string]string{
		{}, {"AWS_ENDPOINT_URL": ""}, {"AWS_ENDPOINT_URL_STS": ""}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"},
	} {
		home := cleanEnviron(t)
		if err := os.WriteFile(filepath.Join(home, "config"), []byte("[default]\nrole_arn = arn:aws:iam::222222222222:role/r\nsource_profile = q\n"+
			"[profile q]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, value := range environ {
			t.Setenv(name, value)
		}
		s := newServer(t, text(403, ""))
		cfg, err := New(t.Context(), Options{Region: "us-west-2", EndpointURL: s.URL + "/path", attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Caller(t.Context(), cfg); err == nil || s.count() != 1 {
			t.Errorf("%v: %d calls came, and %v", environ, s.count(), err)
		}
		for name := range environ {
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A profile that is not there is said to be missing.
func TestAnAbsentProfileIsReported(t *testing.T) {
	cleanEnviron(t)
	t.Setenv("AWS_PROFILE", "none")
	if _, err := New(t.Context(), Options{Region: "us-west-2"}); !errors.Is(err, ErrCredentials) {
		t.Errorf("got %v", err)
	}
}
