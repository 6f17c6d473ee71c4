package secrets

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/kms"
)

// atOnce limits how many boxes of a client are being opened at any time.
const atOnce = 16

// A Decrypter opens one ciphertext with kms:Decrypt. It must name keyARN in the
// request, refuse a reply of another key (F-31), and pass the encryption
// context on as it is. Its errors should wrap one of the codes of this package;
// others count as ErrUnavailable. It is called by many goroutines at once.
type Decrypter interface {
	Decrypt(ctx context.Context, keyARN string, ciphertext []byte, encryptionContext map[string]string) ([]byte, error)
}

// Options change where a Client looks. The zero value is right inside a
// function.
type Options struct {
	// Dir is where the layer is unpacked. "" means BUNDLE_SECRETS_DIR, else /opt.
	Dir string
	// Document is the document of the function that BUNDLE_SECRETS_FUNCTION
	// names, in place of those of a folder.
	Document []byte
	// Environ gives the variables that settings, endpoint and credentials are
	// read from, as NAME=value. nil means os.Environ.
	Environ func() []string
	// Decrypter opens boxes. nil means runtime/kms.
	Decrypter Decrypter
	// Override lets LoadEnv replace variables that exist already.
	Override bool
}

// A Client opens one function's document, once. It may be used by many
// goroutines at the same time.
type Client struct {
	options Options
	flights flights
	slots   chan struct{} // one for each box being opened

	mu     sync.Mutex
	opened *document
	values map[string][]byte
}

// A document is a parsed one that all pins hold for.
type document struct {
	*sealed.Document
	key string // to be named to KMS
}

// New makes a client. It reads nothing yet.
func New(o Options) *Client {
	if o.Environ == nil {
		o.Environ = os.Environ
	}
	if o.Decrypter == nil {
		o.Decrypter = kms.New(kms.Options{Getenv: lookup(o.Environ)})
	}
	return &Client{options: o, slots: make(chan struct{}, atOnce), values: map[string][]byte{}}
}

// lookup turns a list of variables into a function that finds one.
func lookup(environ func() []string) func(string) string {
	return func(name string) string {
		for _, variable := range environ() {
			if key, value, _ := strings.Cut(variable, "="); key == name {
				return value
			}
		}
		return ""
	}
}

// Get returns one secret as text, as Parameter Store has it. Every error is an
// *[Error] whose code says which step failed.
func (c *Client) Get(ctx context.Context, name string) (string, error) {
	value, _, err := c.one(ctx, name)
	return string(value), err
}

// Bytes returns one secret as bytes of the caller's own. Where the manifest
// says base64 the value is decoded (standard alphabet, with padding; line ends
// are skipped); what does not decode is ErrValue.
func (c *Client) Bytes(ctx context.Context, name string) ([]byte, error) {
	value, source, err := c.one(ctx, name)
	if err != nil || source.Encoding != "base64" {
		return bytes.Clone(value), err
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(string(value))
	if err != nil { // it would say at which byte, and no more; still not passed on
		return nil, failf(ErrValue, "secret %s is not base64, as its manifest says", name)
	}
	return decoded, nil
}

// All returns every secret of the function by name, in a map of the caller's
// own: all of them or none (F-32).
func (c *Client) All(ctx context.Context) (map[string]string, error) {
	doc, err := c.document()
	if err != nil {
		return nil, err
	}
	names := doc.Header.Secrets()
	if err := c.open(ctx, doc, names); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]string, len(names))
	for _, name := range names {
		all[name] = string(c.values[name])
	}
	return all, nil
}

func (c *Client) one(ctx context.Context, name string) ([]byte, sealed.Source, error) {
	doc, err := c.document()
	if err != nil {
		return nil, sealed.Source{}, err
	}
	source, ok := doc.Header.Source(name)
	if !ok {
		return nil, source, unknown(name, doc.Header)
	}
	if err := c.open(ctx, doc, []string{name}); err != nil {
		return nil, source, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[name], source, nil
}

func unknown(name string, h sealed.Header) error {
	hint := ""
	if near := nearest(name, h.Secrets()); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return failf(ErrSecretNotFound, "the document of function %s has no secret %q among its %d%s", h.Name, name, len(h.Sources), hint)
}

// document finds and parses the document, unless that has been done.
func (c *Client) document() (*document, error) {
	c.mu.Lock()
	doc := c.opened
	c.mu.Unlock()
	if doc != nil {
		return doc, nil
	}
	parsed, s, err := load(c.options)
	if err != nil {
		return nil, err
	}
	return &document{parsed, regional(parsed, s.region)}, nil
}

// regional is the key's ARN in our own region where that may be (F-31).
func regional(doc *sealed.Document, region string) string {
	if !doc.MultiRegion() || region == "" {
		return doc.Key
	}
	return strings.Replace(doc.Key, ":"+doc.Region()+":", ":"+region+":", 1)
}

// open makes sure that the named secrets of a document are in values: the
// whole document in mode pack, and in mode blind what is asked for.
func (c *Client) open(ctx context.Context, doc *document, names []string) error {
	if doc.Header.Mode == sealed.Pack {
		return c.flights.do(ctx, "", c.missing(names), func(ctx context.Context) error { return c.openPack(ctx, doc) })
	}
	return each(ctx, len(names), func(ctx context.Context, i int) error {
		name := names[i]
		return c.flights.do(ctx, name, c.missing([]string{name}), func(ctx context.Context) error { return c.openBlind(ctx, doc, name) })
	})
}

// missing returns a function that reports whether one of the names is yet to
// be opened.
func (c *Client) missing(names []string) func() bool {
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, name := range names {
			if _, ok := c.values[name]; !ok {
				return true
			}
		}
		return false
	}
}

func (c *Client) openPack(ctx context.Context, doc *document) error {
	plaintexts := make([][]byte, len(doc.Ciphertexts))
	err := each(ctx, len(plaintexts), func(ctx context.Context, i int) (err error) {
		plaintexts[i], err = c.decrypt(ctx, doc, i)
		return err
	})
	if err != nil {
		return err
	}
	values, err := doc.Assemble(plaintexts)
	if err != nil {
		return &Error{ErrTampered, fmt.Sprintf("%s: %v", describe(doc), err), err}
	}
	c.keep(doc, values)
	return nil
}

// keep remembers what was opened.
func (c *Client) keep(doc *document, values map[string][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = doc
	maps.Copy(c.values, values)
}

func (c *Client) openBlind(ctx context.Context, doc *document, name string) error {
	for i, box := range doc.Header.Boxes {
		if box.Secrets[0] != name {
			continue
		}
		plaintext, err := c.decrypt(ctx, doc, i)
		if err != nil {
			return err
		}
		value, err := doc.Open(i, plaintext)
		if err != nil {
			return &Error{ErrTampered, fmt.Sprintf("%s: %v", describe(doc), err), err}
		}
		c.keep(doc, map[string][]byte{name: value})
		return nil
	}
	return failf(ErrDocument, "%s: %s is in no box", describe(doc), name) // F-16 forbids it
}

// decrypt opens box i, with at most atOnce others of this client.
func (c *Client) decrypt(ctx context.Context, doc *document, i int) ([]byte, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, left(ctx)
	}
	plaintext, err := c.options.Decrypter.Decrypt(ctx, doc.key, doc.Ciphertexts[i], doc.Context(i))
	if err == nil {
		return plaintext, nil
	}
	code, reason := CodeOf(err), err.Error()
	if code == "" {
		code = ErrUnavailable
	}
	var theirs *kms.Error
	if errors.As(err, &theirs) {
		reason = theirs.Reason
	}
	return nil, &Error{code, fmt.Sprintf("%s, box %d of %d, key %s: %s", describe(doc), i+1, len(doc.Ciphertexts), doc.key, reason), err}
}

// describe names a document in an error.
func describe(doc *document) string {
	h := doc.Header
	return fmt.Sprintf("the document of function %s (%s/%s, environment %s)", h.Name, h.Bundle, h.Function, h.Environment)
}

// left is the error of a caller whose context ended.
func left(ctx context.Context) error {
	return &Error{ErrUnavailable, "the caller did not wait for the secrets", context.Cause(ctx)}
}
