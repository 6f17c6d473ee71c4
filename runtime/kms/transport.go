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

// maxReply is the maximum size of a reply, in bytes. Decrypt returns at most
// 4,096 bytes in base64, which is much less.
const maxReply = 64 << 10

// carrier returns the transport for requests, and creates it at the first call.
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
	// HTTP/1.1 uses one connection per call. After the function was frozen, a
	// dead connection then fails only one call.
	t.Protocols.SetHTTP1(true)
	if file := c.getenv("AWS_CA_BUNDLE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, &Error{ErrEndpoint, "the file that AWS_CA_BUNDLE names cannot be read", err, final}
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, failf(ErrEndpoint, "the file that AWS_CA_BUNDLE names contains no certificate")
		}
		t.TLSClientConfig.RootCAs = roots
		c.transport = t
	} else {
		c.transport = &rooted{all: t}
	}
	return c.transport, nil
}

// proxy returns the proxy for a request. Only https uses a proxy, because plain
// HTTP is allowed only to this machine.
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
			idle.CloseIdleConnections() // they are probably dead too
		}
		return 0, nil, nil, err
	}
	body, err = io.ReadAll(io.LimitReader(reply.Body, maxReply+1))
	_ = reply.Body.Close() // err already says whether the body is complete
	return reply.StatusCode, reply.Header, body, err
}

// attempt signs a request, sends it once and reads the reply.
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
		return nil, failf(ErrEndpoint, "the endpoint is not a valid URL")
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
		return nil, failf(ErrReply, "the reply from %s is too long", req.URL.Host)
	case status != http.StatusOK:
		return nil, c.refusal(status, header, body)
	}
	return read(body, r.key)
}

// read returns the plaintext in a reply. Its errors quote nothing of the reply,
// which contains the secret.
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
		return nil, failf(ErrReply, "the reply is not the JSON that Decrypt returns")
	case keyID != key:
		return nil, failf(ErrWrongKey, "the reply is not for the key that was sent")
	case len(plaintext) == 0:
		return nil, failf(ErrReply, "the reply contains no plaintext")
	}
	return plaintext, nil
}

// membersOf returns the members of a JSON object. It refuses an object with two
// members of the same name, because it cannot know which one is meant.
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

// refusal returns the Error for an error reply.
func (c *Client) refusal(status int, header http.Header, body []byte) *Error {
	var reply struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &reply) // if it is not JSON, the status decides
	name := header.Get("X-Amzn-ErrorType")
	if name == "" {
		name = reply.Type
	}
	name, _, _ = strings.Cut(name, ":")
	name = name[strings.LastIndex(name, "#")+1:]
	code, next := classify(name, status)
	if next == signAgain {
		c.correct(header)
	}
	e := failf(code, "KMS returned status %d", status)
	if isCode(name) {
		e = failf(code, "KMS returned %s", name)
		// Only the messages of these two codes help. Others can quote the
		// request: a signature error contains its session token.
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

// quotable returns the beginning of a KMS message about a missing permission or
// the state of a key, up to the first word that is neither a plain word nor an
// ARN. For any other message it returns "", because the reply can come from a
// proxy or another server.
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

// plain says why a connection failed. It does not use the text of net/http
// errors, which quote what the server sent.
func plain(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.As(err, &dns):
		return "its name cannot be resolved"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &certificate):
		return "its certificate is not trusted"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	return "the connection failed, or the reply is not HTTP"
}
