//go:build unix

package lambdatest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
)

// How many invocations an environment asks for at once, and how often.
const (
	workers = 4
	rounds  = 5
)

// A crew is a runtime client that asks for several invocations at once, and how
// many copies of the helper it has.
type crew struct {
	client
	name   string
	copies int
}

// crews: threads in Node and forked processes in Python, each with a copy, and
// goroutines in Go, with one.
func crews(t *testing.T) []crew {
	t.Helper()
	var all []crew
	for _, program := range nodes(t) {
		c := nodejs(t, program)
		c.env = append(c.env, fmt.Sprint("AWS_LAMBDA_NODEJS_WORKER_COUNT=", workers), fmt.Sprint("AWS_LAMBDA_MAX_CONCURRENCY=", workers*rounds))
		c.task = "testdata/concurrent"
		all = append(all, crew{c, program, workers})
	}
	python, compiled := cpython(t), golang(t)
	python.task = "testdata/concurrent"
	all = append(all, crew{python, "python", workers}, crew{compiled, "go", 1})
	for i := range all[len(all)-2:] {
		c := &all[len(all)-2+i].client
		c.env = append(c.env, fmt.Sprint("AWS_LAMBDA_MAX_CONCURRENCY=", workers))
	}
	return all
}

// A call is the event of the function for several workers.
type call struct {
	Names  []string `json:"names"`
	Helper string   `json:"helper"` // "get" gets the secrets
	Load   bool     `json:"load"`   // make them variables
}

type workerReply struct {
	Worker, Running     int
	Helper, Environment map[string]string
}

// invoke runs a function with several workers. All of them get an invocation
// before one of them gets the next.
func invoke(t *testing.T, c client, local *awslocal.Server, opt string, env []string, events []call) []workerReply {
	t.Helper()
	f := run(t, c, local, opt, env, newRuntimeAPI(t, workers, events...))
	replies := make([]workerReply, len(events))
	for range events {
		a := f.await(t)
		var reply workerReply
		if err := json.Unmarshal(a.body, &reply); err != nil || a.kind != "response" {
			f.end()
			t.Fatalf("%s: %s\n%s", a.kind, a.body, f.output)
		}
		replies[a.event] = reply
	}
	f.checkOutput(t)
	return replies
}

// byWorker checks that every copy of the helper was asked equally often.
func byWorker(t *testing.T, replies []workerReply, copies int) {
	t.Helper()
	counts := map[int]int{}
	for _, r := range replies {
		counts[r.Worker]++
	}
	if len(counts) != copies || slices.ContainsFunc(slices.Collect(maps.Values(counts)), func(n int) bool { return n != len(replies)/copies }) {
		t.Errorf("the workers had %v invocations", counts)
	}
}

// TestEachWorkerOpensOnce: every invocation gets the same values, although the
// first ones come while the document is being opened, and KMS is called once for
// each box and copy of the helper. Behind the wrapper it is called once for each
// box.
func TestEachWorkerOpensOnce(t *testing.T) {
	layers := map[string]string{}
	for _, vector := range []string{"ok-blind", "ok-64k"} {
		document, _ := readVector(t, vector)
		layers[vector] = unpack(t, document)
	}
	for _, c := range crews(t) {
		for _, way := range []struct{ name, vector, helper string }{
			{"helper, blind", "ok-blind", "get"},
			{"helper, packed", "ok-64k", "get"},
			{"wrapper", "ok-64k", ""},
		} {
			t.Run(c.name+" "+way.name, func(t *testing.T) {
				t.Parallel()
				local, url := serve(t)
				local.Inject(awslocal.Fault{Operation: "kms:Decrypt", Kind: awslocal.Slow, Delay: 300 * time.Millisecond})
				document, want := readVector(t, way.vector)
				env, decrypts := []string{"AWS_ENDPOINT_URL_KMS=" + url}, strings.Count(document, "\nbox ")
				if way.helper == "" {
					env = append(env, wrapped)
				} else {
					decrypts *= c.copies
				}
				events := slices.Repeat([]call{{Names: slices.Sorted(maps.Keys(want)), Helper: way.helper}}, workers*rounds)
				replies := invoke(t, c.client, local, layers[way.vector], env, events)
				byWorker(t, replies, c.copies)
				checkValues(t, replies, want, way.helper == "")
				interleaved := slices.ContainsFunc(replies, func(r workerReply) bool { return r.Running > 1 })
				if c.client.name == "node" && way.helper != "" && !interleaved {
					t.Error("no worker had two invocations at once")
				}
				if got := local.Calls()["kms:Decrypt"]; got != decrypts {
					t.Errorf("%d calls of kms:Decrypt, want %d", got, decrypts)
				}
			})
		}
	}
}

// checkValues holds what every invocation had, from the helper or in its
// environment, against the digests of a vector.
func checkValues(t *testing.T, replies []workerReply, want map[string]string, environment bool) {
	t.Helper()
	for _, r := range replies {
		got := r.Helper
		if environment {
			got = r.Environment
		}
		if !maps.Equal(got, want) {
			t.Errorf("worker %d has %v", r.Worker, got)
		}
	}
}

// TestLoadedVariablesStayInOneWorker: each has an environment of its own.
func TestLoadedVariablesStayInOneWorker(t *testing.T) {
	document, want := readVector(t, "ok-one")
	opt := unpack(t, document)
	for _, c := range crews(t) {
		if c.copies == 1 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			local, url := serve(t)
			events := slices.Repeat([]call{{Names: slices.Sorted(maps.Keys(want))}}, workers*rounds)
			events[0].Load = true
			replies := invoke(t, c.client, local, opt, []string{"AWS_ENDPOINT_URL_KMS=" + url}, events)
			byWorker(t, replies, c.copies)
			for _, r := range replies[len(replies)-workers:] {
				expected := "absent"
				if r.Worker == replies[0].Worker {
					expected = want["DB_PASSWORD"]
				}
				if got := r.Environment["DB_PASSWORD"]; got != expected {
					t.Errorf("worker %d, where %d called loadEnv, has %s, want %s", r.Worker, replies[0].Worker, got, expected)
				}
			}
			if got := local.Calls()["kms:Decrypt"]; got != 1 {
				t.Errorf("%d calls of kms:Decrypt, want 1", got)
			}
		})
	}
}

// TestIdleWorkersOfNodeHoldItsThreads: in aws-lambda-ric, a worker that waits for
// an invocation occupies a thread of the pool that all workers share and that
// looks host names up. Four such workers, and no host is found until one of them
// is invoked. Each of the variables of docs/runtime.md mends that.
func TestIdleWorkersOfNodeHoldItsThreads(t *testing.T) {
	document, want := readVector(t, "ok-one")
	opt, threads := unpack(t, document), crews(t)[0].client
	for _, c := range []struct {
		variable string
		found    bool
	}{
		{"UNRELATED=1", false},
		{"AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1=true", true},
		{"UV_THREADPOOL_SIZE=8", true},
	} {
		t.Run(c.variable, func(t *testing.T) {
			t.Parallel()
			local, url := serve(t)
			env := []string{"AWS_ENDPOINT_URL_KMS=" + strings.Replace(url, "127.0.0.1", "localhost", 1), c.variable}
			events := slices.Repeat([]call{{Names: slices.Sorted(maps.Keys(want)), Helper: "get"}}, workers)
			f := run(t, threads, local, opt, env, newRuntimeAPI(t, workers, events...))
			for range events {
				kind := "error"
				if c.found {
					kind = "response"
				}
				if a := f.await(t); a.kind != kind || !c.found && !strings.Contains(string(a.body), "no answer from localhost") {
					t.Errorf("%s: %s", a.kind, a.body)
				}
			}
			f.checkOutput(t)
		})
	}
}
