package kms

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// selfSigned makes a certificate for a host and writes it to a file.
func selfSigned(t *testing.T, host string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// tunnel is an HTTP proxy that connects every CONNECT to one address.
func tunnel(t *testing.T, host, address string, calls *atomic.Int32) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.Method != http.MethodConnect || r.Host != host {
			t.Errorf("the proxy is asked to %s %s", r.Method, r.Host)
		}
		out, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		defer out.Close()
		w.WriteHeader(http.StatusOK)
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer in.Close()
		go io.Copy(out, in)
		io.Copy(in, out)
	}))
}

// TestKeyOfAWSIsAskedForAtAWS makes the same call as a function inside Lambda:
// the endpoint variable is ignored (F-33), the host is AWS's, and HTTPS_PROXY and
// AWS_CA_BUNDLE are honored. It runs in its own process, because net/http reads
// the proxy variables only once.
func TestKeyOfAWSIsAskedForAtAWS(t *testing.T) {
	const child = "BUNDLE_KMS_TEST_CHILD"
	if os.Getenv(child) != "" {
		got, err := New(Options{}).Decrypt(t.Context(), realKey, []byte("blob"), nil)
		checkOutcome(t, got, err, "")
		return
	}
	const host = "kms.eu-west-1.amazonaws.com"
	certificate, roots := selfSigned(t, host)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host {
			t.Errorf("host %q", r.Host)
		}
		io.Copy(w, opened(realKey, canary).Body)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	defer server.Close()
	var calls atomic.Int32
	proxy := tunnel(t, host+":443", server.Listener.Addr().String(), &calls)
	defer proxy.Close()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, "-test.run=^TestKeyOfAWSIsAskedForAtAWS$")
	c.Env = []string{child + "=1", "HTTPS_PROXY=" + proxy.URL, "AWS_CA_BUNDLE=" + roots, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1",
		"AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=sample-key"}
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if calls.Load() == 0 { // on a busy machine, a connection can time out, and is then made again
		t.Error("no call went through the proxy")
	}
}
