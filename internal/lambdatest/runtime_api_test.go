//go:build unix

package lambdatest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// runtimeAPI is Lambda's Runtime API for one invocation
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). A second
// GET of the next invocation is never answered, as in a frozen environment.
type runtimeAPI struct {
	*httptest.Server
	event   []byte
	done    chan answer // the one answer
	stop    chan struct{}
	mu      sync.Mutex
	invoked bool
}

// An answer is what a runtime or a wrapper posted: the last part of the path,
// the error type, and the body.
type answer struct {
	kind, errorType string
	body            []byte
}

func newRuntimeAPI(t *testing.T, event any) *runtimeAPI {
	t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	api := &runtimeAPI{event: text, done: make(chan answer, 8), stop: make(chan struct{})}
	api.Server = httptest.NewServer(api)
	t.Cleanup(func() {
		close(api.stop)
		api.Close()
	})
	return api
}

func (api *runtimeAPI) address() string { return strings.TrimPrefix(api.URL, "http://") }

func (api *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/")
	switch {
	case !ok:
		http.NotFound(w, r)
	case r.Method == http.MethodGet && path == "invocation/next":
		api.next(w, r)
	case r.Method == http.MethodPost:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // cut short: the test sees no answer
		}
		w.WriteHeader(http.StatusAccepted)
		kind := path
		if strings.HasPrefix(path, "invocation/") {
			kind = path[strings.LastIndex(path, "/")+1:]
		}
		api.done <- answer{kind, r.Header.Get("Lambda-Runtime-Function-Error-Type"), body}
	}
}

func (api *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	api.mu.Lock()
	second := api.invoked
	api.invoked = true
	api.mu.Unlock()
	if second {
		select {
		case <-api.stop:
		case <-r.Context().Done():
		}
		return
	}
	writeInvocation(w, "8476a536-e9f4-11e8-9739-2dfe598c3fcd", api.event)
}

// writeInvocation answers a runtime that asks for its next invocation.
func writeInvocation(w http.ResponseWriter, id string, event []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Lambda-Runtime-Aws-Request-Id", id)
	w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
	w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:payments-prod-hello")
	w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
	_, _ = w.Write(event)
}
