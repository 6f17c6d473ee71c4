package param

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/time/rate"

	"github.com/whispering/bundle/pipeline/secret"
)

// benchConfig has the retries of bundle's own clients.
func benchConfig(url string) aws.Config {
	return aws.Config{
		Region:       "us-west-2",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", ""),
		HTTPClient:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 8
				o.RateLimiter = ratelimit.None
			})
		},
	}
}

// BenchmarkPacing makes 400 calls of 20 ms, 64 at once, against token buckets: the
// default quota of an account, half of it because others use the rest, and a higher
// quota. The floor is what the bucket allows.
func BenchmarkPacing(b *testing.B) {
	for _, quota := range []int{40, 20, 1000} {
		b.Run(fmt.Sprintf("quota=%d", quota), func(b *testing.B) { benchmarkPacing(b, float64(quota)) })
	}
}

func benchmarkPacing(b *testing.B, quota float64) {
	const calls = 400
	for b.Loop() {
		bucket := rate.NewLimiter(rate.Limit(quota), int(quota))
		var asked, refused atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(20 * time.Millisecond)
			asked.Add(1)
			if !bucket.Allow() {
				refused.Add(1)
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprint(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
				return
			}
			var in struct{ Names []string }
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				b.Error(err)
			}
			var parameters []map[string]any
			for _, name := range in.Names {
				parameters = append(parameters, parameter(name, nil))
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"Parameters": parameters})
		}))
		var refs []secret.Ref
		for i := range calls * batchSize {
			refs = append(refs, secret.Ref{Name: fmt.Sprintf("/bench/p%04d", i)})
		}
		failed := 0
		start := time.Now()
		err := New(benchConfig(server.URL), Options{Account: "222222222222", Concurrency: 64}).Versions(b.Context(), refs, func(r Result) {
			if r.Err != nil {
				failed++
			}
		})
		took := time.Since(start)
		server.Close()
		if err != nil || failed > 0 {
			b.Fatalf("%d results failed: %v", failed, err)
		}
		b.ReportMetric(took.Seconds(), "s")
		if floor := (calls - quota) / quota; floor > 0 {
			b.ReportMetric(took.Seconds()/floor, "×floor")
		}
		b.ReportMetric(float64(refused.Load()), "throttled")
		b.ReportMetric(float64(asked.Load()), "requests")
	}
}

// parameter returns one element of a reply, with changes.
func parameter(name string, change map[string]any) map[string]any {
	bare, selector, selected := strings.Cut(name, ":")
	p := map[string]any{
		"Name": bare, "Type": "SecureString", "Value": "value of " + bare, "Version": 7, "DataType": "text",
		"ARN":              "arn:aws:ssm:us-west-2:222222222222:parameter/" + strings.TrimPrefix(bare, "/"),
		"LastModifiedDate": 1761998400.123,
	}
	if selected {
		p["Selector"] = ":" + selector
	}
	for k, v := range change {
		if p[k] = v; v == nil {
			delete(p, k)
		}
	}
	return p
}

// Two sources of one account and region share its quota.
func TestSourcesOfOneAccountShareOnePace(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(`{"Parameters":[]}`))
	}))
	t.Cleanup(server.Close)
	rate, none := 1.0, 0.0
	first := New(benchConfig(server.URL), Options{TPS: &rate})
	second := New(benchConfig(server.URL), Options{TPS: &none, Beside: first})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	for _, s := range []*Source{first, second} {
		_ = s.Versions(ctx, []secret.Ref{{Name: "x"}}, func(Result) {}) // the reply is invalid, or never arrives
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d calls at one a second", n)
	}
}
