package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// An ear records what is sent to it, and refuses.
type ear struct {
	*httptest.Server
	mu    sync.Mutex
	heard []string
}

// listen makes an ear on a loopback address, and sets a variable to its URL: an
// ear for TLS has a certificate that nobody trusts.
func listen(ts *testscript.TestScript, neg bool, args []string) {
	secure := len(args) == 2 && args[1] == "tls"
	if neg || len(args) != 1 && !secure {
		ts.Fatalf("usage: listen VARIABLE [tls]")
	}
	e := new(ear)
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		e.mu.Lock()
		e.heard = append(e.heard, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Amz-Target")+" "+string(body))
		e.mu.Unlock()
		w.WriteHeader(http.StatusTeapot)
	}))
	if e.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError); secure {
		e.StartTLS()
	} else {
		e.Start()
	}
	ts.Defer(e.Close)
	ears, _ := ts.Value(earsKey{}).(*[]*ear)
	*ears = append(*ears, e)
	ts.Setenv(args[0], e.URL)
}

// earsKey is where a script's ears are kept.
type earsKey struct{}

// heard demands that something has been sent to an ear since it was last asked,
// and with ! that nothing has.
func heard(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: [!] heard")
	}
	var all []string
	for _, e := range *ts.Value(earsKey{}).(*[]*ear) {
		e.mu.Lock()
		all = append(all, e.heard...)
		e.heard = nil
		e.mu.Unlock()
	}
	switch {
	case neg && len(all) > 0:
		ts.Fatalf("somebody was called: %q", all)
	case !neg && len(all) == 0:
		ts.Fatalf("nobody was called")
	}
}
