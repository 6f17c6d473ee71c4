//go:build unix

package lambdatest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// requestID is what the IDs of invocations begin with. The number of the event follows.
const requestID = "8476a536-e9f4-11e8-9739-"

// runtimeAPI is Lambda's Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) for an
// environment with one or several workers. Each invocation waits until all
// workers ask for one. After the last event, a GET of the next invocation is never
// answered, as in a frozen environment.
type runtimeAPI struct {
	*httptest.Server
	workers int
	events  [][]byte
	done    chan answer
	stop    chan struct{}
	mu      sync.Mutex
	given   int          // events that a worker has
	waiting []chan<- int // the workers that ask for the number of an event
}

// An answer is what a runtime or a wrapper posted: the number of its event, the
// last part of the path, the error type, and the body.
type answer struct {
	event           int // 0 if it is about none
	kind, errorType string
	body            []byte
}

func newRuntimeAPI[E any](t *testing.T, workers int, events ...E) *runtimeAPI {
	t.Helper()
	api := &runtimeAPI{workers: workers, done: make(chan answer, len(events)+8), stop: make(chan struct{})}
	for _, event := range events {
		text, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		api.events = append(api.events, text)
	}
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
		select {
		case event := <-api.ask():
			api.invoke(w, event)
		case <-api.stop:
		case <-r.Context().Done():
		}
	case r.Method == http.MethodPost:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // cut short: the test sees no answer
		}
		w.WriteHeader(http.StatusAccepted)
		a := answer{kind: path, errorType: r.Header.Get("Lambda-Runtime-Function-Error-Type"), body: body}
		if rest, ok := strings.CutPrefix(path, "invocation/"+requestID); ok {
			number, kind, _ := strings.Cut(rest, "/")
			a.kind = kind
			a.event, _ = strconv.Atoi(number) // as invoke gave it
		}
		api.done <- a
	}
}

// ask lets a worker wait for an event. When all of them wait, each gets one, as
// long as there are any.
func (api *runtimeAPI) ask() <-chan int {
	api.mu.Lock()
	defer api.mu.Unlock()
	mine := make(chan int, 1)
	api.waiting = append(api.waiting, mine)
	if len(api.waiting) < api.workers || api.given == len(api.events) {
		return mine
	}
	for _, worker := range api.waiting {
		worker <- api.given
		api.given++
	}
	api.waiting = nil
	return mine
}

// invoke answers a runtime that asks for its next invocation.
func (api *runtimeAPI) invoke(w http.ResponseWriter, event int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("%s%012d", requestID, event))
	w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
	w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:payments-prod-hello")
	w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
	_, _ = w.Write(api.events[event])
}
