package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/kms"
	"github.com/whispering/bundle/runtime/secrets"
)

// decrypterFunc is a Decrypter that looks only at the key.
type decrypterFunc func(key string) ([]byte, error)

func (f decrypterFunc) Decrypt(_ context.Context, key string, _ []byte, _ map[string]string) ([]byte, error) {
	return f(key)
}

// gate is a Decrypter for blind boxes. When open is closed, it returns values
// that contain the secret's name.
type gate struct {
	calls, inside, most atomic.Int32
	open                chan struct{} // closed to let all calls return
	fail                atomic.Bool
}

func (g *gate) Decrypt(ctx context.Context, _ string, _ []byte, pairs map[string]string) ([]byte, error) {
	g.calls.Add(1)
	if n := g.inside.Add(1); n > g.most.Load() {
		g.most.Store(n) // accurate enough, because callers are released together
	}
	defer g.inside.Add(-1)
	select {
	case <-g.open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if g.fail.Load() {
		return nil, fmt.Errorf("sample: %w", kms.ErrAccessDenied)
	}
	return []byte("value of " + pairs["bundle:secret"]), nil
}

// blindLayer writes a blind document of n secrets S000, S001 …
func blindLayer(t *testing.T, n int) (dir string, names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorDir, "ok-blind.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, document, _ := strings.Cut(string(text), "\n\n")
	doc, err := sealed.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	h, source, blob := doc.Header, doc.Header.Sources[0], doc.Ciphertexts[0]
	h.Sources, h.Boxes = nil, nil
	var blobs [][]byte
	for i := range n {
		source.Secret = fmt.Sprintf("S%03d", i)
		names = append(names, source.Secret)
		h.Sources = append(h.Sources, source)
		h.Boxes = append(h.Boxes, sealed.Box{Secrets: []string{source.Secret}})
		blobs = append(blobs, blob)
	}
	made, err := sealed.New(h, doc.Key, blobs)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	path := filepath.Join(dir, filepath.FromSlash(sealed.Path(h.Name)))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, made.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, names
}

func gated(dir string, g *gate) *secrets.Client {
	return secrets.New(secrets.Options{Dir: dir, Environ: func() []string { return nil }, Decrypter: g})
}

func TestManyCallersShareOneDecrypt(t *testing.T) {
	dir, _ := blindLayer(t, 3)
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		c := gated(dir, g)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if value, err := c.Get(t.Context(), "S001"); err != nil || value != "value of S001" {
					t.Errorf("%q, %v", value, err)
				}
			})
		}
		synctest.Wait()
		close(g.open)
		all.Wait()
		if n := g.calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestAtMost16BoxesAtOnce(t *testing.T) {
	dir, names := blindLayer(t, 40)
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		c := gated(dir, g)
		var all sync.WaitGroup
		all.Go(func() {
			if got, err := c.All(t.Context()); err != nil || len(got) != 40 || got["S039"] != "value of S039" {
				t.Errorf("%d secrets, %v", len(got), err)
			}
		})
		all.Go(func() {
			for _, name := range names {
				if _, err := c.Get(t.Context(), name); err != nil {
					t.Error(err)
				}
			}
		})
		synctest.Wait()
		if n := g.inside.Load(); n != 16 {
			t.Errorf("%d at once, want 16", n)
		}
		close(g.open)
		all.Wait()
		if n := g.calls.Load(); n != 40 || g.most.Load() > 16 {
			t.Errorf("%d calls, at most %d at once", n, g.most.Load())
		}
	})
}

func TestFailureIsSharedAndNotCached(t *testing.T) {
	dir, _ := blindLayer(t, 2)
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		g.fail.Store(true)
		c := gated(dir, g)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, err := c.Get(t.Context(), "S000"); !errors.Is(err, secrets.ErrAccessDenied) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(g.open)
		all.Wait()
		if n := g.calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		g.fail.Store(false)
		if value, err := c.Get(t.Context(), "S000"); err != nil || value != "value of S000" {
			t.Errorf("%q, %v", value, err)
		}
	})
}

func TestCallerLeavesAndOthersStay(t *testing.T) {
	dir, _ := blindLayer(t, 2)
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		c := gated(dir, g)
		first, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.Get(first, "S000"); !errors.Is(err, context.Canceled) || secrets.CodeOf(err) != secrets.ErrUnavailable {
				t.Error(err)
			}
		})
		synctest.Wait() // the first caller has started the work
		all.Go(func() {
			if value, err := c.Get(t.Context(), "S000"); err != nil || value != "value of S000" {
				t.Errorf("%q, %v", value, err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(g.open)
		all.Wait()
		if n := g.calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestWorkEndsWhenAllHaveLeft(t *testing.T) {
	dir, _ := blindLayer(t, 2)
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		c := gated(dir, g)
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if got, err := c.All(ctx); !errors.Is(err, context.Canceled) || got != nil {
					t.Errorf("%d secrets, %v", len(got), err)
				}
			})
		}
		synctest.Wait()
		leave()
		all.Wait()
		synctest.Wait()
		if n := g.inside.Load(); n != 0 {
			t.Errorf("%d boxes are still being opened", n)
		}
		close(g.open)
		if _, err := c.All(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestCallersOwnWhatTheyGet(t *testing.T) {
	dir, _ := blindLayer(t, 1)
	g := &gate{open: make(chan struct{})}
	close(g.open)
	c := gated(dir, g)
	b, err := c.Bytes(t.Context(), "S000")
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	all, err := c.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all["S000"] = ""
	if value, err := c.Get(t.Context(), "S000"); err != nil || value != "value of S000" {
		t.Errorf("%q, %v", value, err)
	}
}

func TestDecrypterOfTheCaller(t *testing.T) {
	const canary = "canary"
	cases := []struct {
		name string
		give func(string) ([]byte, error)
		want secrets.Code
	}{
		{"a code of ours", func(string) ([]byte, error) { return nil, fmt.Errorf("x: %w", secrets.ErrKeyUnusable) }, secrets.ErrKeyUnusable},
		{"an error of its own", func(string) ([]byte, error) { return nil, errors.New("x") }, secrets.ErrUnavailable},
		{"nothing", func(string) ([]byte, error) { return nil, nil }, secrets.ErrTampered},
		{"too much", func(string) ([]byte, error) { return []byte(strings.Repeat(canary, 1000)), nil }, secrets.ErrTampered},
		{"no UTF-8 (F-28)", func(string) ([]byte, error) { return []byte(canary + "\xff"), nil }, secrets.ErrTampered},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			dir, _ := blindLayer(t, 1)
			c := secrets.New(secrets.Options{Dir: dir, Environ: func() []string { return nil }, Decrypter: decrypterFunc(tc.give)})
			value, err := c.Get(t.Context(), "S000")
			if !errors.Is(err, tc.want) || value != "" || strings.Contains(err.Error(), canary) {
				t.Errorf("%d bytes and %v, want %s", len(value), err, tc.want)
			}
		})
	}
}

func TestErrorsSayWhatToLookAt(t *testing.T) {
	dir, _ := blindLayer(t, 3)
	g := &gate{open: make(chan struct{})}
	_, err := gated(dir, g).Get(t.Context(), "s0O1")
	if !errors.Is(err, secrets.ErrSecretNotFound) || !strings.Contains(err.Error(), "did you mean S001?") {
		t.Errorf("the most similar name is missing: %v", err)
	}
	if _, err = gated(dir, g).Get(t.Context(), "NOTHING_LIKE_IT"); strings.Contains(err.Error(), "did you mean") {
		t.Errorf("a name that is not similar: %v", err)
	}
	c := secrets.New(secrets.Options{Dir: dir, Environ: func() []string { return []string{"BUNDLE_SECRETS_FUNCTION=other"} }, Decrypter: g})
	if _, err = c.All(t.Context()); !errors.Is(err, secrets.ErrBundleNotFound) || !strings.Contains(err.Error(), "payments-prod-hello") {
		t.Errorf("the existing names are missing: %v", err)
	}
	c = secrets.New(secrets.Options{Dir: t.TempDir(), Environ: func() []string { return nil }, Decrypter: g})
	if _, err = c.All(t.Context()); !errors.Is(err, secrets.ErrBundleNotFound) || !strings.Contains(err.Error(), "is the layer attached? On a laptop, use bundle run") {
		t.Errorf("no layer: %v", err)
	}
}

// TestNamesOfADocumentInMemory names the document of Options.Document by both names of
// its function, and by others.
func TestNamesOfADocumentInMemory(t *testing.T) {
	dir, _ := blindLayer(t, 1)
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(sealed.Path("payments-prod-hello"))))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]secrets.Code{
		"payments-prod-hello": "", "hello": "", "other": secrets.ErrWrongFunction, "payments": secrets.ErrWrongFunction, "Hello": secrets.ErrWrongFunction,
	} {
		c := secrets.New(secrets.Options{Document: b, Environ: func() []string { return []string{"BUNDLE_SECRETS_FUNCTION=" + name} },
			Decrypter: decrypterFunc(func(string) ([]byte, error) { return []byte("sample"), nil })})
		if _, err := c.All(t.Context()); secrets.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// TestDocumentsOfOneFunction names a function of the manifest that two documents are of.
func TestDocumentsOfOneFunction(t *testing.T) {
	dir, _ := blindLayer(t, 1)
	path := filepath.Join(dir, filepath.FromSlash(sealed.Path("payments-prod-hello")))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "again.sealed"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	c := secrets.New(secrets.Options{Dir: dir, Environ: func() []string { return []string{"BUNDLE_SECRETS_FUNCTION=hello"} }})
	_, err = c.All(t.Context())
	if !errors.Is(err, secrets.ErrBundleNotFound) || !strings.Contains(err.Error(), "again, payments-prod-hello, which are all of function") {
		t.Error(err)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir, _ := blindLayer(t, 1)
	path := filepath.Join(dir, filepath.FromSlash(sealed.Path("payments-prod-hello")))
	c := secrets.New(secrets.Options{Dir: dir, Environ: func() []string { return []string{"AWS_LAMBDA_FUNCTION_NAME=payments-prod-hello"} }})
	t.Run("longer than the maximum (F-1)", func(t *testing.T) {
		if err := os.WriteFile(path, make([]byte, sealed.MaxDocument+1), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := c.All(t.Context()); !errors.Is(err, secrets.ErrDocument) || !strings.Contains(err.Error(), "F-1") {
			t.Error(err)
		}
	})
	t.Run("without permission", func(t *testing.T) {
		if runtime.GOOS == "windows" || os.Getuid() == 0 {
			t.Skip("a file's mode does not keep root out; run as another user")
		}
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := c.All(t.Context()); !errors.Is(err, secrets.ErrBundleNotFound) {
			t.Error(err)
		}
	})
	t.Run("a folder", func(t *testing.T) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := c.All(t.Context()); !errors.Is(err, secrets.ErrBundleNotFound) {
			t.Error(err)
		}
	})
}

func TestLoadEnvKeepsOrReplaces(t *testing.T) {
	for _, override := range []bool{false, true} {
		dir, _ := blindLayer(t, 2)
		t.Setenv("S000", "own")
		t.Setenv("S001", "") // restored after the test
		if err := os.Unsetenv("S001"); err != nil {
			t.Fatal(err)
		}
		g := &gate{open: make(chan struct{})}
		close(g.open)
		c := secrets.New(secrets.Options{Dir: dir, Environ: func() []string { return nil }, Decrypter: g, Override: override})
		if err := c.LoadEnv(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "own", true: "value of S000"}[override]
		if os.Getenv("S000") != want || os.Getenv("S001") != "value of S001" {
			t.Errorf("override %v: the variables are not right", override)
		}
	}
}
