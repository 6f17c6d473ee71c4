package pacing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"golang.org/x/time/rate"
)

const startRate, startBurst = 40.0, 40

func TestThePaceFollowsThrottling(t *testing.T) {
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	p := Adaptive(startRate, startBurst)
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
	if got := p.Note(); got != "; 1002 of 6 calls were throttled" {
		t.Errorf("note %q", got)
	}
}

func TestAGivenRateStays(t *testing.T) {
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	for tps, burst := range map[float64]int{0.5: 1, 10: 1, 1000: 50} {
		p := Fixed(tps)
		p.learn(0, nil)
		p.learn(0, throttled)
		if p.limiter.Limit() != rate.Limit(tps) || p.limiter.Burst() != burst {
			t.Errorf("%v: rate %v, burst %d", tps, p.limiter.Limit(), p.limiter.Burst())
		}
	}
	p := Fixed(0)
	p.learn(0, throttled)
	if p.limiter != nil || p.Note() == "" {
		t.Error("0 does not lift the limit")
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	tps := 0.001
	p := Fixed(tps)
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
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	p := Adaptive(startRate, startBurst)
	client := sts.New(sts.Options{
		Region: "us-west-2", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", ""),
		APIOptions: p.Options(nil),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
	if _, err := client.GetCallerIdentity(t.Context(), nil); err == nil || p.calls != 3 || asked != 3 {
		t.Errorf("%d calls paced, %d made: %v", p.calls, asked, err)
	}
}

// TestThrottlingAfterACalmIsPatient throttles a run that made no call for a while: patience begins with the throttling.
func TestThrottlingAfterACalmIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
		p := Adaptive(startRate, startBurst)
		p.learn(0, nil)
		time.Sleep(2 * DefaultPatience)
		if !p.learn(0, throttled) {
			t.Error("the first throttled call is not repeated")
		}
		time.Sleep(DefaultPatience)
		if p.learn(0, throttled) {
			t.Error("a call is repeated without end")
		}
		p.learn(0, nil)
		if !p.learn(0, throttled) {
			t.Error("after an answer, patience does not begin again")
		}
	})
}
