// Package kms opens KMS ciphertexts in a function. It has only the operation
// Decrypt, over net/http, signed by the SDK's signer, and is much smaller and
// starts much faster than the SDK's client. It reads no profiles and no instance
// metadata, only the variables that docs/runtime.md, section 2, lists. F-n in a
// comment is the number of a rule in docs/format.md.
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
	totalTime   = 6 * time.Second        // one Decrypt, including credentials and retries
	attempts    = 5                      // requests, not counting one that is signed again
	firstWait   = 50 * time.Millisecond  // upper limit of the first wait; it doubles with each wait
	lastWait    = 400 * time.Millisecond // upper limit of every wait
)

// Options configure a Client. In a function, use the zero value.
type Options struct {
	// Getenv returns the value of an environment variable, or "" if it is not
	// set. The default is os.Getenv. HTTPS_PROXY and NO_PROXY always come from
	// the process.
	Getenv func(name string) string
	// Transport sends requests. The default has the time limits, proxy and
	// certificates of docs/runtime.md, section 2.
	Transport http.RoundTripper
}

// A Client calls KMS. Many goroutines can use it at the same time.
type Client struct {
	getenv func(string) string
	signer *v4.Signer

	mu        sync.Mutex
	transport http.RoundTripper // created for the first request
	lease     lease             // credentials from the container endpoint
	skew      time.Duration     // AWS's clock minus ours; 0 until AWS refuses a signature
}

// New creates a Client. It reads nothing and makes no calls.
func New(o Options) *Client {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	return &Client{getenv: o.Getenv, transport: o.Transport, signer: v4.NewSigner()}
}

// Decrypt opens one ciphertext under the key with the given ARN and the exact
// encryption context (https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html).
// It checks that the reply is for that key (F-31), retries temporary failures,
// and gives up after 6 seconds. Every error is an *[Error].
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
		return nil, failf(ErrReply, "the request cannot be encoded as JSON")
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

// persist sends a request, again if it fails temporarily, until it has a final
// answer.
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
		case failure.next == signAgain && !resigned:
			resigned = true
			n--
		case failure.next == tryAgain && n < attempts:
			if err := wait(ctx, n); err != nil {
				return nil, &Error{ErrUnavailable, failure.Reason, err, final}
			}
		case failure.next == tryAgain:
			failure.Reason = fmt.Sprintf("%s; attempts: %d", failure.Reason, n)
			return nil, failure
		default:
			return nil, failure
		}
	}
}

// wait sleeps for a random time after the n-th attempt ("full jitter"). It
// returns early, with the cause, if ctx ends.
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

// now returns the time of AWS's clock, as far as it is known.
func (c *Client) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.skew)
}

// correct handles a reply that refused the signature: it takes the time from the
// Date header, and drops the container's credentials, which can be outdated.
func (c *Client) correct(header http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lease = lease{}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		c.skew = time.Until(date)
	}
}
