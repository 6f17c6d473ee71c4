package helpertest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/whispering/bundle/layerbuild/sealed"
)

// A fakeKMS opens every box: what it is asked and by whom is what the tests
// here look at. It is for keys of AWS, which the embedded AWS has none of.
type fakeKMS struct {
	mu          sync.Mutex
	hosts       []string // the header Host of each request
	asked       []map[string]any
	tokens      []string // X-Amz-Security-Token
	connections int
}

func (k *fakeKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in map[string]any
	body, _ := io.ReadAll(r.Body)
	if json.Unmarshal(body, &in) != nil || r.Header.Get("X-Amz-Target") != "TrentService.Decrypt" ||
		!strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=") {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hosts = append(k.hosts, r.Host)
	k.asked = append(k.asked, in)
	k.tokens = append(k.tokens, r.Header.Get("X-Amz-Security-Token"))
	plaintext := base64.StdEncoding.EncodeToString([]byte("sample-value"))
	_ = json.NewEncoder(w).Encode(map[string]any{"KeyId": in["KeyId"], "Plaintext": plaintext})
}

func (k *fakeKMS) countConnections(_ net.Conn, state http.ConnState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if state == http.StateNew {
		k.connections++
	}
}

// document writes a blind document of the secrets A1 to A9 under a key of AWS, and returns its folder.
func document(t *testing.T, partition, region, id string) (dir, key string) {
	t.Helper()
	h := sealed.Header{Bundle: "payments", Environment: "prod", Function: "hello", Name: "hello", Mode: sealed.Blind}
	var ciphertexts [][]byte
	for _, c := range "123456789" {
		name := "A" + string(c)
		h.Sources = append(h.Sources, sealed.Source{Secret: name, Encoding: "text", ARN: "arn:" + partition + ":ssm:" + region + ":222222222222:parameter/p/" + name,
			Version: 1, Modified: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)})
		h.Boxes = append(h.Boxes, sealed.Box{Secrets: []string{name}})
		ciphertexts = append(ciphertexts, []byte("ciphertext"))
	}
	key = "arn:" + partition + ":kms:" + region + ":222222222222:key/" + id
	d, err := sealed.New(h, key, ciphertexts)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	file := filepath.Join(dir, sealed.Path("hello"))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, d.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, key
}

// authority makes a certificate authority, and a server's certificate for names.
func authority(t testing.TB, names ...string) (pemFile string, server tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pemFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(pemFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return pemFile, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// serveTLS serves k over TLS and returns the address.
func serveTLS(t *testing.T, k *fakeKMS, certificate tls.Certificate) string {
	t.Helper()
	s := httptest.NewUnstartedServer(k)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.Config.ConnState = k.countConnections
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// A tunnel is an HTTP proxy that leads every CONNECT to one address.
type tunnel struct {
	to     string
	login  string // of Proxy-Authorization; "" is none
	mu     sync.Mutex
	wanted []string
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.wanted = append(p.wanted, r.Method+" "+r.Host)
	p.mu.Unlock()
	if r.Header.Get("Proxy-Authorization") != p.login {
		http.Error(w, "no", http.StatusProxyAuthRequired)
		return
	}
	to, err := net.Dial("tcp", p.to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
	go func() {
		defer to.Close()
		_, _ = io.Copy(to, bufio.NewReader(io.MultiReader(buffered, conn)))
	}()
	defer conn.Close()
	_, _ = io.Copy(conn, to)
}

func base(dir string) map[string]string {
	return map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "hello", "BUNDLE_SECRETS_DIR": dir,
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-access-key-of-a-test", "AWS_SESSION_TOKEN": "session-token-of-a-test"}
}

// TestEndpointsOfAWS reaches KMS by its real names, through a proxy that leads to a KMS of the test.
func TestEndpointsOfAWS(t *testing.T) {
	cases := []struct {
		name, partition, region, id string
		env                         map[string]string
		host, key                   string // key: the region in the key that is asked for, where it is not that of the document
	}{
		{"commercial", "aws", "us-west-2", "k1", nil, "kms.us-west-2.amazonaws.com", ""},
		{"FIPS", "aws", "us-west-2", "k1", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, "kms-fips.us-west-2.amazonaws.com", ""},
		{"dual stack", "aws", "eu-west-1", "k1", map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "kms.eu-west-1.api.aws", ""},
		{"China", "aws-cn", "cn-north-1", "k1", nil, "kms.cn-north-1.amazonaws.com.cn", ""},
		{"China, dual stack", "aws-cn", "cn-north-1", "k1", map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "kms.cn-north-1.api.amazonwebservices.com.cn", ""},
		{"GovCloud", "aws-us-gov", "us-gov-west-1", "k1", nil, "kms.us-gov-west-1.amazonaws.com", ""},
		{"European sovereign", "aws-eusc", "eusc-de-east-1", "k1", nil, "kms.eusc-de-east-1.amazonaws.eu", ""},
		{"override ignored inside Lambda", "aws", "us-west-2", "k1",
			map[string]string{"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9", "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:9"}, "kms.us-west-2.amazonaws.com", ""},
		{"override ignored inside a Web Function", "aws", "us-west-2", "k1",
			map[string]string{"AWS_LAMBDA_HTTP_ENDPOINT": "127.0.0.1:9", "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:9"}, "kms.us-west-2.amazonaws.com", ""},
		{"another region", "aws", "us-west-2", "k1", map[string]string{"AWS_REGION": "us-east-1"}, "kms.us-west-2.amazonaws.com", ""},
		{"multi-Region key", "aws", "us-west-2", "mrk-1", map[string]string{"AWS_REGION": "us-east-1"}, "kms.us-east-1.amazonaws.com", "us-east-1"},
		{"multi-Region key without region", "aws", "us-west-2", "mrk-1", nil, "kms.us-west-2.amazonaws.com", ""},
	}
	var names []string
	for _, c := range cases {
		names = append(names, c.host)
	}
	each(t, func(t *testing.T, l language) {
		ca, certificate := authority(t, names...)
		d := l.start(t)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				k := &fakeKMS{}
				p := &tunnel{to: serveTLS(t, k, certificate), login: "Basic " + base64.StdEncoding.EncodeToString([]byte("user:p@ss"))}
				proxy := httptest.NewServer(p)
				defer proxy.Close()
				dir, key := document(t, c.partition, c.region, c.id)
				vars := base(dir)
				vars["AWS_CA_BUNDLE"] = ca
				vars["HTTPS_PROXY"] = "http://user:p%40ss@" + strings.TrimPrefix(proxy.URL, "http://")
				vars["NO_PROXY"] = "localhost,example.com,.kms.amazonaws.com"
				for name, value := range c.env {
					vars[name] = value
				}
				if c.key != "" {
					key = strings.Replace(key, c.region, c.key, 1)
				}
				r := d.call(t, request{Env: vars, Calls: [][]any{{"get", "A1"}, {"get", "A2"}}})
				if r[0].value(t, "A1") != "sample-value" || r[1].value(t, "A2") != "sample-value" {
					t.Fatalf("got %s (%s)", r[0].Code, r[0].Message)
				}
				if !slices.Equal(p.wanted, []string{"CONNECT " + c.host + ":443"}) || !slices.Equal(k.hosts, []string{c.host, c.host}) {
					t.Errorf("the proxy was asked for %q, KMS as %q; want %s, by one tunnel", p.wanted, k.hosts, c.host)
				}
				if k.asked[0]["KeyId"] != key || k.tokens[0] != "session-token-of-a-test" {
					t.Errorf("KMS was asked for the key %v with the token %q", k.asked[0]["KeyId"], k.tokens[0])
				}
			})
		}
	})
}

// TestWhoIsTrusted: an endpoint whose certificate nobody vouches for, roots that cannot be read, a proxy that refuses.
func TestWhoIsTrusted(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		ca, certificate := authority(t, "localhost")
		other, _ := authority(t, "localhost")
		empty := filepath.Join(t.TempDir(), "empty.pem")
		if err := os.WriteFile(empty, []byte("no certificate\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		address := serveTLS(t, &fakeKMS{}, certificate)
		proxy := httptest.NewServer(&tunnel{to: address, login: "Basic x"})
		defer proxy.Close()
		dir, _ := document(t, "aws", "us-west-2", "k1")
		unknown, _ := document(t, "aws-new", "us-new-1", "k1")
		d := l.start(t)
		for _, c := range []struct{ name, dir, ca, endpoint, proxy, want string }{
			{"loopback, never by a proxy", dir, ca, "https://" + address, "http://127.0.0.1:9", ""},
			{"another authority", dir, other, "https://" + address, "", "unavailable"},
			{"no bundle", dir, "", "https://" + address, "", "unavailable"},
			{"no such bundle", dir, empty + ".not", "https://" + address, "", "bad_endpoint"},
			{"an empty bundle", dir, empty, "https://" + address, "", "bad_endpoint"},
			{"a proxy that refuses", dir, ca, "", proxy.URL, "unavailable"},
			{"a proxy of another kind", dir, ca, "", "socks5://127.0.0.1:9", "bad_endpoint"},
			{"a partition of the future", unknown, ca, "", "", "bad_endpoint"},
			{"a host with an empty label", dir, ca, "https://kms..example", "", "unavailable"},
			{"a host with a long label", dir, ca, "https://" + strings.Repeat("k", 64) + ".example", "", "unavailable"},
		} {
			t.Run(c.name, func(t *testing.T) {
				vars := base(c.dir)
				vars["AWS_CA_BUNDLE"], vars["AWS_ENDPOINT_URL_KMS"], vars["HTTPS_PROXY"] = c.ca, c.endpoint, c.proxy
				if r := d.call(t, request{Env: vars, Calls: repeat(1, "get", "A1")})[0]; r.Code != c.want {
					t.Errorf("got %q (%s), want %q", r.Code, r.Message, c.want)
				}
			})
		}
	})
}

// TestConnectionsAreKept: nine calls one after the other use one connection, nine at once at most nine.
func TestConnectionsAreKept(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		ca, certificate := authority(t, "localhost")
		d := l.start(t)
		dir, _ := document(t, "aws", "us-west-2", "k1")
		var one [][]any
		for _, c := range "123456789" {
			one = append(one, []any{"get", "A" + string(c)})
		}
		for _, c := range []struct {
			calls [][]any
			most  int
		}{{one, 1}, {repeat(1, "all"), 9}} {
			k := &fakeKMS{}
			vars := base(dir)
			vars["AWS_CA_BUNDLE"], vars["AWS_ENDPOINT_URL_KMS"] = ca, "https://"+serveTLS(t, k, certificate)
			for _, r := range d.call(t, request{Env: vars, Calls: c.calls}) {
				if r.Code != "" {
					t.Errorf("%s: %s", r.Code, r.Message)
				}
			}
			if len(k.asked) != 9 || k.connections > c.most {
				t.Errorf("%d requests over %d connections, want 9 over at most %d", len(k.asked), k.connections, c.most)
			}
			positions := map[string]bool{}
			for _, in := range k.asked {
				context := in["EncryptionContext"].(map[string]any)
				positions[context["bundle:box"].(string)+" "+context["bundle:secret"].(string)] = true
			}
			if len(positions) != 9 || !positions["1/9 A1"] || !positions["9/9 A9"] {
				t.Errorf("the contexts are of %v", positions)
			}
		}
	})
}

// A container is a credentials endpoint, as Lambda has it under SnapStart.
type container struct {
	mu      sync.Mutex
	answers []string // a body, or a status; the last one again and again
	tokens  []string // the headers Authorization
}

func (c *container) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens = append(c.tokens, r.Header.Get("Authorization"))
	answer := c.answers[min(len(c.tokens), len(c.answers))-1]
	if len(answer) == 3 {
		w.WriteHeader(map[string]int{"403": 403, "404": 404, "429": 429, "500": 500}[answer])
		answer = "{}"
	}
	_, _ = io.WriteString(w, answer)
}

// TestContainerCredentials reads them as the SDKs do.
func TestContainerCredentials(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		d := l.start(t)
		for _, c := range []struct {
			name    string
			answers []string // {} stands for good credentials, {old} for some that end within a minute
			file    string   // content of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
			want    string
			asked   int
			token   string
		}{
			{"at once", []string{"{}"}, "", "", 1, "session-token-of-a-container"},
			{"by a token from a file", []string{"{}"}, "session-token-of-a-file\n", "", 1, "session-token-of-a-file"},
			{"a token with a line end within", []string{"{}"}, "session-token\nx", "credentials", 0, ""},
			{"failing twice", []string{"500", "429", "{}"}, "", "", 3, "session-token-of-a-container"},
			{"failing for ever", []string{"500"}, "", "credentials", 5, "session-token-of-a-container"},
			{"refused", []string{"403"}, "", "credentials", 1, "session-token-of-a-container"},
			{"no JSON", []string{"<html>"}, "", "credentials", 1, "session-token-of-a-container"},
			{"no credentials", []string{`{"AccessKeyId":"x"}`}, "", "credentials", 1, "session-token-of-a-container"},
			{"about to end", []string{"{old}", "{}"}, "", "", 2, "session-token-of-a-container"},
		} {
			t.Run(c.name, func(t *testing.T) {
				local := embedded(t)
				id, key := local.Credentials()
				body := func(left time.Duration) string {
					b, err := json.Marshal(map[string]any{"AccessKeyId": id, "SecretAccessKey": key, "Expiration": time.Now().Add(left).UTC().Format(time.RFC3339)})
					if err != nil {
						t.Fatal(err)
					}
					return string(b)
				}
				from := &container{}
				for _, a := range c.answers {
					switch a {
					case "{}":
						a = body(time.Hour)
					case "{old}":
						a = body(30 * time.Second)
					}
					from.answers = append(from.answers, a)
				}
				server := httptest.NewServer(from)
				defer server.Close()
				vars := local.environment(readVector(t, "ok-blind").place(t))
				delete(vars, "AWS_ACCESS_KEY_ID")
				delete(vars, "AWS_SECRET_ACCESS_KEY")
				vars["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.URL + "/credentials?x=1"
				vars["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "session-token-of-a-container"
				if c.file != "" {
					file := filepath.Join(t.TempDir(), "token")
					if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
						t.Fatal(err)
					}
					vars["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file
				}
				calls := [][]any{{"get", "ALPHA"}}
				if c.want == "" {
					calls = append(calls, []any{"get", "BETA"})
				}
				for _, r := range d.call(t, request{Env: vars, Calls: calls}) {
					if r.Code != c.want {
						t.Errorf("got %q (%s), want %q", r.Code, r.Message, c.want)
					}
				}
				if len(from.tokens) != c.asked || c.asked > 0 && from.tokens[0] != c.token {
					t.Errorf("asked %d times, want %d; with the token %q, want %q", len(from.tokens), c.asked, from.tokens, c.token)
				}
			})
		}
	})
}
