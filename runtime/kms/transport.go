package kms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// maxReply is far above what Decrypt answers: 4,096 bytes in base64.
const maxReply = 64 << 10

// carrier returns what carries requests, and makes it when there is none yet.
func (c *Client) carrier() (http.RoundTripper, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.transport != nil {
		return c.transport, nil
	}
	t := &http.Transport{
		Proxy:               proxy,
		DialContext:         (&net.Dialer{Timeout: connectTime}).DialContext,
		TLSHandshakeTimeout: attemptTime,
		MaxIdleConnsPerHost: 16,
		Protocols:           new(http.Protocols),
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
	}
	// One connection per call in flight: after the function was frozen, a
	// single dead connection must not take all calls with it.
	t.Protocols.SetHTTP1(true)
	if file := c.getenv("AWS_CA_BUNDLE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, &Error{ErrEndpoint, "the file in AWS_CA_BUNDLE cannot be read", err, final}
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, failf(ErrEndpoint, "the file in AWS_CA_BUNDLE holds no certificate")
		}
		t.TLSClientConfig.RootCAs = roots
	}
	c.transport = t
	return t, nil
}

// proxy sends only what is encrypted through a proxy. Plain HTTP is for this
// machine alone.
func proxy(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme != "https" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

// exchange sends a request and reads the reply, at most maxReply bytes of it.
// It follows no redirect.
func exchange(t http.RoundTripper, r *http.Request) (status int, header http.Header, body []byte, err error) {
	reply, err := t.RoundTrip(r)
	if err != nil {
		if idle, ok := t.(interface{ CloseIdleConnections() }); ok {
			idle.CloseIdleConnections() // they may be as dead as this one
		}
		return 0, nil, nil, err
	}
	body, err = io.ReadAll(io.LimitReader(reply.Body, maxReply+1))
	_ = reply.Body.Close() // what was read is whole or err says so
	return reply.StatusCode, reply.Header, body, err
}

// attempt signs a request, sends it once and reads the answer.
func (c *Client) attempt(ctx context.Context, r request) ([]byte, error) {
	credentials, err := c.credentials(ctx)
	if err != nil {
		return nil, err
	}
	transport, err := c.carrier()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(r.body))
	if err != nil {
		return nil, failf(ErrEndpoint, "the endpoint is not a URL")
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "TrentService.Decrypt")
	req.Header.Set("User-Agent", "bundle-secrets-go")
	sum := sha256.Sum256(r.body)
	if err := c.signer.SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "kms", r.region, c.now()); err != nil {
		return nil, failf(ErrCredentials, "the request cannot be signed")
	}
	status, header, body, err := exchange(transport, req)
	switch {
	case err != nil:
		return nil, &Error{ErrUnavailable, "no answer from " + req.URL.Host + ": " + plain(err), err, tryAgain}
	case len(body) > maxReply:
		return nil, failf(ErrReply, "the reply of %s is too long", req.URL.Host)
	case status != http.StatusOK:
		return nil, c.refusal(status, header, body)
	}
	return read(body, r.key)
}

// read takes the plaintext out of a reply. Nothing of the reply goes into an
// error: it holds the secret.
func read(body []byte, key string) ([]byte, error) {
	var keyID string
	var plaintext []byte
	members, ok := membersOf(body)
	for name, to := range map[string]any{"KeyId": &keyID, "Plaintext": &plaintext} {
		if content := members[name]; content != nil && json.Unmarshal(content, to) != nil {
			ok = false
		}
	}
	switch {
	case !ok:
		return nil, failf(ErrReply, "the reply is not the JSON of a Decrypt")
	case keyID != key:
		return nil, failf(ErrWrongKey, "KMS answers for another key than %s", key)
	case len(plaintext) == 0:
		return nil, failf(ErrReply, "the reply holds no plaintext")
	}
	return plaintext, nil
}

// membersOf takes a JSON object apart. One with a member twice is none: which of
// the two is meant, nobody can tell.
func membersOf(body []byte) (map[string]json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') || !json.Valid(body) {
		return nil, false
	}
	members := make(map[string]json.RawMessage)
	for d.More() {
		name, err := d.Token()
		text, _ := name.(string)
		if _, twice := members[text]; err != nil || twice {
			return nil, false
		}
		var content json.RawMessage
		if d.Decode(&content) != nil {
			return nil, false
		}
		members[text] = content
	}
	return members, true
}

// refusal turns an error reply into an Error.
func (c *Client) refusal(status int, header http.Header, body []byte) *Error {
	var reply struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &reply) // not JSON: the status must do
	name := header.Get("X-Amzn-ErrorType")
	if name == "" {
		name = reply.Type
	}
	name, _, _ = strings.Cut(name, ":")
	name = name[strings.LastIndex(name, "#")+1:]
	code, next := classify(name, status)
	if next == signAnew {
		c.correct(header)
	}
	e := failf(code, "KMS answers with status %d", status)
	if isCode(name) {
		e = failf(code, "KMS answers %s", name)
		// Only these two messages help, and others may repeat the request: that
		// of a signature error holds the canonical one, session token included.
		if code == ErrAccessDenied || code == ErrKeyUnusable {
			if said := quotable(reply.Message); said != "" {
				e.Reason += ": " + said
			}
		}
	}
	e.next = next
	return e
}

// isCode reports whether a name has the form of AWS's error codes.
func isCode(name string) bool {
	return len(name) > 2 && len(name) <= 64 && name[0] >= 'A' && name[0] <= 'Z' && strings.Trim(name, letters) == ""
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// quotable returns what KMS says about a right that is missing or about a key's
// state, as far as it is made of words and ARNs, and "" for any other text:
// anybody may have answered.
func quotable(message string) string {
	said := ""
	for word := range strings.SplitSeq(message, " ") {
		allowed, most, command := letters+":'.,-", 60, strings.Contains(word, "::")
		if strings.HasPrefix(strings.TrimLeft(word, "'"), "arn:") {
			allowed, most, command = letters+"0123456789:/+=,.@_'-", 300, false
		}
		if command || word == "" || len(word) > most || strings.Trim(word, allowed) != "" || len(said)+len(word) > 1000 {
			break
		}
		if said != "" {
			said += " "
		}
		said += word
	}
	said = strings.TrimRight(said, ".")
	switch {
	case strings.HasPrefix(said, "User: arn:") && strings.Contains(said, " is not authorized to perform: kms:"),
		strings.HasPrefix(said, "arn:") && strings.Contains(said, " is "),
		strings.HasPrefix(said, "Key 'arn:") && strings.Contains(said, " does not exist"):
		return said
	}
	return ""
}

// plain says why a connection failed, in the words of the network: net/http
// quotes what it cannot read.
func plain(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "time is up"
	case errors.As(err, &dns):
		return "its name is not known"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &certificate):
		return "its certificate is not trusted"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	return "the connection failed, or what came is not HTTP"
}
