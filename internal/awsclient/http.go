package awsclient

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	maxAttempts = 8
	dialTimeout = 5 * time.Second
	idlePerHost = 64 // enough that concurrent calls keep their connections
)

// newHTTPClient returns a client of the kind that the SDK can still fit with the
// certificates of AWS_CA_BUNDLE. It honors HTTPS_PROXY and its like, but not
// for loopback addresses.
func newHTTPClient(timeout time.Duration) aws.HTTPClient {
	return awshttp.NewBuildableClient().
		WithTimeout(timeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = min(timeout, dialTimeout) }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = min(timeout, dialTimeout)
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, idlePerHost
		})
}

// plainBodies sends requests whose bodies can only be read. The SDK's body ends
// with an error where net/http calls its WriteTo after the answer has come,
// which happens when the answer is quicker than the goroutine that wrote the
// request: the connection would be closed under the answer, and the call made
// once more.
type plainBodies struct{ *http.Client }

// Do implements aws.HTTPClient.
func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.Client.Do(r)
}

// withoutRedirects returns a client with the same transport that follows no
// redirect. AWS sends none to the calls made here; the SDK's own client would
// resend a request, plaintext included, to wherever a 307 or 308 points.
func withoutRedirects(c aws.HTTPClient, timeout time.Duration) aws.HTTPClient {
	client := &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if b, ok := c.(*awshttp.BuildableClient); ok {
		client.Transport = b.GetTransport()
	}
	return plainBodies{client}
}

// WithTimeout returns a configuration made by New with another time-out per
// attempt, for calls that move more than a few kilobytes.
func WithTimeout(cfg aws.Config, timeout time.Duration) aws.Config {
	if c, ok := cfg.HTTPClient.(plainBodies); ok {
		client := *c.Client
		client.Timeout = timeout
		cfg.HTTPClient = plainBodies{&client}
	}
	return cfg
}

// CloseIdle closes the connections of a configuration made by New that no call
// uses.
func CloseIdle(cfg aws.Config) {
	if c, ok := cfg.HTTPClient.(plainBodies); ok {
		c.CloseIdleConnections()
	}
}

// retryer returns the SDK's standard retries with full jitter: from 50 ms,
// and from 1 s after throttling, up to 20 s. The quota that all calls of a
// client share is lifted: with it, a burst of throttled calls fails although
// each would succeed on its next attempt.
func (o Options) retryer() aws.Retryer {
	return retry.NewStandard(func(s *retry.StandardOptions) {
		s.MaxAttempts = cmp.Or(o.attempts, maxAttempts)
		s.RateLimiter = ratelimit.None
	})
}
