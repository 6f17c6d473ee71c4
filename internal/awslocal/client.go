package awslocal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/sigv4"
)

// Client calls the server of a state directory, over HTTP and signed, as any program would.
type Client struct {
	server serverFile
	region string
	own    *Server // nil if another process serves
	http   *http.Client

	kept    []string // see Kept
	removed []string // see Removed; only if another process serves
}

// attachTimeout is how long Attach waits while another process uses the directory alone.
const attachTimeout = 30 * time.Second

// Attach returns a client for a state directory. If another process serves the directory (Start), the client uses that server.
// Otherwise, Attach makes a server for this process alone, with the given options, which ends with Close. While another process
// uses the directory alone, Attach waits up to 30 seconds, and then fails with ErrLocked.
func Attach(ctx context.Context, dir string, o ...Option) (*Client, error) {
	return inTurn(ctx, func() (*Client, error) { return attach(ctx, dir, o) })
}

// Look is Attach for a client that changes nothing. If there is no state yet, it makes none, and the client sees the initial state.
func Look(ctx context.Context, dir string, o ...Option) (*Client, error) {
	_, err := os.Stat(filepath.Join(dir, stateName))
	switch {
	case err == nil:
		return Attach(ctx, dir, o...)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := refuseForeign(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return attach(ctx, "", o)
}

// Serve makes a server for a state directory, with the given options, and starts it on addr (see Start) for every process. It waits
// as Attach does, but fails with ErrLocked at once if another process already serves the directory.
func Serve(ctx context.Context, dir, addr string, o ...Option) (s *Server, url string, err error) {
	var served error
	s, err = inTurn(ctx, func() (*Server, error) {
		s, err := New(append([]Option{WithDir(dir)}, o...)...)
		if _, unread := readServerFile(dir); errors.Is(err, ErrLocked) && unread == nil {
			served, err = err, nil
		}
		return s, err
	})
	if err = errors.Join(err, served); err != nil {
		return nil, "", err
	}
	if url, err = s.Start(addr); err != nil {
		return nil, "", errors.Join(err, s.Close())
	}
	return s, url, nil
}

// inTurn calls try until it no longer fails with ErrLocked, or the time is up.
func inTurn[T any](ctx context.Context, try func() (T, error)) (T, error) {
	deadline := time.Now().Add(attachTimeout)
	for {
		t, err := try()
		if !errors.Is(err, ErrLocked) || time.Now().After(deadline) {
			return t, err
		}
		select {
		case <-ctx.Done():
			return t, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func attach(ctx context.Context, dir string, o []Option) (*Client, error) {
	c := &Client{region: Region, http: &http.Client{Transport: &http.Transport{}}} // its own transport: no proxy
	own, err := New(append([]Option{WithDir(dir)}, o...)...)
	if unwritable(err) && hasState(dir) {
		if _, unread := readServerFile(dir); unread != nil {
			own, err = New(append([]Option{WithDir(dir), WithReadOnly()}, o...)...)
		} else {
			err = ErrLocked
		}
	}
	if err == nil {
		c.own, c.server.accessKey, c.kept = own, own.key, own.Kept()
		if c.server.URL, err = own.listen("127.0.0.1:0"); err != nil {
			return nil, errors.Join(err, own.Close())
		}
		return c, nil
	}
	if !errors.Is(err, ErrLocked) {
		return nil, err
	}
	server, unread := readServerFile(dir)
	if unread != nil {
		return nil, err
	}
	c.server = server
	if refused := c.Call(ctx, "local", "Calls", nil, nil); refused != nil {
		return nil, errors.Join(err, refused)
	}
	if err := c.bringIn(ctx, o); err != nil {
		return nil, err
	}
	return c, nil
}

// unwritable reports whether an error means that a directory cannot be written.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// bringIn hands the sample file to the server.
func (c *Client) bringIn(ctx context.Context, o []Option) error {
	var options options
	for _, option := range o {
		option(&options)
	}
	if options.seed == nil {
		return nil
	}
	var reply sampleReply
	err := c.Call(ctx, "local", "Sample?environment="+url.QueryEscape(options.environment), SampleFile(options.seed), &reply)
	var answer *call.Error
	if errors.As(err, &answer) {
		if answer.Status == http.StatusNotFound {
			return fmt.Errorf("%s is served by another release of bundle: end that server", c.server.URL)
		}
		if why, of := strings.CutPrefix(answer.Message, ErrSample.Error()); of {
			return fmt.Errorf("%w%s", ErrSample, why)
		}
	}
	c.kept, c.removed = reply.Conflicts, reply.Removed
	return err
}

// Kept names the parameters that were changed in the sample file and in the state. The value in the state was kept.
func (c *Client) Kept() []string { return c.kept }

// Removed names the parameters of the sample file that were deleted from the state.
func (c *Client) Removed() []string {
	if c.own != nil {
		return c.own.Removed()
	}
	return c.removed
}

// Serving reports whether another process serves the directory. Only then, URL works after this client is closed.
func (c *Client) Serving() bool { return c.own == nil }

// URL is the endpoint, such as "http://127.0.0.1:4566".
func (c *Client) URL() string { return c.server.URL }

// Credentials are the static credentials that may do everything.
func (c *Client) Credentials() (id, key string) { return c.server.ID, c.server.Secret }

// SetRegion sets the region of later calls; the default is Region.
func (c *Client) SetRegion(region string) { c.region = region }

// Close ends the client and the server that Attach started for it.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	if c.own == nil {
		return nil
	}
	return c.own.Close()
}

// SampleFile is a sample file as the request of a call. It is sent as it is; nil is empty.
type SampleFile []byte

// Call calls an operation of "ssm" or "kms", or with the service "local" a control operation of the server itself. It sends in as
// the request (nil is empty), and decodes the reply into out (nil drops it). An error of the service is a *call.Error.
func (c *Client) Call(ctx context.Context, service, operation string, in, out any) error {
	body := []byte("{}")
	if file, ok := in.(SampleFile); ok {
		if file != nil {
			body = file
		}
	} else if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := c.request(ctx, service, operation, body)
	if err != nil {
		return err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	reply, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return replyError(response.StatusCode, reply)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(reply, out); err != nil {
		return fmt.Errorf("the reply to %s:%s cannot be read", service, operation)
	}
	return nil
}

func (c *Client) request(ctx context.Context, service, operation string, body []byte) (*http.Request, error) {
	if service == "local" {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server.URL+controlPath+operation, bytes.NewReader(body))
		if err == nil {
			r.SetBasicAuth(c.server.ID, c.server.Secret)
		}
		return r, err
	}
	target, ok := jsonTargets()[service]
	if !ok {
		return nil, fmt.Errorf("this client does not speak to %q", service)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server.URL+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", jsonProtocol{}.contentType())
	r.Header.Set("X-Amz-Target", target+"."+operation)
	sigv4.Sign(r, body, sigv4.Credentials{ID: c.server.ID, Key: c.server.Secret}, c.region, service, time.Now())
	return r, nil
}

func replyError(status int, reply []byte) error {
	e := call.Error{Status: status}
	var members struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(reply, &members) == nil && members.Type != "" {
		e.Code, e.Message = members.Type, members.Message
	} else {
		e.Code, e.Message = http.StatusText(status), strings.TrimSpace(string(reply))
	}
	return &e
}
