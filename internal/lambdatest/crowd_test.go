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
)

// crowd is Lambda's Runtime API for an environment with several workers. Each
// invocation waits until all workers ask for one.
type crowd struct {
	*httptest.Server
	workers int
	events  [][]byte
	done    chan crowdAnswer
	stop    chan struct{}
	mu      sync.Mutex
	given   int          // events that a worker has
	waiting []chan<- int // the workers that ask for the number of an event
}

// A crowdAnswer is an answer with the number of its event.
type crowdAnswer struct {
	answer
	event int
}

func newCrowd(t *testing.T, n int, events []call) *crowd {
	t.Helper()
	api := &crowd{workers: n, done: make(chan crowdAnswer, len(events)+n), stop: make(chan struct{})}
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

func (api *crowd) address() string { return strings.TrimPrefix(api.URL, "http://") }

func (api *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/")
	switch {
	case !ok:
		http.NotFound(w, r)
	case r.Method == http.MethodGet && path == "invocation/next":
		select {
		case event := <-api.ask():
			writeInvocation(w, fmt.Sprint("8476a536-e9f4-11e8-9739-", event), api.events[event])
		case <-api.stop:
		case <-r.Context().Done():
		}
	case r.Method == http.MethodPost:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // cut short: the test sees no answer
		}
		w.WriteHeader(http.StatusAccepted)
		a := answer{path, r.Header.Get("Lambda-Runtime-Function-Error-Type"), body}
		if rest, ok := strings.CutPrefix(path, "invocation/8476a536-e9f4-11e8-9739-"); ok {
			number, kind, _ := strings.Cut(rest, "/")
			a.kind = kind
			event, _ := strconv.Atoi(number) // as writeInvocation gave it
			api.done <- crowdAnswer{a, event}
			return
		}
		api.done <- crowdAnswer{answer: a}
	}
}

// ask lets a worker wait for an event. When all of them wait, each gets one, as
// long as there are any.
func (api *crowd) ask() <-chan int {
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
