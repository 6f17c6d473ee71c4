package kms

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// beforeExpiry is how long before their end credentials are fetched anew.
const beforeExpiry = time.Minute

// A lease is what the container endpoint gave, and from where.
type lease struct {
	from        string
	credentials aws.Credentials
}

func (l lease) holds(from string, now time.Time) bool {
	return l.from == from && l.credentials.HasKeys() && now.Add(beforeExpiry).Before(l.credentials.Expires)
}

// credentials come from the environment, else from the container endpoint,
// which is how Lambda gives them under SnapStart
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
func (c *Client) credentials(ctx context.Context) (aws.Credentials, error) {
	found := aws.Credentials{
		AccessKeyID:     c.getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: c.getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    c.getenv("AWS_SESSION_TOKEN"),
	}
	switch {
	case found.HasKeys():
		return found, nil
	case found.AccessKeyID != "" || found.SecretAccessKey != "":
		return found, failf(ErrCredentials, "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set")
	}
	from := c.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if from == "" {
		return found, failf(ErrCredentials, "neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
	}
	transport, err := c.carrier()
	if err != nil {
		return found, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lease.holds(from, time.Now()) {
		return c.lease.credentials, nil
	}
	found, err = c.fetch(ctx, transport, from)
	if err == nil {
		c.lease = lease{from, found}
	}
	return found, err
}

// fetch asks the container endpoint.
func (c *Client) fetch(ctx context.Context, transport http.RoundTripper, from string) (aws.Credentials, error) {
	var none aws.Credentials
	if !allowedContainer(from) {
		return none, failf(ErrCredentials, "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor loopback nor a container's own address")
	}
	token, err := c.containerToken()
	if err != nil {
		return none, err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return none, failf(ErrCredentials, "AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL")
	}
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	status, _, body, err := exchange(transport, req)
	if err != nil {
		return none, &Error{ErrCredentials, "the container's credentials endpoint does not answer", err, tryAgain}
	}
	if status != http.StatusOK {
		e := failf(ErrCredentials, "the container's credentials endpoint answers with status %d", status)
		if status == http.StatusTooManyRequests || status >= 500 {
			e.next = tryAgain
		}
		return none, e
	}
	var reply struct {
		AccessKeyId, SecretAccessKey, Token string
		Expiration                          time.Time
	}
	if json.Unmarshal(body, &reply) != nil || reply.AccessKeyId == "" || reply.SecretAccessKey == "" {
		return none, failf(ErrCredentials, "the container's credentials endpoint gives no credentials")
	}
	return aws.Credentials{
		AccessKeyID: reply.AccessKeyId, SecretAccessKey: reply.SecretAccessKey, SessionToken: reply.Token,
		CanExpire: true, Expires: reply.Expiration,
	}, nil
}

// allowedContainer refuses to send the token in clear to anything but this
// machine and the link-local addresses of ECS and EKS.
func allowedContainer(from string) bool {
	u, err := url.Parse(from)
	if err != nil || u.Hostname() == "" {
		return false
	}
	switch ip, _ := netip.ParseAddr(u.Hostname()); {
	case u.Scheme == "https":
		return true
	case u.Scheme != "http":
		return false
	case isLoopback(u.Hostname()):
		return true
	default:
		return ip == netip.MustParseAddr("169.254.170.2") || ip == netip.MustParseAddr("169.254.170.23") ||
			ip == netip.MustParseAddr("fd00:ec2::23")
	}
}

func (c *Client) containerToken() (string, error) {
	token := c.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := c.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", &Error{ErrCredentials, "the file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read", err, final}
		}
		token = strings.TrimSpace(string(text))
	}
	if strings.ContainsAny(token, "\r\n") {
		return "", failf(ErrCredentials, "the container's authorization token holds a line end")
	}
	return token, nil
}
