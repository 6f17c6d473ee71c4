package param

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
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

func TestThePaceFollowsThrottling(t *testing.T) {
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	p := newPacer(nil)
	if p.limiter.Limit() != startRate || p.limiter.Burst() != startBurst {
		t.Fatalf("begins at %v, burst %d", p.limiter.Limit(), p.limiter.Burst())
	}
	begin := func() int {
		spell, err := p.wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return spell
	}
	p.learn(begin(), errors.New("reset"))
	if p.limiter.Limit() != startRate {
		t.Errorf("an error sets the rate to %v", p.limiter.Limit())
	}
	spells := []int{begin(), begin(), begin()}
	p.learn(spells[0], nil)
	faster := p.limiter.Limit()
	if faster <= startRate*1.002 || faster > startRate*1.01 { // faster than after throttling
		t.Errorf("a success sets the rate to %v", faster)
	}
	p.learn(spells[1], fmt.Errorf("wrapped: %w", throttled))
	slower := p.limiter.Limit()
	if slower >= faster*0.9 || slower < faster/2 {
		t.Errorf("throttling sets the rate to %v", slower)
	}
	p.learn(spells[2], throttled)
	p.learn(spells[2], nil)
	if p.limiter.Limit() != slower {
		t.Errorf("a call from before changes the rate to %v", p.limiter.Limit())
	}
	p.learn(begin(), errors.New("reset"))
	if p.limiter.Limit() != slower {
		t.Errorf("another error changes the rate to %v", p.limiter.Limit())
	}
	p.learn(begin(), nil)
	if now := p.limiter.Limit(); now <= slower || now > slower+recovery {
		t.Errorf("a success afterwards sets the rate to %v", now)
	}
	for range 1000 {
		p.learn(p.spell, throttled)
	}
	if p.limiter.Limit() != leastRate {
		t.Errorf("the rate falls to %v", p.limiter.Limit())
	}
	if got := p.note(); got != "; 1002 of 6 calls were throttled" {
		t.Errorf("note %q", got)
	}
}

func TestAGivenRateStays(t *testing.T) {
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	for tps, burst := range map[float64]int{0.5: 1, 10: 1, 1000: 50} {
		p := newPacer(&tps)
		p.learn(0, nil)
		p.learn(0, throttled)
		if p.limiter.Limit() != rate.Limit(tps) || p.limiter.Burst() != burst {
			t.Errorf("%v: rate %v, burst %d", tps, p.limiter.Limit(), p.limiter.Burst())
		}
	}
	p := newPacer(new(float64))
	p.learn(0, throttled)
	if p.limiter != nil || p.note() == "" {
		t.Error("0 does not lift the limit")
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	tps := 0.001
	p := newPacer(&tps)
	if _, err := p.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"for the limiter", "for its turn"} {
		ctx, cancel := context.WithCancel(t.Context())
		if how == "for its turn" {
			p.turn <- struct{}{}
		}
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := p.wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", how, err)
		}
	}
}

// Every attempt is paced, including the SDK's retries.
func TestRepeatedAttemptsArePaced(t *testing.T) {
	var asked atomic.Int64
	f := newFake(t, func(in request) answer {
		if asked.Add(1) < 3 {
			return answer{500, map[string]any{"__type": "InternalServerError"}}
		}
		return honest(in)
	})
	s := New(benchConfig(f.URL), Options{Account: "222222222222"})
	if _, _, err := readAll(t, s, true, "/a/x"); err != nil {
		t.Fatal(err)
	}
	if s.pacer.calls != 3 || asked.Load() != 3 {
		t.Errorf("%d calls paced, %d made", s.pacer.calls, asked.Load())
	}
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

// TestThrottlingAfterACalmIsPatient throttles a run that made no call for a while: patience begins with the throttling.
func TestThrottlingAfterACalmIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
		p := newPacer(nil)
		p.learn(0, nil)
		time.Sleep(2 * patience)
		if !p.learn(0, throttled) {
			t.Error("the first throttled call is not repeated")
		}
		time.Sleep(patience)
		if p.learn(0, throttled) {
			t.Error("a call is repeated without end")
		}
		p.learn(0, nil)
		if !p.learn(0, throttled) {
			t.Error("after an answer, patience does not begin again")
		}
	})
}
