package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
)

// TestNoCredentialLeaves has every command that calls AWS look for credentials in
// every place where there may be some, with a canary in each: in what the place
// holds, and in what those say who are asked for credentials or given some. Every
// command ends with exit code 4, and no canary is in anything that it wrote. Each
// place meets each command in one mode of output, in turn.
func TestNoCredentialLeaves(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are lines for sh")
	}
	s := newStage(t)
	liar := httptest.NewServer(http.HandlerFunc(s.lie))
	t.Cleanup(liar.Close)
	commands := leafCommands("", newApp(&console.Console{}, nil).cli().Commands)
	s.write("values.env", "SECURE=x\n")
	calls := callsForCredentials(liar.URL)
	for name, c := range commands {
		asks := slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return f.Names()[0] == "endpoint-url" })
		if asks && calls[name] == nil {
			t.Errorf("bundle %s calls AWS, and is not tried", name)
		}
	}
	for i, source := range credentialSources() {
		for _, name := range slices.Sorted(maps.Keys(calls)) {
			t.Run(strings.ReplaceAll(source.name+" "+name, " ", "_"), func(t *testing.T) {
				stage := *s
				stage.T = t
				environ := source.prepare(&stage, liar.URL)
				s.inputs = stage.inputs
				all := append(modes(commands[name]), "in Actions")
				mode := all[i%len(all)]
				if mode == "in Actions" {
					mode = ""
					maps.Copy(environ, inActions())
				}
				code := 4
				if strings.HasSuffix(source.name, "not allowed") {
					code = 2 // a setting is wrong, whatever the credentials are
				}
				stage.perform(name, mode, attempt{name: source.name, args: calls[name], code: code, environ: environ, credentials: true})
			})
		}
	}
}

// callsForCredentials are the ways to call commands so that they need
// credentials.
func callsForCredentials(url string) map[string][]string {
	return map[string][]string{
		"build":   {"--env", "prod", "--out", "out.zip", "--endpoint-url", url},
		"plan":    {"--env", "prod", "--out", "prod.zip", "--endpoint-url", url},
		"status":  {"--manifest", "secrets.hcl", "--env", "prod", "--endpoint-url", url, "--layer", "prod.zip"},
		"compare": {"--manifest", "several.hcl", "--env", "prod", "--env", "second", "--endpoint-url", url},
		"publish": {"--env", "prod", "--layer", "prod.zip", "--endpoint-url", url},
		"rollout": {"--env", "prod", "--yes", "--endpoint-url", url},
		"prune":   {"--env", "prod", "--yes", "--endpoint-url", url},
		"rotate":  {"--env", "prod", "--endpoint-url", url, "SECURE"},
		"revoke":  {"--env", "prod", "--keep", "prod.zip", "--apply", "--allow-ci", "--endpoint-url", url},
		"put":     {"--env", "prod", "--yes", "--endpoint-url", url, "SECURE"},
		"import":  {"--env", "prod", "--yes", "--endpoint-url", url, "values.env"},
		"policy":  {"--env", "prod", "--endpoint-url", url},
		"audit":   {"--manifest", "secrets.hcl", "--env", "prod", "--endpoint-url", url},
		"doctor":  {"--env", "prod", "--endpoint-url", url},
		"verify":  {"--open", "--endpoint-url", url, "--layer", "prod.zip"},
		"run":     {"--layer", "prod.zip", "--function", "hello", "--endpoint-url", url, "--", "bundle", "version"},
		"init":    {"--out", "new.hcl", "--from", "/canary/imported", "--env", "prod", "--account-id", testAccount, "--region", "us-west-2", "--endpoint-url", url},
	}
}

// The canaries of credentials.
var credentialCanaries = []string{
	"key", "session token", "process", "process error", "SSO token", "SSO secret", "login", "web identity", "container token", "profile", "said",
}

// lie answers everything that is asked of it with a refusal, and repeats what it
// should not in every part of the reply.
func (s *stage) lie(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	said := s.canaries["said"].value + " " + r.Header.Get("Authorization") + " " + r.Header.Get("X-Amz-Security-Token") +
		" " + r.Header.Get("X-Amz-Sso_bearer_token") + " " + string(body)
	w.Header().Set("X-Amzn-RequestId", strings.ReplaceAll(said, "\n", " "))
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		code := "SignatureDoesNotMatch"
		if strings.Contains(string(body), "WebIdentity") {
			code = "ExpiredTokenException" // the SDK tries again after InvalidIdentityToken
		}
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message><![CDATA[%s]]></Message></Error></ErrorResponse>", code, said)
		return
	}
	code := "UnauthorizedException"
	if strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") { // SSO has no signatures
		code = "InvalidSignatureException"
	}
	text, _ := json.Marshal(map[string]string{"__type": code, "code": said, "message": said, "error": said, "error_description": said})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write(text)
}

// A credentialSource is a place where credentials may be.
type credentialSource struct {
	name    string
	prepare func(s *stage, url string) map[string]string // and says which variables name it
}

func credentialSources() []credentialSource {
	// profile writes the files of the AWS configuration.
	profile := func(s *stage, lines string) map[string]string {
		s.atHome("config", "[profile p]\n"+lines)
		return map[string]string{"AWS_CONFIG_FILE": filepath.Join(s.home, "config"), "AWS_PROFILE": "p"}
	}
	program := func(script string, names ...string) func(*stage, string) map[string]string {
		return func(s *stage, _ string) map[string]string {
			for _, name := range names {
				s.atHome(strings.ReplaceAll(name, " ", "-"), s.canaries[name].value)
			}
			return profile(s, "credential_process = cd "+s.home+" && "+script+"\n")
		}
	}
	const session = "sso_session = s\nsso_account_id = 222222222222\nsso_role_name = r\n[sso-session s]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-west-2\n"
	sso := func(content func(s *stage) string) func(*stage, string) map[string]string {
		return func(s *stage, _ string) map[string]string {
			sum := sha1.Sum([]byte("s"))
			s.atHome(".aws/sso/cache/"+hex.EncodeToString(sum[:])+".json", content(s))
			return profile(s, session)
		}
	}
	token := func(expires string) func(*stage) string {
		return func(s *stage) string {
			b, _ := json.Marshal(map[string]string{"accessToken": s.canaries["SSO token"].value, "expiresAt": expires, "clientId": "c",
				"clientSecret": s.canaries["SSO secret"].value, "refreshToken": s.canaries["SSO secret"].value})
			return string(b)
		}
	}
	return []credentialSource{
		{"keys in the environment", func(s *stage, _ string) map[string]string {
			return map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": s.canaries["key"].value, "AWS_SESSION_TOKEN": s.canaries["session token"].value}
		}},
		{"half of the keys in the environment", func(s *stage, _ string) map[string]string {
			return map[string]string{"AWS_SECRET_ACCESS_KEY": s.canaries["key"].value, "AWS_SESSION_TOKEN": s.canaries["session token"].value}
		}},
		{"a program that says too much", program("cat process process-error >&2; cat process; echo; echo '{}'", "process", "process error")},
		{"a program that fails", program("cat process; cat process-error >&2; exit 7", "process", "process error")},
		{"a program whose JSON is cut", program(`printf '{"Version": 1, "SecretAccessKey": "'; cat process`, "process")},
		{"a program, and AWS does not take its keys", func(s *stage, url string) map[string]string {
			b, _ := json.Marshal(map[string]any{"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": s.canaries["key"].value, "SessionToken": s.canaries["session token"].value})
			s.atHome("keys.json", string(b))
			return program("cat keys.json")(s, url)
		}},
		{"an SSO login that is no JSON", sso(func(s *stage) string { return s.canaries["SSO token"].value })},
		{"an SSO login that is cut", sso(func(s *stage) string { return `{"accessToken": "` + s.canaries["SSO token"].value[10:] })},
		{"an SSO login that is refused", sso(token(time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))},
		{"an SSO login that is not renewed", sso(token("2020-01-01T00:00:00Z"))},
		{"an SSO login without a time", sso(token("soon"))},
		{"a login that is no JSON", func(s *stage, _ string) map[string]string {
			sum := sha256.Sum256([]byte("me"))
			s.atHome("login/"+hex.EncodeToString(sum[:])+".json", s.canaries["login"].value)
			environ := profile(s, "login_session = me\n")
			environ["AWS_LOGIN_CACHE_DIRECTORY"] = filepath.Join(s.home, "login")
			return environ
		}},
		{"a login whose key is none", func(s *stage, _ string) map[string]string {
			sum := sha256.Sum256([]byte("me"))
			c := s.canaries["login"].value
			b, _ := json.Marshal(map[string]any{"accessToken": map[string]string{"accessKeyId": "a", "secretAccessKey": c, "sessionToken": c, "accountId": testAccount,
				"expiresAt": "2020-01-01T00:00:00Z"}, "clientId": c, "refreshToken": c, "dpopKey": c})
			s.atHome("login/"+hex.EncodeToString(sum[:])+".json", string(b))
			environ := profile(s, "login_session = me\n")
			environ["AWS_LOGIN_CACHE_DIRECTORY"] = filepath.Join(s.home, "login")
			return environ
		}},
		{"a web identity", func(s *stage, _ string) map[string]string {
			s.atHome("token", s.canaries["web identity"].value)
			return map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(s.home, "token"), "AWS_ROLE_ARN": "arn:aws:iam::" + testAccount + ":role/r"}
		}},
		{"a web identity that is absent", func(s *stage, _ string) map[string]string {
			return map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(s.home, "absent"), "AWS_ROLE_ARN": s.canaries["web identity"].value}
		}},
		{"a container", func(s *stage, url string) map[string]string {
			return map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN": s.canaries["container token"].value}
		}},
		{"a container's token in a file", func(s *stage, url string) map[string]string {
			s.atHome("token", s.canaries["container token"].value+"\n"+s.canaries["container token"].value)
			return map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": filepath.Join(s.home, "token")}
		}},
		{"a container that is elsewhere", func(s *stage, _ string) map[string]string {
			return map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://u:" + s.canaries["container token"].value[10:20] + "@192.0.2.1/" + s.canaries["container token"].value}
		}},
		{"keys of a profile", func(s *stage, _ string) map[string]string {
			return profile(s, "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = "+s.canaries["profile"].value+"\naws_session_token = "+s.canaries["session token"].value+"\n")
		}},
		{"half of the keys of a profile", func(s *stage, _ string) map[string]string {
			return profile(s, "aws_secret_access_key = "+s.canaries["profile"].value+"\n")
		}},
		{"a profile in disorder", func(s *stage, _ string) map[string]string {
			c := s.canaries["profile"].value
			return profile(s, c+"\n= "+c+"\n["+c+"\n[profile "+c+"]\n"+c+" = "+c+"\n  "+c+"\n")
		}},
		{"a profile with values that are not allowed", func(s *stage, _ string) map[string]string {
			return profile(s, "retry_mode = "+s.canaries["profile"].value+"\n")
		}},
		{"a profile whose source is absent", func(s *stage, _ string) map[string]string {
			return profile(s, "role_arn = "+s.canaries["profile"].value+"\nsource_profile = "+s.canaries["profile"].value+"\n")
		}},
		{"a role of a profile", func(s *stage, _ string) map[string]string {
			return profile(s, "role_arn = arn:aws:iam::"+testAccount+":role/r\nexternal_id = "+s.canaries["profile"].value+
				"\nsource_profile = q\n[profile q]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = "+s.canaries["key"].value+"\n")
		}},
		{"a variable that is not allowed", func(s *stage, _ string) map[string]string {
			return map[string]string{"AWS_RETRY_MODE": s.canaries["profile"].value, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": s.canaries["key"].value}
		}},
		{"a profile that is absent", func(s *stage, _ string) map[string]string {
			return map[string]string{"AWS_PROFILE": s.canaries["profile"].value}
		}},
	}
}

// atHome writes a file below the home folder that may hold canaries.
func (s *stage) atHome(name, content string) {
	s.Helper()
	path := filepath.Join(s.home, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		s.Fatal(err)
	}
	if !slices.Contains(s.inputs, path) {
		s.inputs = append(s.inputs, path)
	}
}
