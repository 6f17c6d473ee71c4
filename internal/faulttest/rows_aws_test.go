//go:build unix

package faulttest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awslocal"
)

// times has a fault happen to the first n calls.
func times(n int, f awslocal.Fault) []awslocal.Fault {
	f.Times = n
	return []awslocal.Fault{f}
}

func always(f awslocal.Fault) []awslocal.Fault { return []awslocal.Fault{f} }

// paths puts n parameters with their values, each below a path of its own, so that each takes a call.
func paths(n int) func(*testing.T, aws.Config) {
	return func(t *testing.T, cfg aws.Config) {
		for i := range n {
			put(t, cfg, fmt.Sprintf("/prod/path%d/p", i), fmt.Sprintf("not-a-real-value-%d", i))
		}
	}
}

// manifestOfPaths imports them.
func manifestOfPaths(n int) string {
	text := head + "function \"f0\" {\n  kms_key = \"alias/f0\"\n"
	for i := range n {
		text += fmt.Sprintf("  parameters {\n    path   = \"/prod/path%d/\"\n    prefix = \"P%[1]d_\"\n  }\n", i)
	}
	return text + "}\n"
}

// first is a build that knows no earlier layer.
func first(more ...string) func(*stage) []result {
	return func(s *stage) []result { return []result{s.run(s.build(append(more, "--previous", "none")...)...)} }
}

// throttled are the rows of throttling and of errors of the server.
func throttled() []*row {
	throttling := awslocal.Fault{Operation: reads, Kind: awslocal.Fail, Code: "ThrottlingException", Message: "Rate exceeded"}
	bucket, latency := awslocal.WithBucket("ssm", 40, 40), awslocal.WithLatency(20*time.Millisecond)
	return []*row{
		{number: "1", fault: "60 reads where 40 pass at once and 40 in each second after that", note: "at most a tenth more calls", options: []awslocal.Option{bucket, latency},
			account: paths(60), manifest: manifestOfPaths(60), limit: 4 * time.Second, act: first(), layer: fresh, after: atMost("ssm:GetParametersByPath", 66)},
		{number: "1", fault: "400 reads, likewise", note: "at most a tenth more calls", options: []awslocal.Option{bucket, latency}, slow: true,
			account: paths(400), manifest: manifestOfPaths(400), limit: 20 * time.Second, act: first(), layer: fresh, after: atMost("ssm:GetParametersByPath", 440)},
		{number: "1", fault: "400 reads, likewise, with `--ssm-tps 0`", note: "retries alone", options: []awslocal.Option{bucket, latency}, slow: true,
			account: paths(400), manifest: manifestOfPaths(400), limit: 40 * time.Second, act: first("--ssm-tps", "0"), layer: fresh},
		{number: "2", fault: "throttling without end", faults: always(throttling), limit: 1500 * time.Millisecond,
			code: 6, layer: old, names: []string{reads}, says: "ThrottlingException", id: true, step: "lower --ssm-tps"},
		{number: "3", fault: "status 500, twice", faults: times(2, awslocal.Fault{Operation: reads, Kind: awslocal.Fail, Status: 500}), layer: fresh,
			calls: map[string]int{reads: 6}},
		{number: "3", fault: "status 503, twice", faults: times(2, awslocal.Fault{Operation: reads, Kind: awslocal.Fail, Status: 503, Code: "ServiceUnavailable"}), layer: fresh,
			calls: map[string]int{reads: 6}},
		{number: "3", fault: "a proxy's page with status 429, twice", faults: times(2, awslocal.Fault{Operation: reads, Kind: awslocal.HTML, Status: 429}), layer: fresh,
			calls: map[string]int{reads: 6}},
		{number: "4", fault: "status 500 for one key, without end", serve: proxied(oneKeyFails), limit: 20 * time.Second, slow: true,
			code: 6, layer: old, names: []string{`function "f1"`}, says: "KMSInternalException", id: true, step: "try again"},
		{number: "14", fault: "`KeyUnavailableException` (500), once", faults: times(1, awslocal.Fault{Operation: "kms:Encrypt", Kind: awslocal.Fail, Status: 500, Code: "KeyUnavailableException"}),
			layer: fresh, calls: map[string]int{"kms:Encrypt": 3}},
		{number: "14", fault: "`DependencyTimeoutException` (503), without end", faults: always(awslocal.Fault{Operation: "kms:Encrypt", Kind: awslocal.Fail, Status: 503, Code: "DependencyTimeoutException"}),
			limit: 1500 * time.Millisecond, code: 6, layer: old, names: []string{"kms:Encrypt"}, says: "DependencyTimeoutException", id: true, step: "try again"},
	}
}

// oneKeyFails answers Encrypt for function f1 with status 500.
func oneKeyFails(_ *stage, w http.ResponseWriter, operation, body string) bool {
	if operation != "Encrypt" || !strings.Contains(body, `f1`) {
		return false
	}
	w.Header().Set("X-Amzn-Requestid", "11111111-2222-3333-4444-555555555555")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte(`{"__type": "KMSInternalException"}`))
	return true
}

// broken are the rows of connections and of what is no answer of AWS.
func broken() []*row {
	return []*row{
		{number: "7", fault: "the connection is reset, once", faults: times(1, awslocal.Fault{Operation: reads, Kind: awslocal.Reset}), layer: fresh},
		{number: "7", fault: "the connection is reset, always", faults: always(awslocal.Fault{Operation: reads, Kind: awslocal.Reset}), limit: 1500 * time.Millisecond,
			code: 6, layer: old, names: []string{reads}, step: "try again"},
		{number: "7", fault: "the connection ends within a reply, once", faults: times(1, awslocal.Fault{Operation: seals, Kind: awslocal.Cut}), layer: fresh},
		{number: "7", fault: "the connection ends within a reply, always", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Cut}), limit: 1500 * time.Millisecond,
			code: 6, layer: old, names: []string{seals}, step: "try again"},
		{number: "7", fault: "half of a reply as if it were complete", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Truncate}),
			code: 6, layer: old, names: []string{`function "f0"`}, step: "try again"},
		{number: "11", fault: "a proxy's page with status 200", faults: always(awslocal.Fault{Operation: reads, Kind: awslocal.HTML}),
			code: 6, layer: old, names: []string{reads, "127.0.0.1", "not from AWS"}, id: true, step: "try again"},
		{number: "11", fault: "a redirect to another host", note: "nothing is sent there", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Redirect, Location: "http://192.0.2.1/"}),
			code: 6, layer: old, names: []string{"alias/f", "127.0.0.1", "not from AWS"}, id: true, step: "try again"},
	}
}
