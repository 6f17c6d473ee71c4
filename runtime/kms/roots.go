package kms

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// A rooted transport trusts the roots of the system, and tries those of one file
// first. Package x509 reads that file too, and then folders that have the same
// certificates once or twice more, which is half of the CPU time of a cold start.
type rooted struct {
	all   *http.Transport
	once  sync.Once                      // makes first
	first atomic.Pointer[http.Transport] // nil before the first https request, and where there is no such file
	wider atomic.Bool                    // whether a certificate needed more than the file
}

// narrow returns the transport that trusts the file alone, or nil.
func (t *rooted) narrow() *http.Transport {
	t.once.Do(func() {
		if roots := firstRoots(); roots != nil {
			first := t.all.Clone()
			first.TLSClientConfig.RootCAs = roots
			t.first.Store(first)
		}
	})
	return t.first.Load()
}

// RoundTrip sends a request. If its certificate is not trusted with the file
// alone, nothing was sent yet.
func (t *rooted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" || t.wider.Load() || t.narrow() == nil {
		return t.all.RoundTrip(r)
	}
	reply, err := t.narrow().RoundTrip(r)
	var untrusted *tls.CertificateVerificationError
	if !errors.As(err, &untrusted) {
		return reply, err
	}
	t.wider.Store(true)
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.all.RoundTrip(again)
}

// CloseIdleConnections closes the connections that carry no request. It is called
// when a request has failed.
func (t *rooted) CloseIdleConnections() {
	t.all.CloseIdleConnections()
	if first := t.first.Load(); first != nil {
		first.CloseIdleConnections()
	}
}

// firstRoots returns the roots of the file that package x509 would read first
// (crypto/x509/root_linux.go), or nil where that is not known.
func firstRoots() *x509.CertPool {
	if runtime.GOOS != "linux" || os.Getenv("SSL_CERT_DIR") != "" {
		return nil
	}
	files := []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		files = []string{file}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		roots := x509.NewCertPool()
		if roots.AppendCertsFromPEM(text) {
			return roots
		}
		return nil
	}
	return nil
}
