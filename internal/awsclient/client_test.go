package awsclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/internal/awsfault"
)

// server answers the n-th request (from 0) with reply(n).
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // bodies
}

func newServer(t *testing.T, reply func(n int, w http.ResponseWriter, r *http.Request)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, r.Header.Get("X-Amz-Target")+" "+string(body))
		s.mu.Unlock()
		reply(n, w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func text(status int, body string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-RequestId", "1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func html(status int) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><body>please sign in</body></html>")
	}
}

func awsError(code string) string {
	return fmt.Sprintf(`{"__type":%q,"message":"the message"}`, code)
}

// cleanEnviron makes the process's environment one that says nothing to the SDK.
func cleanEnviron(t testing.TB) (home string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // restored afterwards
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	home = t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "credentials"))
	return home
}

func withKeys(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
}

func local(t *testing.T, url string, change func(*Options)) aws.Config {
	t.Helper()
	o := Options{Region: "us-west-2", EndpointURL: url, Local: true, Static: &Static{"AKIAEXAMPLE", "example"}}
	if change != nil {
		change(&o)
	}
	cfg, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func encrypt(ctx context.Context, cfg aws.Config) error {
	_, err := kms.NewFromConfig(cfg).Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String("alias/x"), Plaintext: []byte("PLAINTEXT")})
	return err
}

func getParameters(ctx context.Context, cfg aws.Config) error {
	_, err := ssm.NewFromConfig(cfg).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"x"}})
	return err
}

func TestEndpointVariablesAreRefused(t *testing.T) {
	cleanEnviron(t)
	const url = "http://user:hunter2@127.0.0.1:1"
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
		"AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_SSO_OIDC", "aws_endpoint_url_kms", "AWS_ENDPOINT_URL_"} {
		for _, ignore := range []string{"", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=1"} {
			for _, endpoint := range []string{"", "https://example.com"} {
				_, err := New(t.Context(), Options{Region: "us-west-2", EndpointURL: endpoint, Environ: []string{"A=b", name + "=" + url, ignore}})
				if !errors.Is(err, ErrEndpointOverride) || !strings.Contains(err.Error(), name) {
					t.Errorf("%s with %q: %v", name, ignore, err)
				} else if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error shows the URL: %v", err)
				}
			}
		}
	}
	_, err := New(t.Context(), Options{Region: "us-west-2", Environ: []string{"AWS_ENDPOINT_URL_SSM=x", "AWS_ENDPOINT_URL_KMS=y"}})
	if err == nil || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL_SSM") {
		t.Errorf("not every variable is named: %v", err)
	}
	for _, environ := range [][]string{
		{}, {"AWS_ENDPOINT_URL="}, {"AWS_ENDPOINT_URLS=" + url}, {"MY_AWS_ENDPOINT_URL=" + url},
		{"AWS_ENDPOINT_URL_KMS=" + url, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"},
		{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE", "AWS_ENDPOINT_URL=" + url},
	} {
		if _, err := New(t.Context(), Options{Region: "us-west-2", Environ: environ}); err != nil {
			t.Errorf("%v: %v", environ, err)
		}
	}
}

func TestTheProcessEnvironmentIsGuardedByDefault(t *testing.T) {
	cleanEnviron(t)
	t.Setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
	if _, err := New(t.Context(), Options{Region: "us-west-2"}); !errors.Is(err, ErrEndpointOverride) {
		t.Errorf("got %v", err)
	}
}

func TestProfileEndpointsAreRefused(t *testing.T) {
	for _, tt := range []struct{ name, config, environ, want string }{
		{"none", "[default]\nregion=eu-west-1\n", "", ""},
		{"profile", "[default]\nendpoint_url=http://u:hunter2@127.0.0.1:1\n", "", `endpoint_url of profile "default"`},
		{"chosen profile", "[profile p]\nendpoint_url=https://hunter2\n[default]\n", "AWS_PROFILE=p", `endpoint_url of profile "p"`},
		{"other profile", "[profile p]\nendpoint_url=https://hunter2\n[default]\n", "", ""},
		{"services", "[default]\nservices=s\n[services s]\nkms=\n  endpoint_url=https://hunter2\nssm=\n  endpoint_url=https://hunter2\n", "",
			`kms, ssm in services section "s" of profile "default"`},
		{"unused services", "[default]\n[services s]\nkms=\n  endpoint_url=https://hunter2\n", "", ""},
		{"source profile", "[default]\nrole_arn=arn:aws:iam::222222222222:role/r\nsource_profile=q\n[profile q]\nendpoint_url=https://hunter2\naws_access_key_id=a\naws_secret_access_key=b\n", "",
			`endpoint_url of profile "q"`},
		{"ignored by profile", "[default]\nendpoint_url=https://hunter2\nignore_configured_endpoint_urls=true\n", "", ""},
		{"ignored by environment", "[default]\nendpoint_url=https://hunter2\n", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", ""},
		{"environment over profile", "[default]\nendpoint_url=https://hunter2\nignore_configured_endpoint_urls=true\n", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", "endpoint_url"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := cleanEnviron(t)
			if err := os.WriteFile(filepath.Join(home, "config"), []byte(tt.config), 0o600); err != nil {
				t.Fatal(err)
			}
			if name, value, ok := strings.Cut(tt.environ, "="); ok {
				t.Setenv(name, value)
			}
			cfg, err := New(t.Context(), Options{Region: "us-west-2"})
			switch {
			case tt.want == "" && (err != nil || cfg.BaseEndpoint != nil):
				t.Errorf("got %v, endpoint %v", err, cfg.BaseEndpoint)
			case tt.want != "" && (!errors.Is(err, ErrEndpointOverride) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error shows the URL: %v", err)
			}
		})
	}
}

func TestEndpointIsHTTPSOrLoopback(t *testing.T) {
	cleanEnviron(t)
	static := &Static{"AKIAEXAMPLE", "example"}
	for _, tt := range []struct {
		url               string
		elsewhere, inside bool // accepted outside and for the embedded AWS
	}{
		{"http://127.0.0.1:4566", true, true},
		{"http://127.8.8.8", true, true},
		{"http://[::1]:4566/", true, true},
		{"http://localhost:4566", true, true},
		{"https://vpce-1.kms.us-west-2.vpce.amazonaws.com", true, false},
		{"https://127.0.0.1", true, false},
		{"https://example.com/path", true, false},
		{"http://example.com", false, false},
		{"http://127.0.0.1.example.com", false, false},
		{"http://localhost.example.com", false, false},
		{"http://10.0.0.1", false, false},
		{"http://0.0.0.0:1", false, false},
		{"ftp://127.0.0.1", false, false},
		{"127.0.0.1:4566", false, false},
		{"//127.0.0.1", false, false},
		{"https://", false, false},
		{"https://u:hunter2@example.com", false, false},
		{"https://example.com?hunter2", false, false},
		{"https://example.com#hunter2", false, false},
		{"http://127.0.0.1:4566/\x7f", false, false},
	} {
		_, err := New(t.Context(), Options{Region: "us-west-2", EndpointURL: tt.url})
		_, errLocal := New(t.Context(), Options{Region: "us-west-2", EndpointURL: tt.url, Local: true, Static: static})
		if (err == nil) != tt.elsewhere || (errLocal == nil) != tt.inside {
			t.Errorf("%q: %v; embedded: %v", tt.url, err, errLocal)
		}
		for _, err := range []error{err, errLocal} {
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the URL: %v", err)
			}
		}
	}
}

func TestOptionsThatDoNotFitAreRefused(t *testing.T) {
	for _, o := range []Options{
		{},
		{Region: "us-west-2", Local: true, Static: &Static{}},
		{Region: "us-west-2", Local: true, EndpointURL: "http://127.0.0.1:1"},
		{Region: "us-west-2", Static: &Static{}, EndpointURL: "http://127.0.0.1:1"},
	} {
		if _, err := New(t.Context(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// A rogue endpoint named by the environment gets nothing, in any mode that runs.
func TestNothingGoesToInheritedEndpoints(t *testing.T) {
	cleanEnviron(t)
	withKeys(t)
	rogue := newServer(t, text(200, `{"KeyId":"x","CiphertextBlob":"eA=="}`))
	right := newServer(t, text(200, `{"KeyId":"x","CiphertextBlob":"eA==","Parameters":[]}`))
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_SSM"} {
		t.Setenv(name, rogue.URL)
	}
	embedded := local(t, right.URL, nil)
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	named, err := New(t.Context(), Options{Region: "us-west-2", EndpointURL: right.URL})
	if err != nil {
		t.Fatal(err)
	}
	// The guard looks at another environment than the SDK does: the configuration
	// itself must hold.
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")
	missed, err := New(t.Context(), Options{Region: "us-west-2", EndpointURL: right.URL, Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []aws.Config{embedded, named, missed} {
		if err := encrypt(t.Context(), cfg); err != nil {
			t.Error(err)
		}
		if err := getParameters(t.Context(), cfg); err != nil {
			t.Error(err)
		}
	}
	if rogue.count() != 0 || right.count() != 6 {
		t.Errorf("%d requests went to the inherited endpoint, %d to the right one", rogue.count(), right.count())
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		rogue := newServer(t, text(200, `{"KeyId":"x","CiphertextBlob":"eA=="}`))
		front := newServer(t, func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, rogue.URL, code) })
		err := encrypt(t.Context(), local(t, front.URL, nil))
		if awsfault.Classify(err) != awsfault.Unavailable || rogue.count() != 0 || front.count() != 1 {
			t.Errorf("%d: %v (%v), %d requests followed it", code, err, awsfault.Classify(err), rogue.count())
		}
	}
}

func TestMissingCredentialsAreReportedAtOnce(t *testing.T) {
	cleanEnviron(t)
	metadata := newServer(t, text(200, "{}"))
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
	calls := &Calls{}
	cfg, err := New(t.Context(), Options{Region: "us-west-2", Calls: calls})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Caller(t.Context(), cfg)
	if !errors.Is(err, ErrCredentials) || awsfault.Classify(err) != awsfault.Credentials || !strings.Contains(err.Error(), "AWS_EC2_METADATA_DISABLED=false") {
		t.Errorf("got %v", err)
	}
	if metadata.count() != 0 || len(calls.Snapshot()) != 0 {
		t.Errorf("%d requests for metadata, calls %v", metadata.count(), calls.Snapshot())
	}

	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	if cfg, err = New(t.Context(), Options{Region: "us-west-2"}); err != nil {
		t.Fatal(err)
	}
	if _, err = Caller(t.Context(), cfg); err == nil || metadata.count() == 0 {
		t.Errorf("metadata are not asked for when they are wanted: %v", err)
	}
}

func TestRolesAreAssumed(t *testing.T) {
	const role = "arn:aws:iam::222222222222:role/build"
	reply := func(w http.ResponseWriter, status int, body string) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
	denied := false
	s := newServer(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Amz-Target") != "":
			if !strings.Contains(r.Header.Get("Authorization"), "ASIAASSUMED") {
				text(400, awsError("UnrecognizedClientException"))(0, w, r)
				return
			}
			text(200, `{"Parameters":[]}`)(0, w, r)
		case denied:
			reply(w, 403, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
		default:
			reply(w, 200, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>`+
				time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
		}
	})
	calls := &Calls{}
	withRole := func(o *Options) { o.Role, o.Calls = RoleToAssume{ARN: role}, calls }
	cfg := local(t, s.URL, withRole)
	for range 2 {
		if err := getParameters(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	if got := calls.Snapshot(); got["sts:AssumeRole"] != 1 || got["ssm:GetParameters"] != 2 {
		t.Errorf("calls %v", got)
	}
	denied = true
	err := getParameters(t.Context(), local(t, s.URL, withRole))
	if awsfault.Classify(err) != awsfault.Credentials || !errors.Is(err, ErrCredentials) || !strings.Contains(err.Error(), role) || !strings.Contains(err.Error(), "sts:AssumeRole") {
		t.Errorf("got %v (%v)", err, awsfault.Classify(err))
	}
}

func TestCallerSaysWhoCallsAreMadeAs(t *testing.T) {
	xml := func(account, arn string) string {
		return "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>" + arn + "</Arn><Account>" + account + "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
	}
	for _, tt := range []struct {
		status int
		body   string
		ok     bool
		class  awsfault.Class
	}{
		{200, xml("222222222222", "arn:aws:sts::222222222222:assumed-role/x/y"), true, awsfault.Other},
		{200, xml("", ""), false, awsfault.Other},
		{200, xml("222222222222", ""), false, awsfault.Other},
		{200, xml("22222222222x", "arn:aws:sts::22222222222x:assumed-role/x/y"), false, awsfault.Other},
		{200, xml("222222222222", "arn:aws:sts::333333333333:assumed-role/x/y"), false, awsfault.Other},
		{200, xml("222222222222", "arn:aws:sts::222222222222:assumed-role/x\u00a0::error::x/y"), false, awsfault.Other},
		{200, xml("222222222222", "arn:aws:sts::222222222222:assumed-role/x y"), false, awsfault.Other},
		{403, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>m</Message></Error></ErrorResponse>", false, awsfault.Credentials},
		{403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error></ErrorResponse>", false, awsfault.Credentials},
		{403, "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>m</Message></Error></ErrorResponse>", false, awsfault.Credentials},
	} {
		s := newServer(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		})
		id, err := Caller(t.Context(), local(t, s.URL, nil))
		if (err == nil) != tt.ok || !tt.ok && awsfault.Classify(err) != tt.class || errors.Is(err, ErrCredentials) != (tt.class == awsfault.Credentials) {
			t.Errorf("%s: %+v, %v (%v), want %v", tt.body, id, err, awsfault.Classify(err), tt.class)
		}
		if tt.ok && (id.Account != "222222222222" || !strings.Contains(id.ARN, "assumed-role")) {
			t.Errorf("%s: %+v", tt.body, id)
		}
	}
}

// closedPort returns the URL of a loopback port at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}
