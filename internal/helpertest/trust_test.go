package helpertest

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/runtime/secrets"
)

// TestMain lets the test binary be the driver for Go: what roots a process
// trusts is decided once. It lets more tests run at once than there are processors,
// unless -parallel is given, because most of them wait.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "@driver" {
		drive()
		os.Exit(0)
	}
	_ = flag.Set("test.parallel", "8")
	os.Exit(m.Run())
}

// drive answers requests as the drivers of the other languages do, as far as the tests here ask it.
func drive() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			panic(err)
		}
		os.Clearenv()
		for name, value := range r.Env {
			if err := os.Setenv(name, value); err != nil {
				panic(err)
			}
		}
		client := secrets.New(secrets.Options{})
		var results []result
		for _, call := range r.Calls {
			name, _ := call[1].(string)
			value, err := client.Get(context.Background(), name)
			if err != nil {
				results = append(results, result{Code: string(secrets.CodeOf(err)), Message: err.Error()})
				continue
			}
			results = append(results, result{Values: map[string]string{name: base64.StdEncoding.EncodeToString([]byte(value))}})
		}
		if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
			panic(err)
		}
	}
}

// goLanguage is the helper for Go, and for what is built on it: the exec wrapper, bundle run.
func goLanguage(t *testing.T) language {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return language{kind: "go", name: "go", program: self, driver: "@driver"}
}

// A surrounding is what somebody put around a helper: variables, and code that runs before it.
type surrounding struct {
	name  string
	env   map[string]string
	trust string // the kinds of helper that then trust the server
}

// surroundings are around a server whose certificate is of the authority ca, which nobody else knows.
func surroundings(t *testing.T, ca string) []surrounding {
	t.Helper()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	careless := file("careless.cjs", `const https = require("node:https"), tls = require("node:tls");
https.globalAgent.options.rejectUnauthorized = false;
tls.DEFAULT_MIN_VERSION = "TLSv1";`)
	file("python/sitecustomize.py", "import ssl\nssl._create_default_https_context = ssl._create_unverified_context\nssl.create_default_context = ssl._create_unverified_context\n")
	openssl := file("openssl.cnf", "openssl_conf = all\nnodejs_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = any\n[any]\nVerifyMode = None\nMinProtocol = TLSv1\n")
	one := func(name, value, trust string) surrounding {
		return surrounding{name, map[string]string{name: value}, trust}
	}
	return []surrounding{
		{"nothing", nil, ""},
		one("AWS_CA_BUNDLE", ca, "go node python"),
		// Roots of a runtime's own, which whoever configures the function may change (docs/runtime.md, section 2).
		one("SSL_CERT_FILE", ca, "go python"),
		one("NODE_EXTRA_CA_CERTS", ca, "node"),
		{"NODE_OPTIONS=--use-openssl-ca", map[string]string{"NODE_OPTIONS": "--use-openssl-ca", "SSL_CERT_FILE": ca}, "go node python"},
		// Nothing turns the check off, and other programs' roots are not ours.
		one("NODE_TLS_REJECT_UNAUTHORIZED", "0", ""),
		one("NODE_TLS_REJECT_UNAUTHORIZED", "", ""),
		{"NODE_OPTIONS=--require", map[string]string{"NODE_OPTIONS": "--require=" + careless, "NODE_TLS_REJECT_UNAUTHORIZED": "0"}, ""},
		{"NODE_OPTIONS=--tls-min", map[string]string{"NODE_OPTIONS": "--tls-min-v1.0 --insecure-http-parser"}, ""},
		{"PYTHONPATH=sitecustomize", map[string]string{"PYTHONPATH": filepath.Join(folder, "python")}, ""},
		one("PYTHONHTTPSVERIFY", "0", ""),
		one("OPENSSL_CONF", openssl, ""),
		one("GODEBUG", "x509sha1=1,x509ignoreCN=0,x509usefallbackroots=1,x509usepolicies=0,x509negativeserial=1,tls10server=1,tlsrsakex=1,tls3des=1,tlssha1=1", ""),
		one("REQUESTS_CA_BUNDLE", ca, ""),
		one("CURL_CA_BUNDLE", ca, ""),
		one("NIX_SSL_CERT_FILE", ca, ""),
		one("GIT_SSL_NO_VERIFY", "1", ""),
		one("SSL_NO_VERIFY", "1", ""),
		one("NODE_CONFIG_STRICT_SSL", "false", ""),
		one("npm_config_strict_ssl", "false", ""),
	}
}

// TestNothingTurnsVerificationOff: a server that no root vouches for is refused in every surrounding, and trusted where
// docs/runtime.md says that a root is added; in all helpers.
func TestNothingTurnsVerificationOff(t *testing.T) {
	for _, l := range append(languages(t), goLanguage(t)) {
		if l.program == "" {
			continue // each says so
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			ca, certificate := authority(t, "localhost")
			address := serveTLS(t, &fakeKMS{}, certificate)
			dir, _ := document(t, "aws", "us-west-2", "k1")
			for _, around := range surroundings(t, ca) {
				t.Run(around.name, func(t *testing.T) {
					t.Parallel()
					keys := filepath.Join(t.TempDir(), "keys")
					vars := base(dir)
					vars["AWS_ENDPOINT_URL_KMS"], vars["SSLKEYLOGFILE"] = "https://"+address, keys
					for name, value := range around.env {
						vars[name] = value
					}
					want := "unavailable"
					if slices.Contains(strings.Fields(around.trust), l.kind) {
						want = ""
					}
					// At its start, and again in the process: some are read once, some with every connection.
					d := l.startIn(t, vars)
					if r := d.call(t, request{Env: vars, Calls: repeat(1, "get", "A1")})[0]; r.Code != want {
						t.Errorf("got %q (%s), want %q", r.Code, r.Message, want)
					}
					if text, err := os.ReadFile(keys); err == nil {
						t.Errorf("the keys of the connection were written down: %d bytes", len(text))
					}
				})
			}
		})
	}
}

// TestOldTLSIsRefused: no surrounding makes a helper speak TLS 1.1.
func TestOldTLSIsRefused(t *testing.T) {
	weak := filepath.Join(t.TempDir(), "openssl.cnf")
	text := "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = any\n[any]\nMinProtocol = TLSv1\nCipherString = DEFAULT:@SECLEVEL=0\n"
	if err := os.WriteFile(weak, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, l := range append(languages(t), goLanguage(t), systemPython()) {
		if l.program == "" {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			ca, certificate := authority(t, "localhost")
			s := httptest.NewUnstartedServer(&fakeKMS{})
			s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
			s.StartTLS()
			defer s.Close()
			dir, _ := document(t, "aws", "us-west-2", "k1")
			for _, roots := range []map[string]string{
				{"AWS_CA_BUNDLE": ca},
				{"SSL_CERT_FILE": ca, "NODE_EXTRA_CA_CERTS": ca},
			} {
				vars := base(dir)
				maps.Copy(vars, roots)
				vars["AWS_ENDPOINT_URL_KMS"], vars["OPENSSL_CONF"] = s.URL, weak
				vars["NODE_OPTIONS"], vars["GODEBUG"] = "--tls-min-v1.0 --tls-cipher-list=DEFAULT:@SECLEVEL=0", "tls10server=1"
				if r := l.startIn(t, vars).call(t, request{Env: vars, Calls: repeat(1, "get", "A1")})[0]; r.Code != "unavailable" {
					t.Errorf("with %v: got %q (%s)", slices.Sorted(maps.Keys(roots)), r.Code, r.Message)
				}
			}
		})
	}
}

// systemPython returns the Python of the system. That of Debian and Ubuntu, unlike others, leaves the oldest version of TLS to the
// configuration of OpenSSL.
func systemPython() language {
	l := language{kind: "python", name: "python of the system", program: "/usr/bin/python3", driver: "../../runtime/python/testdata/driver.py"}
	if exec.Command(l.program, "-c", "import sys; sys.exit(sys.version_info < (3, 11))").Run() != nil {
		l.program = ""
	}
	return l
}

// TestDocumentationHasTheTrustRoots: the table of docs/runtime.md says what the test above finds.
func TestDocumentationHasTheTrustRoots(t *testing.T) {
	page, err := os.ReadFile("../../docs/runtime.md")
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"go", "node", "python"}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+|NODE_OPTIONS=--use-openssl-ca)` \\| (yes|no) \\| (yes|no) \\| (yes|no) \\|").FindAllStringSubmatch(string(page), -1) {
		var trusting []string
		for i, kind := range columns {
			if row[i+2] == "yes" {
				trusting = append(trusting, kind)
			}
		}
		documented[row[1]] = strings.Join(trusting, " ")
	}
	tried := 0
	for _, around := range surroundings(t, "ca.pem") {
		if want, ok := documented[around.name]; ok {
			if tried++; want != around.trust {
				t.Errorf("%s: documented as trusted by %q, tested as by %q", around.name, want, around.trust)
			}
		} else if around.trust != "" {
			t.Errorf("%s adds roots and is not in the table", around.name)
		}
	}
	if tried != len(documented) || tried < 6 {
		t.Errorf("the table has %d rows, of which %d are tested", len(documented), tried)
	}
}
