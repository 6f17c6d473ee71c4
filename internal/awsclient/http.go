package awsclient

import (
	"bytes"
	"cmp"
	"errors"
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
	idlePerHost = 128 // enough for the calls at once of all services, where one endpoint serves them, to keep their connections
)

// newHTTPClient returns a client of a type to which the SDK can add the
// certificates of AWS_CA_BUNDLE. It uses HTTPS_PROXY and the other proxy variables,
// but not for loopback addresses.
func newHTTPClient(timeout time.Duration) aws.HTTPClient {
	return awshttp.NewBuildableClient().
		WithTimeout(timeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = min(timeout, dialTimeout) }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = min(timeout, dialTimeout)
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, idlePerHost
		})
}

// plainBodies sends requests with bodies that net/http knows how to send. The SDK's
// body fails if net/http calls its WriteTo after the answer has arrived, which happens
// if the answer is faster than the goroutine that writes the request. The connection
// would be closed before the answer is read, and the call repeated.
type plainBodies struct{ *http.Client }

// shortBody is the longest body in bytes that is sent from a copy.
const shortBody = 64 << 10

// Do implements aws.HTTPClient.
func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	switch {
	case r.Body == nil:
	case r.ContentLength > 0 && r.ContentLength <= shortBody:
		// net/http sends the headers before it reads a body of an unknown type, in
		// a packet of their own.
		content := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, content)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
	default:
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.Client.Do(r)
}

// withoutRedirects returns a client with the same transport that follows no
// redirects. AWS sends none for the calls made here. The SDK's own client would
// resend a request, including plaintext, to wherever a 307 or 308 points.
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

// WithTimeout returns a copy of a configuration of New with another timeout per
// attempt, for calls that transfer more than a few kilobytes.
func WithTimeout(cfg aws.Config, timeout time.Duration) aws.Config {
	if c, ok := cfg.HTTPClient.(plainBodies); ok {
		client := *c.Client
		client.Timeout = timeout
		cfg.HTTPClient = plainBodies{&client}
	}
	return cfg
}

// CloseIdle closes the idle connections of a configuration of New.
func CloseIdle(cfg aws.Config) {
	if c, ok := cfg.HTTPClient.(plainBodies); ok {
		c.CloseIdleConnections()
	}
}

// retryer returns the SDK's standard retries with full jitter: from 50 ms, and
// from 1 s after throttling, up to 20 s. It has no retry quota that all calls of a
// client share. With a quota, a burst of throttled calls would fail although each
// would succeed on its next attempt.
func (o Options) retryer() aws.Retryer {
	return retry.NewStandard(func(s *retry.StandardOptions) {
		s.MaxAttempts = cmp.Or(o.attempts, maxAttempts)
		s.RateLimiter = ratelimit.None
	})
}
