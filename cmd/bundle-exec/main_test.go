package main

import (
	"debug/elf"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
)

// build makes the binary as a layer gets it.
func build(t testing.TB, arch string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bundle-exec")
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func TestBinariesAreSmallAndStatic(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the standard library for two architectures; run without -short")
	}
	const most = 6_500_000
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		path := build(t, arch)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > most {
			t.Errorf("%s: %d bytes, more than %d", arch, info.Size(), most)
		}
		f, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != machine {
			t.Errorf("%s: made for %v", arch, f.Machine)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("%s: not static", arch)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkStart compares a program alone, the wrapper up to the point where it
// has no document to open, and the whole way: one Decrypt on loopback, exec. It
// reports medians. "own" is what the wrapper adds to the program and to the time
// that KMS took from a request to its reply: from its start to execve, at most
// 5 ms.
func BenchmarkStart(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("the wrapper is for Linux")
	}
	const vectors = "../../layerbuild/sealed/testdata/vectors/"
	seed, err := os.ReadFile(vectors + "vectors.seed.json")
	if err != nil {
		b.Fatal(err)
	}
	server, err := awslocal.New(awslocal.WithSeed(seed))
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	address, err := server.Start("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	kms := &stopwatch{next: proxyTo(b, address)}
	front := httptest.NewServer(kms)
	defer front.Close()
	text, err := os.ReadFile(vectors + "ok-env.txt")
	if err != nil {
		b.Fatal(err)
	}
	_, document, _ := strings.Cut(string(text), "\n\n")
	dir := b.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "bundle", "functions"), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bundle", "functions", "payments-prod-hello.sealed"), []byte(document), 0o644); err != nil {
		b.Fatal(err)
	}
	id, key := server.Credentials()
	env := []string{"AWS_ENDPOINT_URL_KMS=" + front.URL, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key, "BUNDLE_SECRETS_DIR=" + dir}
	wrapper := build(b, runtime.GOARCH)
	var alone time.Duration
	for _, c := range []struct {
		name, program, function string
		fails                   bool
	}{
		{"program alone", "/bin/true", "payments-prod-hello", false},
		{"wrapper, nothing to open", wrapper, "none", true},
		{"wrapper, one Decrypt", wrapper, "payments-prod-hello", false},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				run := exec.Command(c.program, "/bin/true")
				run.Env = slices.Concat(env, []string{"BUNDLE_SECRETS_FUNCTION=" + c.function})
				began := time.Now()
				if err := run.Run(); (err != nil) != c.fails {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(took).Seconds()*1000, "median-ms")
			if c.program != wrapper {
				alone = median(took)
			}
			if calls := kms.all(); len(calls) > 0 {
				b.ReportMetric(median(calls).Seconds()*1000, "kms-ms")
				b.ReportMetric((median(took)-median(calls)-alone).Seconds()*1000, "own-ms")
			}
		})
	}
}

// A stopwatch says how long a server took for each request.
type stopwatch struct {
	next http.Handler
	mu   sync.Mutex
	took []time.Duration
}

func (s *stopwatch) all() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.took)
}

func (s *stopwatch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	s.next.ServeHTTP(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, time.Since(began))
}

func proxyTo(b *testing.B, address string) http.Handler {
	b.Helper()
	target, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
