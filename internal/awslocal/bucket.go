package awslocal

import (
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// bucket is a token bucket.
type bucket struct {
	limit
	mu     sync.Mutex
	tokens float64
	at     time.Time
}

func newBucket(perSecond, burst float64) *bucket {
	return &bucket{limit: limit{perSecond, burst}, tokens: burst}
}

// ThrottleLambda throttles from now on what WithLambdaQuotas throttles from the start.
func (s *Server) ThrottleLambda() {
	o := options{buckets: map[string]limit{}}
	WithLambdaQuotas()(&o)
	s.gate.Lock()
	defer s.gate.Unlock()
	for service, limit := range o.buckets {
		s.buckets[service] = newBucket(limit.perSecond, limit.burst)
	}
}

// take takes a token, and reports whether there was one.
func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.at.IsZero() {
		b.tokens = min(b.burst, b.tokens+b.perSecond*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// throttled is the error of a service whose rate is exceeded
// (https://repost.aws/knowledge-center/ssm-parameter-store-rate-exceeded,
// https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html).
func throttled(service string) error {
	switch service {
	case "kms":
		return call.NewError("ThrottlingException",
			"You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
	case "lambda":
		return &call.Error{Status: 429, Code: "TooManyRequestsException", Message: "Rate exceeded"}
	case "sts", "iam":
		return call.NewError("Throttling", "Rate exceeded")
	}
	return call.NewError("ThrottlingException", "Rate exceeded")
}
