package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
)

// leakingKMS passes everything on to the stage's AWS, whose KMS gives back most of what
// it was to encrypt: without the first byte, so that only the search for values finds it.
func leakingKMS(s *stage) string {
	s.Helper()
	behind, err := url.Parse(s.url)
	if err != nil {
		s.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host // which is signed
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "TrentService.Encrypt" {
			proxy.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var asked struct{ Plaintext []byte }
		answer := map[string]any{}
		recorded := httptest.NewRecorder()
		proxy.ServeHTTP(recorded, r)
		if json.Unmarshal(body, &asked) != nil || json.Unmarshal(recorded.Body.Bytes(), &answer) != nil || recorded.Code != http.StatusOK {
			s.Errorf("Encrypt: %d %s", recorded.Code, recorded.Body)
		}
		answer["CiphertextBlob"] = base64.StdEncoding.EncodeToString(append(make([]byte, 64), asked.Plaintext[1:]...))
		b, err := json.Marshal(answer)
		if err != nil {
			s.Error(err)
		}
		w.Header().Set("Content-Type", recorded.Header().Get("Content-Type"))
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		if _, err := w.Write(b); err != nil {
			s.Error(err)
		}
	}))
	s.Cleanup(server.Close)
	return server.URL
}

// A layer in which a value can be found is never put into its place, in a run
// of several neither.
func TestLayerWithAValueInItIsNotWritten(t *testing.T) {
	s := newStage(t)
	manyEnvironments(s, 2)
	s.url = leakingKMS(s)
	before, err := os.ReadFile("prod.zip") // of another environment
	if err != nil {
		t.Fatal(err)
	}
	s.write("many-e1.zip", string(before))
	code, stdout, stderr := s.buildAll(t.Context(), "--previous", "none")
	if code != console.ExitIntegrity || strings.Count(stderr, "Error: Secret in the layer") != 2 || !strings.Contains(stderr, "2 errors; 0 of 2 are done") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	for _, text := range []string{stdout, stderr} {
		if strings.Contains(text, s.canaries["secure"].value) {
			t.Errorf("the value is shown:\n%s", text)
		}
	}
	layers, err := filepath.Glob(filepath.Join(s.dir, "*many-*"))
	if err != nil || len(layers) != 1 {
		t.Errorf("there are %q (%v)", layers, err)
	}
	if b, err := os.ReadFile(filepath.Join(s.dir, "many-e1.zip")); err != nil || !bytes.Equal(b, before) {
		t.Errorf("the old layer is another (%v)", err)
	}
}
