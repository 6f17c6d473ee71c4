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

// beforeExpiry is how long before they expire credentials are fetched again.
const beforeExpiry = time.Minute

// A lease has credentials from a container endpoint, and its URL.
type lease struct {
	from        string
	credentials aws.Credentials
}

func (l lease) holds(from string, now time.Time) bool {
	return l.from == from && l.credentials.HasKeys() && now.Add(beforeExpiry).Before(l.credentials.Expires)
}

// ecs is the address of ECS and CodeBuild, which AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
// is relative to.
const ecs = "http://169.254.170.2"

// credentials returns the credentials from the environment, else those from the
// container endpoint, which ECS and CodeBuild have, and Lambda under SnapStart
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
		return found, failf(ErrCredentials, "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set")
	}
	from, err := c.container()
	if err != nil {
		return found, err
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

// container returns the URL of the container endpoint. As in the SDKs, the relative
// one goes first. Inside Lambda, where there is no such address, it is ignored.
func (c *Client) container() (string, error) {
	relative, full := c.getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), c.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	switch {
	case relative == "" || insideLambda(c.getenv):
	case !strings.HasPrefix(relative, "/"):
		return "", failf(ErrCredentials, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash")
	default:
		return ecs + relative, nil
	}
	switch {
	case full == "":
		return "", failf(ErrCredentials, "neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
	case !allowedContainer(full):
		return "", failf(ErrCredentials, "AWS_CONTAINER_CREDENTIALS_FULL_URI must use https, unless it is a loopback address or the address of ECS or EKS")
	}
	return full, nil
}

// fetch requests credentials from the container endpoint.
func (c *Client) fetch(ctx context.Context, transport http.RoundTripper, from string) (aws.Credentials, error) {
	var none aws.Credentials
	token, err := c.containerToken()
	if err != nil {
		return none, err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return none, failf(ErrCredentials, "the URL of the container's credentials endpoint is not valid")
	}
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	status, _, body, err := exchange(transport, req)
	if err != nil {
		return none, &Error{ErrCredentials, "no answer from the container's credentials endpoint", err, tryAgain}
	}
	if status != http.StatusOK {
		e := failf(ErrCredentials, "the container's credentials endpoint returned status %d", status)
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
		return none, failf(ErrCredentials, "the container's credentials endpoint returned no credentials")
	}
	return aws.Credentials{
		AccessKeyID: reply.AccessKeyId, SecretAccessKey: reply.SecretAccessKey, SessionToken: reply.Token,
		CanExpire: true, Expires: reply.Expiration,
	}, nil
}

// allowedContainer reports whether the token can be sent to this URL: over https,
// or over plain HTTP to this machine and to the link-local addresses of ECS and
// EKS.
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
			return "", &Error{ErrCredentials, "the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names cannot be read", err, final}
		}
		token = strings.TrimSpace(string(text))
	}
	if strings.ContainsAny(token, "\r\n") {
		return "", failf(ErrCredentials, "the container's authorization token contains a line break")
	}
	return token, nil
}
