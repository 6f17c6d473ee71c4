package awsclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awsfault"
)

// leak stands in everything that a provider of credentials may say.
const leak = "cAnArYc4narycAnArY"

// TestNoProviderIsQuoted has each provider of credentials fail in each way, with
// a canary wherever it can say something. The error names the provider and what
// to do, and the canary is nowhere.
func TestNoProviderIsQuoted(t *testing.T) {
	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	xml := func(status int, code string) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			w.Header().Set("X-Amzn-RequestId", leak)
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>User: %s %s</Message></Error></ErrorResponse>", code, leak, leak)
		}
	}
	object := func(status int, body string) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.ReplaceAll(body, "LEAK", leak))
		}
	}
	const (
		role   = "role_arn = arn:aws:iam::222222222222:role/r\n"
		static = "[profile keys]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = " + leak + "\n"
		sso    = "sso_session = s\nsso_account_id = 222222222222\nsso_role_name = r\n[sso-session s]\nsso_start_url = https://" + leak + ".awsapps.com/start\nsso_region = us-west-2\n"
	)
	process := func(script string) string {
		return "credential_process = " + strings.ReplaceAll(script, "LEAK", leak) + "\n"
	}
	for name, tt := range map[string]struct {
		config  string // of profile p
		environ []string
		token   string // of the SSO login, "" for none
		login   string // that of aws login
		web     string // the web identity token, "" for none
		reply   func(int, http.ResponseWriter, *http.Request)
		want    Provider
		class   awsfault.Class
		says    []string
	}{
		"a program that prints more":         {config: process(`echo LEAK; echo "{}"`), want: Process, says: []string{`"p"`, "credential_process"}},
		"a program that prints half":         {config: process(`printf "{\"Version\":1,\"SecretAccessKey\":\"LEAK"`), want: Process},
		"a program that prints another type": {config: process(`printf "{\"Version\":\"LEAK\"}"`), want: Process},
		"a program that prints nothing":      {config: process("true"), want: Process},
		"a program that fails":               {config: process("echo LEAK >&2; echo LEAK; exit 3"), want: Process},
		"a program that there is not":        {config: process("/nowhere/LEAK"), want: Process},
		"a program without keys":             {config: process(`printf "{\"Version\":1,\"AccessKeyId\":\"LEAK\"}"`), want: Process},
		"a program, for a role":              {config: role + "source_profile = q\n[profile q]\n" + process("echo LEAK"), want: Process},
		"no SSO login":                       {config: sso, want: SSO, says: []string{"aws sso login --profile p"}},
		"an SSO login that is no JSON":       {config: sso, token: leak, want: SSO, says: []string{"aws sso login --profile p"}},
		"an SSO login of another type":       {config: sso, token: `{"accessToken": {"` + leak + `": 1}}`, want: SSO},
		"an SSO login without a time":        {config: sso, token: `{"accessToken": "` + leak + `", "expiresAt": "` + leak + `"}`, want: SSO},
		"an SSO login that is over":          {config: sso, token: `{"accessToken": "` + leak + `", "expiresAt": "2020-01-01T00:00:00Z"}`, want: SSO, says: []string{"expired"}},
		"an SSO login that is not renewed": {config: sso, token: `{"accessToken": "x", "expiresAt": "2020-01-01T00:00:00Z", "clientId": "LEAK", "clientSecret": "LEAK", "refreshToken": "LEAK"}`,
			reply: object(400, `{"__type": "InvalidGrantException", "error": "LEAK", "error_description": "LEAK"}`), want: SSO, says: []string{"aws sso login"}},
		"an SSO login that is refused": {config: sso, token: `{"accessToken": "LEAK", "expiresAt": "` + later + `"}`,
			reply: object(401, `{"__type": "UnauthorizedException", "message": "LEAK"}`), want: SSO, says: []string{"UnauthorizedException", "aws sso login"}},
		"an SSO role that is not given": {config: sso, token: `{"accessToken": "LEAK", "expiresAt": "` + later + `"}`,
			reply: object(403, `{"__type": "ForbiddenException", "message": "LEAK"}`), want: SSO, says: []string{"sso_role_name", "ForbiddenException"}},
		"an SSO reply without credentials": {config: sso, token: `{"accessToken": "LEAK", "expiresAt": "` + later + `"}`,
			reply: object(200, `{"x": "LEAK"}`), want: SSO},
		"an SSO that is down": {config: sso, token: `{"accessToken": "LEAK", "expiresAt": "` + later + `"}`,
			reply: object(503, "LEAK"), want: SSO, class: awsfault.Unavailable, says: []string{"did not answer"}},
		"no login":                 {config: "login_session = me\n", want: Login, says: []string{"aws login --profile p"}},
		"a login that is null":     {config: "login_session = me\n", login: "null", want: Login},
		"a login of another":       {config: "login_session = me\n", login: `["LEAK"]`, want: Login},
		"a login without a key":    {config: "login_session = me\n", login: loginFile("LEAK"), want: Login},
		"a login on another curve": {config: "login_session = me\n", login: loginFile(ecKey(t, elliptic.P384())), want: Login},
		"a login that is refused": {config: "login_session = me\n", login: loginFile(ecKey(t, elliptic.P256())),
			reply: object(400, `{"__type": "AccessDeniedException", "error": "LEAK", "message": "LEAK"}`), want: Login, says: []string{"aws login --profile p"}},
		"no web identity token": {environ: []string{"AWS_WEB_IDENTITY_TOKEN_FILE=/nowhere/" + leak, "AWS_ROLE_ARN=arn:aws:iam::222222222222:role/r"}, want: WebIdentity,
			says: []string{"AWS_WEB_IDENTITY_TOKEN_FILE"}},
		"a web identity token that is refused": {web: leak, reply: xml(400, "InvalidIdentityToken"), want: WebIdentity, says: []string{"InvalidIdentityToken"}},
		"a web identity without a right":       {web: leak, reply: xml(403, "AccessDenied"), want: WebIdentity, says: []string{"AccessDenied", "trust policy"}},
		"a request that STS names": {web: leak, reply: func(n int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			w.Header().Set("X-Amzn-RequestId", "0a1b2c3d-0000-4000-8000-000000000001")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
		}, want: WebIdentity, says: []string{"AccessDenied (request id 0a1b2c3d-0000-4000-8000-000000000001)"}},
		"a web identity, and a code of words": {web: leak, reply: xml(403, leak), want: WebIdentity},
		"a web identity, and an empty reply": {web: leak, reply: func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			_, _ = io.WriteString(w, "<AssumeRoleWithWebIdentityResponse><X>"+leak+"</X></AssumeRoleWithWebIdentityResponse>")
		}, want: WebIdentity, class: awsfault.Malformed},
		"a container that refuses":              {environ: []string{fullURI + "=URL"}, reply: object(403, `{"code": "LEAK", "message": "LEAK"}`), want: Container, says: []string{"403"}},
		"a container that refuses in words":     {environ: []string{fullURI + "=URL"}, reply: text(404, leak), want: Container, says: []string{"404"}},
		"a container that refuses with null":    {environ: []string{fullURI + "=URL"}, reply: object(403, "null"), want: Container},
		"a container that fails":                {environ: []string{fullURI + "=URL"}, reply: object(500, `{"code": "LEAK", "message": "LEAK"}`), want: Container, class: awsfault.Unavailable, says: []string{"500"}},
		"a container that answers null":         {environ: []string{fullURI + "=URL"}, reply: object(200, "null"), want: Container, says: []string{"returned no credentials"}},
		"a container that answers nothing":      {environ: []string{fullURI + "=URL"}, reply: object(200, "{}"), want: Container},
		"a container that answers no JSON":      {environ: []string{fullURI + "=URL"}, reply: object(200, `{"AccessKeyId": LEAK`), want: Container},
		"a container that is not there":         {environ: []string{fullURI + "=http://127.0.0.1:1/" + leak}, want: Container, class: awsfault.Unavailable, says: []string{"refused"}},
		"a container whose token is no file":    {environ: []string{fullURI + "=URL", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/nowhere/" + leak}, want: Container},
		"a container whose token has two lines": {environ: []string{fullURI + "=URL", "AWS_CONTAINER_AUTHORIZATION_TOKEN=" + leak + "\n" + leak}, want: Container},
		"a container's role that is not given":  {config: role + "credential_source = EcsContainer\n", environ: []string{fullURI + "=URL"}, reply: object(403, `{"message": "LEAK"}`), want: Container},
		"a profile's role that is refused":      {config: role + "source_profile = keys\n" + static, reply: xml(403, "AccessDenied"), want: Role, says: []string{"role/r", "AccessDenied", "trust policy"}},
		"a profile's role, badly signed":        {config: role + "source_profile = keys\n" + static, reply: xml(403, "SignatureDoesNotMatch"), want: Role},
		"a profile's role, and STS is down":     {config: role + "source_profile = keys\n" + static, reply: xml(503, "ServiceUnavailable"), want: Role, class: awsfault.Unavailable},
		"a profile's role, and an empty reply": {config: role + "source_profile = keys\n" + static, want: Role, class: awsfault.Malformed,
			reply: func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/xml")
				_, _ = io.WriteString(w, "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>")
			}},
		"a role that is no ARN":              {config: "role_arn = " + leak + "\nsource_profile = keys\n" + static, reply: xml(400, "ValidationError"), want: Role},
		"half of the keys of a profile":      {config: "aws_secret_access_key = " + leak + "\n", want: Configuration, says: []string{"aws_access_key_id"}},
		"half of the keys":                   {environ: []string{"AWS_SECRET_ACCESS_KEY=" + leak}, want: Metadata, says: []string{"only AWS_SECRET_ACCESS_KEY is set"}},
		"no keys in the environment":         {config: role + "credential_source = Environment\n", environ: []string{"AWS_SESSION_TOKEN=" + leak}, want: Environment},
		"no profile":                         {environ: []string{"AWS_PROFILE=gone"}, want: Configuration, says: []string{`"gone"`, "AWS_PROFILE"}},
		"a source profile that is not there": {config: role + "source_profile = " + leak + "\n", want: Configuration, says: []string{"source_profile"}},
		"a role without a source":            {config: role, want: Metadata},
		"a source without a role":            {config: "source_profile = keys\n" + static, want: Configuration, says: []string{"role_arn"}},
		"a source of no kind":                {config: role + "credential_source = " + leak + "\n", want: Configuration, says: []string{"credential_source"}},
		"a code to be typed":                 {config: role + "source_profile = keys\nmfa_serial = " + leak + "\n" + static, want: Configuration, says: []string{"mfa_serial"}},
		"two sources":                        {config: role + "source_profile = keys\n" + process("LEAK") + static, want: Configuration, says: []string{"credential_process"}},
		"an SSO session that is not there":   {config: "sso_session = " + leak + "\nsso_account_id = 1\nsso_role_name = r\n", want: Configuration, says: []string{"sso_session"}},
		"a value that is not allowed":        {config: "retry_mode = " + leak + "\n", want: Configuration, says: []string{"retry_mode"}},
		"a variable that is not allowed":     {environ: []string{"AWS_RETRY_MODE=" + leak}, want: Configuration, says: []string{"AWS_RETRY_MODE"}},
		"another variable":                   {environ: []string{"AWS_USE_FIPS_ENDPOINT=" + leak}, want: Configuration, says: []string{"AWS_USE_FIPS_ENDPOINT"}},
		"certificates that are not there":    {environ: []string{"AWS_CA_BUNDLE=/nowhere/" + leak}, want: Configuration, says: []string{"AWS_CA_BUNDLE"}},
		"a file that is no profile's":        {config: leak + "\n= " + leak + "\n[" + leak + "\n[]\n" + leak + " = " + leak, want: Metadata},
		"nothing":                            {want: Metadata, says: []string{"AWS_PROFILE", "configure-aws-credentials", "AWS_EC2_METADATA_DISABLED=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && tt.want == Process {
				t.Skip("the programs are lines for sh")
			}
			home := cleanEnviron(t)
			t.Setenv("HOME", home)
			t.Setenv("USERPROFILE", home)
			write := func(name, content string) {
				if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(content), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			if tt.config != "" {
				write(filepath.Join(home, "config"), "[profile p]\n"+tt.config)
				t.Setenv("AWS_PROFILE", "p")
			}
			if tt.token != "" {
				sum := sha1.Sum([]byte("s"))
				write(filepath.Join(home, ".aws", "sso", "cache", hex.EncodeToString(sum[:])+".json"), strings.ReplaceAll(tt.token, "LEAK", leak))
			}
			if tt.login != "" {
				sum := sha256.Sum256([]byte("me"))
				write(filepath.Join(home, ".aws", "login", "cache", hex.EncodeToString(sum[:])+".json"), strings.ReplaceAll(tt.login, "LEAK", leak))
			}
			if tt.web != "" {
				write(filepath.Join(home, "token"), tt.web)
				t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", filepath.Join(home, "token"))
				t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/r")
			}
			url := "http://127.0.0.1:1"
			if tt.reply != nil {
				url = newServer(t, tt.reply).URL
			}
			for _, entry := range tt.environ {
				name, value, _ := strings.Cut(entry, "=")
				t.Setenv(name, strings.ReplaceAll(value, "URL", url+"/"+leak))
			}
			stderr := captureStderr(t)
			var debug strings.Builder
			cfg, err := New(t.Context(), Options{Region: "us-west-2", EndpointURL: url, Debug: &debug, attempts: 1})
			if err == nil {
				_, err = Caller(t.Context(), cfg)
			}
			var failed *CredentialsError
			if !errors.As(err, &failed) || failed.Provider != tt.want {
				t.Fatalf("%v: %+v, not of provider %d", err, failed, tt.want)
			}
			class := tt.class
			if class == awsfault.Other {
				class = awsfault.Credentials
			}
			if got := awsfault.Classify(err); got != class || errors.Is(err, ErrCredentials) != (class == awsfault.Credentials) {
				t.Errorf("%v: class %v, not %v", err, got, class)
			}
			for _, part := range tt.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if written := fmt.Sprintf("%v %+v %#v", err, err, err) + awsfault.Describe(err) + debug.String() + stderr(); strings.Contains(written, leak) {
				t.Errorf("the canary is in %s", written)
			}
		})
	}
}

// ecKey makes a private key.
func ecKey(t testing.TB, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// loginFile is what aws login leaves behind, of a login that is over.
func loginFile(key string) string {
	b, _ := json.Marshal(map[string]any{
		"accessToken": map[string]string{"accessKeyId": "a", "secretAccessKey": leak, "sessionToken": leak, "accountId": "222222222222", "expiresAt": "2020-01-01T00:00:00Z"},
		"clientId":    "c", "refreshToken": leak, "dpopKey": key,
	})
	return string(b)
}

// captureStderr returns what this process, and the programs that it starts,
// write to standard error from now on.
func captureStderr(t *testing.T) func() string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = f
	t.Cleanup(func() { os.Stderr = before; _ = f.Close() })
	return func() string {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

// Where somebody sits at a terminal, the program can ask for a code there.
func TestAProgramAsksAtATerminal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program is a line for sh")
	}
	home := cleanEnviron(t)
	script := `[default]` + "\n" + `credential_process = printf code: >&2; printf "{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"}"` + "\n"
	if err := os.WriteFile(filepath.Join(home, "config"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	var terminal strings.Builder
	cfg, err := New(t.Context(), Options{Region: "us-west-2", Terminal: &terminal})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := cfg.Credentials.Retrieve(t.Context()); err != nil || c.AccessKeyID != "a" || terminal.String() != "code:" {
		t.Errorf("%v, %v, %q", c.AccessKeyID, err, terminal.String())
	}
}
