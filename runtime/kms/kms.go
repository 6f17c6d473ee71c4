// Package kms opens KMS ciphertexts from within a function: the one operation
// Decrypt, over net/http, signed by the SDK's own signer. It is a small part of
// the SDK's client at a small part of its size and start-up time: no profiles,
// no instance metadata, no configuration but what docs/runtime.md section 2
// lists. F-n in a comment is the number of a rule in docs/format.md.
package kms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	connectTime = time.Second            // to connect
	attemptTime = 2 * time.Second        // one request and its reply
	totalTime   = 6 * time.Second        // one Decrypt with everything it needs
	attempts    = 5                      // requests, besides one that is signed anew
	firstWait   = 50 * time.Millisecond  // upper bound of the first wait; doubled for each further one
	lastWait    = 400 * time.Millisecond // no wait is longer
)

// Options change what a Client reads and how it connects. The zero value is
// right inside a function.
type Options struct {
	// Getenv gives the value of an environment variable, "" where there is
	// none. nil means os.Getenv. HTTPS_PROXY and NO_PROXY are read from the
	// process itself.
	Getenv func(name string) string
	// Transport carries requests. nil means one with the time limits, proxy
	// and certificates of docs/runtime.md.
	Transport http.RoundTripper
}

// A Client calls KMS. It may be used by several goroutines at once.
type Client struct {
	getenv func(string) string
	signer *v4.Signer

	mu        sync.Mutex
	transport http.RoundTripper // made when first needed
	lease     lease             // credentials of the container endpoint
	skew      time.Duration     // AWS's clock minus ours, once AWS has complained
}

// New makes a Client. It reads nothing and calls nobody.
func New(o Options) *Client {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	return &Client{getenv: o.Getenv, transport: o.Transport, signer: v4.NewSigner()}
}

// Decrypt opens one ciphertext under the key with the given ARN and the exact
// encryption context (https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html).
// It holds the reply to that key (F-31), tries again what may pass, and gives
// up after 6 seconds. Every error is an *[Error].
func (c *Client) Decrypt(ctx context.Context, keyARN string, ciphertext []byte, encryptionContext map[string]string) ([]byte, error) {
	key, ok := parseKey(keyARN)
	if !ok {
		return nil, failf(ErrEndpoint, "%q is not the ARN of a KMS key", keyARN)
	}
	url, err := endpoint(c.getenv, key)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(decryptRequest{keyARN, ciphertext, encryptionContext})
	if err != nil {
		return nil, failf(ErrReply, "the request cannot be written")
	}
	ctx, cancel := context.WithTimeout(ctx, totalTime)
	defer cancel()
	return c.persist(ctx, request{url: url, region: key.region, body: body, key: keyARN})
}

type decryptRequest struct {
	KeyId             string
	CiphertextBlob    []byte
	EncryptionContext map[string]string
}

// A request is one Decrypt before it is signed.
type request struct {
	url, region, key string
	body             []byte
}

// persist sends a request until it is answered for good.
func (c *Client) persist(ctx context.Context, r request) ([]byte, error) {
	resigned := false
	for n := 1; ; n++ {
		plaintext, err := c.attempt(ctx, r)
		var failure *Error
		if err == nil || !errors.As(err, &failure) {
			return plaintext, err
		}
		switch {
		case ctx.Err() != nil:
			return nil, &Error{ErrUnavailable, failure.Reason, context.Cause(ctx), final}
		case failure.next == signAnew && !resigned:
			resigned = true
			n--
		case failure.next == tryAgain && n < attempts:
			if err := wait(ctx, n); err != nil {
				return nil, &Error{ErrUnavailable, failure.Reason, err, final}
			}
		case failure.next == tryAgain:
			failure.Reason = fmt.Sprintf("%s, %d times", failure.Reason, n)
			return nil, failure
		default:
			return nil, failure
		}
	}
}

// wait sleeps for a random time after the n-th attempt ("full jitter").
func wait(ctx context.Context, n int) error {
	most := min(firstWait<<(n-1), lastWait)
	timer := time.NewTimer(rand.N(most))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// now is the time as AWS sees it, as far as we know.
func (c *Client) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.skew)
}

// correct learns from a reply that refused our signature: the time from its
// Date header, and that the container's credentials may have been replaced.
func (c *Client) correct(header http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lease = lease{}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		c.skew = time.Until(date)
	}
}
