package awsclient

import (
	"context"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awsfault"
)

// FuzzCredentials lets each provider of credentials say anything: what a program prints, the cache of a login, or the reply of a
// server. Whatever it is, there are credentials, or an error that is not the provider's: it shows nothing of it.
func FuzzCredentials(f *testing.F) {
	const role = "role_arn = arn:aws:iam::222222222222:role/r\nsource_profile = keys\n[profile keys]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n"
	const sso = "sso_session = s\nsso_account_id = 222222222222\nsso_role_name = r\n[sso-session s]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-west-2\n"
	home := cleanEnviron(f)
	f.Setenv("HOME", home)
	f.Setenv("USERPROFILE", home)
	write := func(t testing.TB, name, content string) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	ssoSum, loginSum := sha1.Sum([]byte("s")), sha256.Sum256([]byte("me"))
	ssoFile := filepath.Join(home, ".aws", "sso", "cache", hex.EncodeToString(ssoSum[:])+".json")
	loginPath := filepath.Join(home, ".aws", "login", "cache", hex.EncodeToString(loginSum[:])+".json")
	said, web := filepath.Join(home, "said"), filepath.Join(home, "token")
	write(f, web, "token")
	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	token := `{"accessToken": "x", "expiresAt": "` + later + `"}`

	var status int
	var content []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch { // the metadata service gives a token and a role first
		case r.Method == http.MethodPut:
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
			_, _ = w.Write([]byte("token"))
			return
		case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
			_, _ = w.Write([]byte("role"))
			return
		case strings.HasPrefix(strings.TrimSpace(string(content)), "<"):
			w.Header().Set("Content-Type", "text/xml")
		default:
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_, _ = w.Write(content)
	}))
	f.Cleanup(server.Close)

	kinds := []struct {
		config  string
		environ []string
		file    string // gets the content; "" if the server sends it
		login   string // of ssoFile
	}{
		{config: "credential_process = cat " + said + "\n", file: said},
		{config: sso, file: ssoFile},
		{config: sso, login: token},
		{config: "login_session = me\n", file: loginPath},
		{environ: []string{"AWS_WEB_IDENTITY_TOKEN_FILE=" + web, "AWS_ROLE_ARN=arn:aws:iam::222222222222:role/r"}},
		{environ: []string{fullURI + "=" + server.URL + "/x"}},
		{environ: []string{"AWS_EC2_METADATA_DISABLED=false", metadataHost + "=" + server.URL}},
		{config: role},
	}
	answers := []string{
		`{"Version":1,"AccessKeyId":"AKIAEXAMPLE","SecretAccessKey":"LEAK","SessionToken":"LEAK","Expiration":"` + later + `"}`, `{"Version":1,"Expiration":"LEAK"}`,
		`{"accessToken":"LEAK","expiresAt":"` + later + `","refreshToken":"LEAK","clientId":"LEAK","clientSecret":"LEAK"}`, `{"accessToken":"LEAK","expiresAt":"2020-01-01T00:00:00Z"}`,
		`{"roleCredentials":{"accessKeyId":"AKIAEXAMPLE","secretAccessKey":"LEAK","sessionToken":"LEAK","expiration":4102444800000}}`, `{"roleCredentials":null}`,
		loginFile(ecKey(f, elliptic.P256())), loginFile("LEAK"),
		`{"Code":"Success","AccessKeyId":"AKIAEXAMPLE","SecretAccessKey":"LEAK","Token":"LEAK","Expiration":"` + later + `"}`, `{"Code":"LEAK","Message":"LEAK"}`,
		`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIAEXAMPLE</AccessKeyId><SecretAccessKey>LEAK</SecretAccessKey><SessionToken>LEAK</SessionToken><Expiration>` + later + `</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		`<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>LEAK</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
		`<ErrorResponse><Error><Code>AccessDenied</Code><Message>LEAK</Message></Error></ErrorResponse>`, `<X>LEAK`, `{"__type":"UnauthorizedException","message":"LEAK"}`,
		"null", "[]", "", "LEAK", `{"LEAK":`, "\x00LEAK",
	}
	for i, kind := range kinds {
		for _, answer := range answers {
			said := []byte(strings.ReplaceAll(answer, "LEAK", leak))
			f.Add(uint8(i), 200, said)
			if kind.file == "" {
				f.Add(uint8(i), 400, said)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, replied int, text []byte) {
		kind := kinds[int(which)%len(kinds)]
		if replied < 200 || replied > 499 || kind.file == said && runtime.GOOS == "windows" {
			t.Skip() // a status of 5xx is tried again, after a pause
		}
		status, content = replied, text
		for _, path := range []string{ssoFile, loginPath, said} {
			_ = os.Remove(path)
		}
		if kind.login != "" {
			write(t, ssoFile, kind.login)
		}
		if kind.file != "" {
			write(t, kind.file, string(text))
			status, content = 400, []byte(`{"__type":"InvalidGrantException"}`)
		}
		if kind.config != "" {
			write(t, filepath.Join(home, "config"), "[profile p]\n"+kind.config)
			t.Setenv("AWS_PROFILE", "p")
		}
		for _, entry := range kind.environ {
			name, value, _ := strings.Cut(entry, "=")
			t.Setenv(name, value)
		}
		var debug strings.Builder
		cfg, err := New(context.Background(), Options{Region: "us-west-2", EndpointURL: server.URL, Debug: &debug, attempts: 1})
		if err == nil {
			found, unfound := cfg.Credentials.Retrieve(context.Background())
			if err = unfound; err == nil && !found.HasKeys() {
				t.Fatal("credentials without keys, and no error")
			}
		}
		if strings.Contains(debug.String(), leak) {
			t.Fatalf("--debug shows the provider's words: %s", debug.String())
		}
		if err == nil {
			return
		}
		var failed *CredentialsError
		if !errors.As(err, &failed) {
			t.Fatalf("%T: %v", err, err)
		}
		written := fmt.Sprintf("%v %+v %#v", err, err, err) + awsfault.Describe(err)
		if strings.Contains(written, leak) || strings.ContainsAny(err.Error(), "\n\r\x00\x1b") {
			t.Fatalf("the provider's words: %q", written)
		}
		if class := awsfault.Classify(err); class != awsfault.Credentials && class != awsfault.Unavailable && class != awsfault.Malformed {
			t.Fatalf("%v is of class %v", err, class)
		}
	})
}
