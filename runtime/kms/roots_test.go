package kms

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestRootsOutsideOfTheFileAreTrusted checks that the file of roots only comes
// first: what the whole system trusts is trusted, and nothing else is. A request
// reaches the server once.
func TestRootsOutsideOfTheFileAreTrusted(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		io.Copy(w, r.Body)
	}))
	defer server.Close()
	own := x509.NewCertPool()
	own.AddCert(server.Certificate())
	_, other := selfSigned(t, "kms.eu-west-1.amazonaws.com")
	for name, c := range map[string]struct {
		file    string // SSL_CERT_FILE
		all     *x509.CertPool
		trusted bool
	}{
		"in the folders only":  {other, own, true},
		"nowhere":              {other, x509.NewCertPool(), false},
		"no file":              {other + ".missing", own, true},
		"no file, and nowhere": {other + ".missing", x509.NewCertPool(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SSL_CERT_DIR", "")
			t.Setenv("SSL_CERT_FILE", c.file)
			transport := &rooted{all: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.all, MinVersion: tls.VersionTLS12}}}
			defer transport.CloseIdleConnections()
			for range 2 {
				before := calls.Load()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("sample"))
				if err != nil {
					t.Fatal(err)
				}
				status, _, body, err := exchange(transport, r)
				if (err == nil) != c.trusted || c.trusted && (status != http.StatusOK || string(body) != "sample") {
					t.Errorf("status %d, body %q and %v", status, body, err)
				}
				if n := calls.Load() - before; c.trusted != (n == 1) {
					t.Errorf("%d calls", n)
				}
			}
		})
	}
}

// TestRootsAreReadForTLSAlone checks that plain HTTP, which the embedded AWS has, reads no roots.
func TestRootsAreReadForTLSAlone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	_, file := selfSigned(t, "kms.eu-west-1.amazonaws.com")
	t.Setenv("SSL_CERT_DIR", "")
	t.Setenv("SSL_CERT_FILE", file)
	transport := &rooted{all: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := exchange(transport, r); err != nil || transport.first.Load() != nil {
		t.Errorf("%v, and roots were read", err)
	}
	if transport.narrow() == nil {
		t.Error("no roots were read of a file that has one")
	}
	t.Setenv("SSL_CERT_DIR", t.TempDir())
	if firstRoots() != nil {
		t.Error("roots of the file come first although SSL_CERT_DIR is set")
	}
}
