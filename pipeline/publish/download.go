package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/layerbuild"
)

// Download returns the content of a version that Find found. It must have the
// size and the digest that Lambda has for it, and be no larger than a layer of
// bundle can be.
//
// Its errors wrap ErrDamaged, ErrReply, ErrUnavailable or the context's error.
func (l *Lambda) Download(ctx context.Context, v Version) ([]byte, error) {
	if v.Size > layerbuild.MaxBytes {
		return nil, fmt.Errorf("%w: it has %d bytes; a bundle layer has at most %d", ErrDamaged, v.Size, layerbuild.MaxBytes)
	}
	link, err := l.checkLocation(v.location)
	if err != nil {
		return nil, err
	}
	const attempts = 4
	var content []byte
	asked := &awsfault.Asked{Operation: "the content of the layer", Host: awsfault.Printable(link.Host)}
	for attempt := range attempts {
		asked.Attempts++
		content, err = l.fetch(ctx, link, v.Size)
		if !errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
			break
		}
		asked.Failed++
		_ = pacing.Rest(ctx, 200*time.Millisecond<<attempt) // the context is asked below
	}
	if ctx.Err() != nil {
		return nil, failure(ctx, asked.With(ctx.Err()))
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	if digest := hex.EncodeToString(sum[:]); digest != v.SHA256 || int64(len(content)) != v.Size {
		return nil, fmt.Errorf("%w: received %d bytes with SHA-256 %s; published were %d bytes with SHA-256 %s", ErrDamaged, len(content), digest, v.Size, v.SHA256)
	}
	return content, nil
}

// checkLocation accepts a link with https, or one to the endpoint of the call itself.
// Errors do not repeat a link, because anyone who has it can download the layer.
func (l *Lambda) checkLocation(location string) (*url.URL, error) {
	link, err := url.Parse(location)
	if err != nil || link.Host == "" || link.User != nil {
		return nil, fmt.Errorf("%w: it has no link to the content", ErrReply)
	}
	base, err := url.Parse(l.base)
	own := err == nil && link.Scheme == base.Scheme && link.Host == base.Host
	if link.Scheme != "https" && !own {
		return nil, fmt.Errorf("%w: the link to the content points to %q and is not https", ErrReply, awsfault.Printable(link.Host))
	}
	return link, nil
}

func (l *Lambda) fetch(ctx context.Context, link *url.URL, size int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: it has no link to the content", ErrReply)
	}
	response, err := l.http.Do(request)
	if err != nil {
		return nil, unavailable(link, err, fmt.Sprintf("the content of the layer is not available from %s: %s", link.Host, awsfault.Network(err)))
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; {
	case status >= 500 || status == http.StatusTooManyRequests:
		return nil, unavailable(link, nil, fmt.Sprintf("the link to the content returned HTTP status %d", status))
	case status != http.StatusOK:
		return nil, fmt.Errorf("%w: the link to the content returned HTTP status %d", ErrReply, status)
	}
	content := bytes.NewBuffer(make([]byte, 0, size+1+bytes.MinRead))
	_, err = content.ReadFrom(io.LimitReader(response.Body, size+1)) // one more byte, to detect content that is too long
	if err != nil {
		return nil, unavailable(link, err, fmt.Sprintf("the content of the layer was cut short: %s", awsfault.Network(err)))
	}
	return content.Bytes(), nil
}

func unavailable(link *url.URL, err error, text string) error {
	return fmt.Errorf("%w: %w", ErrUnavailable, awsfault.NoReply("lambda", awsfault.Printable(link.Host), err, text))
}
