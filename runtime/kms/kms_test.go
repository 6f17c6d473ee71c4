package kms

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/whispering/bundle/internal/awslocal/sigv4"
)

const (
	localKey = "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-4111-8111-111111111111"
	realKey  = "arn:aws:kms:eu-west-1:222222222222:key/11111111-1111-4111-8111-111111111111"
	canary   = "canary-plaintext"
)

// env returns an environment with credentials, with changes as pairs of name and
// value.
func env(changes ...string) func(string) string {
	vars := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "sample-key", "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:1"}
	for i := 0; i < len(changes); i += 2 {
		vars[changes[i]] = changes[i+1]
	}
	return func(name string) string { return vars[name] }
}

// carry makes a function a transport.
type carry func(*http.Request) (*http.Response, error)

func (c carry) RoundTrip(r *http.Request) (*http.Response, error) { return c(r) }

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func opened(key, plaintext string) *http.Response {
	body, _ := json.Marshal(map[string]any{"KeyId": key, "Plaintext": []byte(plaintext)})
	return reply(200, string(body))
}

func refused(code string) *http.Response {
	return reply(400, `{"__type":"com.amazonaws.kms#`+code+`","message":"sample"}`)
}

// script answers the n-th request with the n-th reply, and the rest with the last.
func script(calls *atomic.Int32, replies ...func(*http.Request) (*http.Response, error)) carry {
	return func(r *http.Request) (*http.Response, error) {
		n := int(calls.Add(1))
		return replies[min(n, len(replies))-1](r)
	}
}

func always(f func() *http.Response) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return f(), nil }
}

func says(code string) func(*http.Request) (*http.Response, error) {
	return always(func() *http.Response { return refused(code) })
}

func fine() func(*http.Request) (*http.Response, error) {
	return always(func() *http.Response { return opened(localKey, canary) })
}

func lost(*http.Request) (*http.Response, error) {
	return nil, errors.New("read: connection reset by peer")
}

func silent(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestRequestIsSignedAndComplete(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		signature, err := sigv4.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := signature.Verify(r, body, "sample-key"); err != nil {
			t.Error(err)
		}
		if signature.Service != "kms" || signature.Region != "us-east-1" || signature.Token != "sample-token" {
			t.Errorf("signed as %+v", signature)
		}
		if r.Header.Get("X-Amz-Target") != "TrentService.Decrypt" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
			t.Errorf("headers %v", r.Header)
		}
		var in struct {
			KeyId             string
			CiphertextBlob    []byte
			EncryptionContext map[string]string
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			t.Error(err)
		}
		if in.KeyId != localKey || string(in.CiphertextBlob) != "blob" || !maps.Equal(in.EncryptionContext, map[string]string{"a": "b<>"}) {
			t.Errorf("asked for %+v", in)
		}
		io.Copy(w, opened(localKey, canary).Body)
	}))
	defer server.Close()
	c := New(Options{Getenv: env("AWS_SESSION_TOKEN", "sample-token", "AWS_ENDPOINT_URL_KMS", server.URL)})
	got, err := c.Decrypt(t.Context(), localKey, []byte("blob"), map[string]string{"a": "b<>"})
	if err != nil || string(got) != canary {
		t.Errorf("got %d bytes and %v", len(got), err)
	}
}

func TestAnswers(t *testing.T) {
	body := func(status int, text string) func(*http.Request) (*http.Response, error) {
		return always(func() *http.Response { return reply(status, text) })
	}
	header := func(value string) func(*http.Request) (*http.Response, error) {
		return always(func() *http.Response { return reply(400, "{}", "X-Amzn-ErrorType", value) })
	}
	type step = func(*http.Request) (*http.Response, error)
	cases := map[string]struct {
		replies  []step
		want     Code // "" opens
		requests int32
	}{
		"fine":                          {[]step{fine()}, "", 1},
		"throttled twice, then fine":    {[]step{says("ThrottlingException"), says("ThrottlingException"), fine()}, "", 3},
		"throttled forever":             {[]step{says("ThrottlingException")}, ErrUnavailable, 5},
		"internal, then fine":           {[]step{says("KMSInternalException"), fine()}, "", 2},
		"dependency":                    {[]step{says("DependencyTimeoutException")}, ErrUnavailable, 5},
		"key unavailable":               {[]step{says("KeyUnavailableException"), fine()}, "", 2},
		"bare 503, then fine":           {[]step{body(503, "<html>"), fine()}, "", 2},
		"bare 500 forever":              {[]step{body(500, "")}, ErrUnavailable, 5},
		"429":                           {[]step{body(429, "")}, ErrUnavailable, 5},
		"reset, then fine":              {[]step{lost, fine()}, "", 2},
		"reset forever":                 {[]step{lost}, ErrUnavailable, 5},
		"silent, then fine":             {[]step{silent, fine()}, "", 2},
		"silent forever":                {[]step{silent}, ErrUnavailable, 3},
		"access denied":                 {[]step{says("AccessDeniedException")}, ErrAccessDenied, 1},
		"disabled":                      {[]step{says("DisabledException")}, ErrKeyUnusable, 1},
		"pending deletion":              {[]step{says("KMSInvalidStateException")}, ErrKeyUnusable, 1},
		"no such key":                   {[]step{says("NotFoundException")}, ErrKeyUnusable, 1},
		"usage":                         {[]step{says("InvalidKeyUsageException")}, ErrKeyUnusable, 1},
		"incorrect key":                 {[]step{says("IncorrectKeyException")}, ErrWrongKey, 1},
		"invalid ciphertext":            {[]step{says("InvalidCiphertextException")}, ErrTampered, 1},
		"expired token, then fine":      {[]step{says("ExpiredTokenException"), fine()}, "", 2},
		"expired token forever":         {[]step{says("ExpiredTokenException")}, ErrCredentials, 2},
		"expired signature, then fine":  {[]step{says("InvalidSignatureException"), fine()}, "", 2},
		"expired, throttled, then fine": {[]step{says("RequestExpired"), says("ThrottlingException"), fine()}, "", 3},
		"unknown id":                    {[]step{says("UnrecognizedClientException")}, ErrCredentials, 2},
		"no token":                      {[]step{says("MissingAuthenticationTokenException")}, ErrCredentials, 1},
		"validation":                    {[]step{says("ValidationException")}, ErrReply, 1},
		"a code nobody knows":           {[]step{says("SomethingNewException")}, ErrReply, 1},
		"code in the header":            {[]step{header("AccessDeniedException:http://example.com/a#b")}, ErrAccessDenied, 1},
		"namespace in the header":       {[]step{header("com.amazonaws.kms#DisabledException")}, ErrKeyUnusable, 1},
		"redirect":                      {[]step{body(307, "")}, ErrReply, 1},
		"403 of a proxy":                {[]step{body(403, "<html>")}, ErrReply, 1},
		"HTML":                          {[]step{body(200, "<html>"+canary)}, ErrReply, 1},
		"empty":                         {[]step{body(200, "")}, ErrReply, 1},
		"empty object":                  {[]step{body(200, "{}")}, ErrWrongKey, 1},
		"another key": {[]step{always(func() *http.Response { return opened(realKey, canary) })},
			ErrWrongKey, 1},
		"no plaintext": {[]step{always(func() *http.Response { return opened(localKey, "") })}, ErrReply, 1},
		"twice":        {[]step{body(200, `{"KeyId":"`+localKey+`","Plaintext":"eA==","Plaintext":"eA=="}`)}, ErrReply, 1},
		"two keys":     {[]step{body(200, `{"KeyId":"x","KeyId":"`+localKey+`","Plaintext":"eA=="}`)}, ErrReply, 1},
		"two, escaped": {[]step{body(200, `{"KeyId":"`+localKey+`","Plaintext":"eA==","\u0050laintext":"eQ=="}`)}, ErrReply, 1},
		"another case": {[]step{body(200, `{"KeyId":"`+localKey+`","plaintext":"eA=="}`)}, ErrReply, 1},
		"two replies":  {[]step{body(200, `{"KeyId":"`+localKey+`","Plaintext":"eA=="}{}`)}, ErrReply, 1},
		"a number":     {[]step{body(200, `{"KeyId":"`+localKey+`","Plaintext":7,"x":"`+canary+`"}`)}, ErrReply, 1},
		"too long":     {[]step{body(200, `{"KeyId":"`+strings.Repeat("x", maxReply)+`"}`)}, ErrReply, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				start := time.Now()
				client := New(Options{Getenv: env(), Transport: script(&calls, c.replies...)})
				got, err := client.Decrypt(t.Context(), localKey, []byte("blob"), nil)
				checkOutcome(t, got, err, c.want)
				if calls.Load() != c.requests {
					t.Errorf("%d requests, want %d", calls.Load(), c.requests)
				}
				if spent := time.Since(start); spent > totalTime { // the clock of the bubble
					t.Errorf("took %v, more than %v", spent, totalTime)
				}
			})
		})
	}
}

func checkOutcome(t *testing.T, got []byte, err error, want Code) {
	t.Helper()
	if want == "" {
		if err != nil || string(got) != canary {
			t.Errorf("got %d bytes and %v", len(got), err)
		}
		return
	}
	if !errors.Is(err, want) || got != nil {
		t.Fatalf("got %d bytes and %v, want %s", len(got), err, want)
	}
	if strings.Contains(err.Error(), canary) {
		t.Error("the error contains content of the reply")
	}
}

func TestCallerEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int32
		time.AfterFunc(time.Second, cancel)
		_, err := New(Options{Getenv: env(), Transport: script(&calls, silent)}).Decrypt(ctx, localKey, nil, nil)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrUnavailable) || calls.Load() != 1 {
			t.Errorf("got %v after %d requests", err, calls.Load())
		}
	})
}

func TestClockIsCorrectedFromTheReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := time.Now().Add(26 * time.Minute).UTC().Truncate(time.Second)
		var dates []string
		var calls atomic.Int32
		note := func(f func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
			return func(r *http.Request) (*http.Response, error) {
				dates = append(dates, r.Header.Get("X-Amz-Date"))
				return f(r)
			}
		}
		late := always(func() *http.Response {
			return reply(400, `{"__type":"InvalidSignatureException","message":"Signature expired"}`, "Date", server.Format(http.TimeFormat))
		})
		c := New(Options{Getenv: env(), Transport: script(&calls, note(late), note(fine()))})
		for range 2 {
			if _, err := c.Decrypt(t.Context(), localKey, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		want := server.Format("20060102T150405Z")
		if len(dates) != 3 || dates[0] == want || dates[1] != want || dates[2] != want {
			t.Errorf("signed at %v; the server's time is %s", dates, want)
		}
	})
}

func TestEndpoints(t *testing.T) {
	const lambda, web = "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_HTTP_ENDPOINT"
	key := func(partition, region string) string {
		return "arn:" + partition + ":kms:" + region + ":222222222222:key/1"
	}
	cases := []struct {
		name, key string
		env       []string
		want      string // "" is refused
	}{
		{"AWS", realKey, nil, "https://kms.eu-west-1.amazonaws.com/"},
		{"GovCloud", key("aws-us-gov", "us-gov-west-1"), nil, "https://kms.us-gov-west-1.amazonaws.com/"},
		{"China", key("aws-cn", "cn-north-1"), nil, "https://kms.cn-north-1.amazonaws.com.cn/"},
		{"European sovereign cloud", key("aws-eusc", "eusc-de-east-1"), nil, "https://kms.eusc-de-east-1.amazonaws.eu/"},
		{"no partition of ours", key("aws-moon", "moon-1"), nil, ""},
		{"a region that is a host", key("aws", "x.example.com/"), nil, ""},
		{"FIPS", realKey, []string{"AWS_USE_FIPS_ENDPOINT", "true"}, "https://kms-fips.eu-west-1.amazonaws.com/"},
		{"dual stack", realKey, []string{"AWS_USE_DUALSTACK_ENDPOINT", "TRUE"}, "https://kms.eu-west-1.api.aws/"},
		{"both", realKey, []string{"AWS_USE_FIPS_ENDPOINT", "true", "AWS_USE_DUALSTACK_ENDPOINT", "true"}, "https://kms-fips.eu-west-1.api.aws/"},
		{"override for AWS", realKey, []string{"AWS_ENDPOINT_URL_KMS", "https://vpce.example.com"}, "https://vpce.example.com/"},
		{"general override", realKey, []string{"AWS_ENDPOINT_URL", "http://[::1]:9/"}, "http://[::1]:9/"},
		{"service first", realKey, []string{"AWS_ENDPOINT_URL", "https://a.example.com", "AWS_ENDPOINT_URL_KMS", "https://b.example.com"}, "https://b.example.com/"},
		{"plain HTTP", realKey, []string{"AWS_ENDPOINT_URL_KMS", "http://vpce.example.com"}, ""},
		{"override inside Lambda", realKey, []string{"AWS_ENDPOINT_URL_KMS", "https://evil.example.com", lambda, "127.0.0.1:9001"}, "https://kms.eu-west-1.amazonaws.com/"},
		{"loopback inside Lambda", realKey, []string{"AWS_ENDPOINT_URL", "http://127.0.0.1:1", lambda, "127.0.0.1:9001"}, "https://kms.eu-west-1.amazonaws.com/"},
		{"override inside a Web Function", realKey, []string{"AWS_ENDPOINT_URL_KMS", "https://evil.example.com", web, "http://127.0.0.1:9001"}, "https://kms.eu-west-1.amazonaws.com/"},
		{"loopback inside a Web Function", realKey, []string{"AWS_ENDPOINT_URL", "http://127.0.0.1:1", web, "x"}, "https://kms.eu-west-1.amazonaws.com/"},
		{"a Web Function without an address", realKey, []string{"AWS_ENDPOINT_URL", "http://127.0.0.1:1", web, ""}, "http://127.0.0.1:1/"},
		{"embedded", localKey, []string{"AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:4566"}, "http://127.0.0.1:4566/"},
		{"embedded inside Lambda", localKey, []string{"AWS_ENDPOINT_URL_KMS", "http://localhost:4566", lambda, "x"}, "http://localhost:4566/"},
		{"embedded over HTTPS", localKey, []string{"AWS_ENDPOINT_URL_KMS", "https://127.8.9.1"}, "https://127.8.9.1/"},
		{"embedded without", localKey, nil, ""},
		{"embedded without, inside Lambda", localKey, []string{lambda, "x"}, ""},
		{"embedded far", localKey, []string{"AWS_ENDPOINT_URL_KMS", "https://kms.us-east-1.amazonaws.com"}, ""},
		{"embedded, a prefix", localKey, []string{"AWS_ENDPOINT_URL_KMS", "http://127.0.0.1.example.com"}, ""},
		{"embedded, a user", localKey, []string{"AWS_ENDPOINT_URL_KMS", "http://127.0.0.1@example.com"}, ""},
		{"a path", localKey, []string{"AWS_ENDPOINT_URL_KMS", "http://127.0.0.1/kms"}, ""},
		{"a query", localKey, []string{"AWS_ENDPOINT_URL_KMS", "http://127.0.0.1/?a"}, ""},
		{"no scheme", localKey, []string{"AWS_ENDPOINT_URL_KMS", "127.0.0.1:1"}, ""},
		{"no key", "alias/x", nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			asked := ""
			transport := carry(func(r *http.Request) (*http.Response, error) {
				asked = r.URL.String()
				return opened(c.key, canary), nil
			})
			e := env(append([]string{"AWS_ENDPOINT_URL_KMS", ""}, c.env...)...)
			got, err := New(Options{Getenv: e, Transport: transport}).Decrypt(t.Context(), c.key, nil, nil)
			if asked != c.want {
				t.Errorf("asked %q, want %q", asked, c.want)
			}
			if c.want == "" {
				checkOutcome(t, got, err, ErrEndpoint)
			} else {
				checkOutcome(t, got, err, "")
			}
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var reached atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer target.Close()
	server := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	_, err := New(Options{Getenv: env("AWS_ENDPOINT_URL_KMS", server.URL)}).Decrypt(t.Context(), localKey, nil, nil)
	checkOutcome(t, nil, err, ErrReply)
	if reached.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestConnectionCutShortIsTriedAgain(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) < 3 {
			w.Header().Set("Content-Length", "500") // and then less than that
			io.WriteString(w, `{"KeyId":`)
			return
		}
		io.Copy(w, opened(localKey, canary).Body)
	}))
	defer server.Close()
	got, err := New(Options{Getenv: env("AWS_ENDPOINT_URL_KMS", server.URL)}).Decrypt(t.Context(), localKey, nil, nil)
	checkOutcome(t, got, err, "")
}

func TestOnlyTheCertificatesOfTheBundleAreTrusted(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, opened(localKey, canary).Body)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "roots.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	decrypt := func(bundle string) ([]byte, error) {
		return New(Options{Getenv: env("AWS_ENDPOINT_URL_KMS", server.URL, "AWS_CA_BUNDLE", bundle)}).Decrypt(t.Context(), localKey, nil, nil)
	}
	got, err := decrypt(file)
	checkOutcome(t, got, err, "")
	_, err = decrypt(filepath.Join(t.TempDir(), "missing.pem"))
	checkOutcome(t, nil, err, ErrEndpoint)
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = decrypt(file)
	checkOutcome(t, nil, err, ErrEndpoint)
}

func TestPlainHTTPNeverGoesThroughAProxy(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1/", "http://169.254.170.2/", "http://example.com/"} {
		r, err := http.NewRequest(http.MethodPost, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if via, err := proxy(r); via != nil || err != nil {
			t.Errorf("%s goes by %v, %v", url, via, err)
		}
	}
}

// container is a credentials endpoint, and a KMS that always opens.
type container struct {
	mu      sync.Mutex
	asked   []string // URLs of the requests for credentials
	tokens  []string // Authorization of each request
	signers []string // access key IDs and tokens that signed requests to KMS
	expires time.Duration
	status  []int // of the first requests
}

func (c *container) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.HasSuffix(r.URL.Path, "/credentials") {
		signature, err := sigv4.Parse(r)
		if err != nil {
			return nil, err
		}
		c.signers = append(c.signers, signature.KeyID+" "+signature.Token)
		return opened(localKey, canary), nil
	}
	c.asked, c.tokens = append(c.asked, r.URL.String()), append(c.tokens, r.Header.Get("Authorization"))
	if n := len(c.tokens); n <= len(c.status) && c.status[n-1] != 200 {
		return reply(c.status[n-1], "no"), nil
	}
	body, _ := json.Marshal(map[string]any{"AccessKeyId": "ASIA" + string(rune('A'+len(c.tokens)-1)), "SecretAccessKey": "k", "Token": "t",
		"Expiration": time.Now().Add(c.expires).Format(time.RFC3339)})
	return reply(200, string(body)), nil
}

func containerEnv(changes ...string) func(string) string {
	return env(append([]string{"AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", "",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9001/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "from-env"}, changes...)...)
}

func TestContainerCredentialsAreCachedUntilShortlyBeforeTheyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := &container{expires: 10 * time.Minute}
		c := New(Options{Getenv: containerEnv(), Transport: at})
		for range 3 {
			got, err := c.Decrypt(t.Context(), localKey, nil, nil)
			checkOutcome(t, got, err, "")
			time.Sleep(270 * time.Second) // of the bubble
		}
		if want := []string{"ASIAA t", "ASIAA t", "ASIAB t"}; strings.Join(at.signers, ",") != strings.Join(want, ",") {
			t.Errorf("signed by %v, want %v", at.signers, want)
		}
	})
}

func TestContainerCredentialsAreFetchedOnceForMany(t *testing.T) {
	at := &container{expires: time.Hour}
	c := New(Options{Getenv: containerEnv(), Transport: at})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := c.Decrypt(t.Context(), localKey, nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(at.tokens) != 1 {
		t.Errorf("%d requests for credentials", len(at.tokens))
	}
}

func TestContainerTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("a\r\nX-Other: b"), 0o600); err != nil {
		t.Fatal(err)
	}
	const uri, token, tokenFile = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
	const relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	cases := []struct {
		name  string
		env   []string
		want  Code
		token string
	}{
		{"from the environment", nil, "", "from-env"},
		{"from a file, which goes first", []string{tokenFile, file}, "", "from-file"},
		{"none", []string{token, ""}, "", ""},
		{"a file that is missing", []string{tokenFile, file + "x"}, ErrCredentials, ""},
		{"a token with a line end", []string{token, "a\nb"}, ErrCredentials, ""},
		{"a file with two lines", []string{tokenFile, broken}, ErrCredentials, ""},
		{"ECS", []string{uri, "http://169.254.170.2/credentials"}, "", "from-env"},
		{"ECS by a path, which goes first", []string{relative, "/v2/credentials?y=1", uri, "http://example.com/credentials"}, "", "from-env"},
		{"a path inside Lambda, where it is ignored", []string{relative, "x", "AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"}, "", "from-env"},
		{"a path without a slash", []string{relative, "v2/credentials"}, ErrCredentials, ""},
		{"a path that is another host", []string{relative, "@example.com/"}, ErrCredentials, ""},
		{"a path with a line end", []string{relative, "/x\ny"}, ErrCredentials, ""},
		{"only a path, inside Lambda", []string{relative, "/x", uri, "", "AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"}, ErrCredentials, ""},
		{"only a path, in a Web Function", []string{relative, "/x", uri, "", "AWS_LAMBDA_HTTP_ENDPOINT", "127.0.0.1:1"}, ErrCredentials, ""},
		{"EKS", []string{uri, "http://[fd00:ec2::23]/credentials"}, "", "from-env"},
		{"https", []string{uri, "https://example.com/credentials"}, "", "from-env"},
		{"plain HTTP elsewhere", []string{uri, "http://example.com/credentials"}, ErrCredentials, ""},
		{"instance metadata", []string{uri, "http://169.254.169.254/credentials"}, ErrCredentials, ""},
		{"a prefix of loopback", []string{uri, "http://127.0.0.1.example.com/credentials"}, ErrCredentials, ""},
		{"another scheme", []string{uri, "file:///credentials"}, ErrCredentials, ""},
		{"no endpoint", []string{uri, ""}, ErrCredentials, ""},
		{"an id without a key", []string{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"}, ErrCredentials, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			at := &container{expires: time.Hour}
			got, err := New(Options{Getenv: containerEnv(c.env...), Transport: at}).Decrypt(t.Context(), localKey, nil, nil)
			checkOutcome(t, got, err, c.want)
			if c.want == "" && (len(at.tokens) != 1 || at.tokens[0] != c.token) {
				t.Errorf("asked with %q, want %q", at.tokens, c.token)
			}
			if c.want != "" && len(at.tokens) != 0 {
				t.Errorf("asked with %q, want no request", at.tokens)
			}
			if url := "http://169.254.170.2/v2/credentials?y=1"; strings.Contains(c.name, "by a path") && !slices.Contains(at.asked, url) {
				t.Errorf("asked %q, want %s", at.asked, url)
			}
		})
	}
}

func TestContainerFailures(t *testing.T) {
	for name, c := range map[string]struct {
		status []int
		want   Code
		calls  int
	}{
		"busy, then fine": {[]int{500, 429, 200}, "", 3},
		"busy forever":    {[]int{500, 500, 500, 500, 500, 500}, ErrCredentials, 5},
		"refused":         {[]int{403}, ErrCredentials, 1},
		"redirected":      {[]int{302}, ErrCredentials, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at := &container{expires: time.Hour, status: c.status}
				got, err := New(Options{Getenv: containerEnv(), Transport: at}).Decrypt(t.Context(), localKey, nil, nil)
				checkOutcome(t, got, err, c.want)
				if len(at.tokens) != c.calls {
					t.Errorf("%d requests, want %d", len(at.tokens), c.calls)
				}
			})
		})
	}
}

func TestContainerCredentialsAreFetchedAgainWhenKMSRefusesThem(t *testing.T) {
	at := &container{expires: time.Hour}
	var refusals atomic.Int32
	c := New(Options{Getenv: containerEnv(), Transport: carry(func(r *http.Request) (*http.Response, error) {
		answer, err := at.RoundTrip(r)
		if strings.HasSuffix(r.URL.Path, "/credentials") || refusals.Add(1) > 1 {
			return answer, err
		}
		return refused("ExpiredTokenException"), nil
	})})
	got, err := c.Decrypt(t.Context(), localKey, nil, nil)
	checkOutcome(t, got, err, "")
	if want := "ASIAA t,ASIAB t"; strings.Join(at.signers, ",") != want {
		t.Errorf("signed by %v, want %s", at.signers, want)
	}
}

func TestOnlyMessagesOfAKnownFormAreQuoted(t *testing.T) {
	text, err := os.ReadFile("../../internal/helpertest/testdata/refusals.json") // the rows of every language
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name, Want    string
		Code, Message json.RawMessage
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, member := range []string{"message", "Message"} {
			body, err := json.Marshal(map[string]json.RawMessage{"__type": row.Code, member: row.Message})
			if err != nil {
				t.Fatal(err)
			}
			if e := New(Options{Getenv: env()}).refusal(400, nil, body); e.Reason != row.Want {
				t.Errorf("%s: %q, not %q", row.Name, e.Reason, row.Want)
			}
		}
	}
	for _, err := range []error{errors.New(`malformed HTTP response "c4nary"`), &url.Error{Op: "Post", URL: "https://c4nary", Err: errors.New("c4nary")}} {
		if got := plain(err); strings.Contains(got, "c4nary") {
			t.Errorf("%v: %q", err, got)
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"KeyId":"`+localKey+`","Plaintext":"eA=="}`), 200, "")
	f.Add([]byte(`{"__type":"a#b:c","message":"m"}`), 400, "x#y:z")
	f.Add([]byte(`null`), 302, "")
	f.Fuzz(func(t *testing.T, body []byte, status int, name string) {
		plaintext, err := read(body, localKey)
		if (err == nil) != (len(plaintext) > 0) {
			t.Errorf("%d bytes and %v", len(plaintext), err)
		}
		e := New(Options{Getenv: env()}).refusal(status, http.Header{"X-Amzn-Errortype": {name}}, body)
		if e.Code == "" || strings.ContainsAny(e.Error(), "\n\r\x1b") {
			t.Errorf("%q", e.Error())
		}
	})
}
