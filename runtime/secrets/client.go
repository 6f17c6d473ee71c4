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

// atOnce is the maximum number of boxes that a client opens at the same time.
const atOnce = 16

// A Decrypter opens one ciphertext with kms:Decrypt. It must send keyARN and the
// unchanged encryption context, and refuse a reply for another key (F-31). Its
// errors should wrap one of the codes of this package; any other error counts as
// ErrUnavailable. Many goroutines can call it at the same time.
type Decrypter interface {
	Decrypt(ctx context.Context, keyARN string, ciphertext []byte, encryptionContext map[string]string) ([]byte, error)
}

// Options configure a Client. In a function, use the zero value.
type Options struct {
	// Dir is the folder of the unpacked layer. The default is BUNDLE_SECRETS_DIR,
	// or /opt if that is not set.
	Dir string
	// Document is the document of the function that BUNDLE_SECRETS_FUNCTION
	// names, by either of its names. If it is set, no folder is read.
	Document []byte
	// Environ returns the variables for settings, endpoint and credentials, as
	// NAME=value. The default is os.Environ.
	Environ func() []string
	// Decrypter opens boxes. The default is a client of runtime/kms.
	Decrypter Decrypter
	// Override makes LoadEnv replace existing variables.
	Override bool
}

// A Client opens the document of one function, once. Many goroutines can use it
// at the same time.
type Client struct {
	options Options
	flights flights
	slots   chan struct{} // one for each box being opened

	mu     sync.Mutex
	opened *document
	values map[string][]byte
}

// A document is a parsed document that matches all pins.
type document struct {
	*sealed.Document
	key string // the ARN to send to KMS
}

// New creates a client. It reads nothing yet.
func New(o Options) *Client {
	if o.Environ == nil {
		o.Environ = os.Environ
	}
	if o.Decrypter == nil {
		o.Decrypter = kms.New(kms.Options{Getenv: lookup(o.Environ)})
	}
	return &Client{options: o, slots: make(chan struct{}, atOnce), values: map[string][]byte{}}
}

// lookup returns a function that returns the value of a variable in environ.
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

// Get returns the value of one secret as a string, unchanged from Parameter
// Store. Every error is an *[Error]; its code says what failed.
func (c *Client) Get(ctx context.Context, name string) (string, error) {
	value, _, err := c.one(ctx, name)
	return string(value), err
}

// Bytes returns the value of one secret as a new slice of bytes. If the manifest
// says encoding = "base64", it decodes the value: the standard alphabet, with
// padding; line ends are skipped. A value that does not decode is ErrValue. The
// other errors are those of Get.
func (c *Client) Bytes(ctx context.Context, name string) ([]byte, error) {
	value, source, err := c.one(ctx, name)
	if err != nil || source.Encoding != "base64" {
		return bytes.Clone(value), err
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(string(value))
	if err != nil { // err is not included, although it only names a position
		return nil, failf(ErrValue, `secret %s is not valid base64, but the manifest says encoding = "base64"`, name)
	}
	return decoded, nil
}

// All returns the values of all secrets of the function, by name, in a new map.
// If one fails, it returns none (F-32). Every error is an *[Error].
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
	return failf(ErrSecretNotFound, "the document of function %s has no secret %q%s", h.Name, name, hint)
}

// document returns the open document, or finds and parses it.
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

// regional returns the ARN of the document's key: in region if it is a
// multi-Region key and region is not empty, else unchanged (F-31).
func regional(doc *sealed.Document, region string) string {
	if !doc.MultiRegion() || region == "" {
		return doc.Key
	}
	return strings.Replace(doc.Key, ":"+doc.Region()+":", ":"+region+":", 1)
}

// open makes sure that the named secrets are in c.values. In mode pack, it opens
// the whole document; in mode blind, only the boxes of these secrets.
func (c *Client) open(ctx context.Context, doc *document, names []string) error {
	if doc.Header.Mode == sealed.Pack {
		return c.flights.do(ctx, "", c.missing(names), func(ctx context.Context) error { return c.openPack(ctx, doc) })
	}
	return each(ctx, len(names), func(ctx context.Context, i int) error {
		name := names[i]
		return c.flights.do(ctx, name, c.missing([]string{name}), func(ctx context.Context) error { return c.openBlind(ctx, doc, name) })
	})
}

// missing returns a function that reports whether one of the named secrets is
// not open yet.
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

// keep stores an open document and its values.
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
	return failf(ErrDocument, "%s: %s is not in any box", describe(doc), name) // F-16 excludes this
}

// decrypt opens box i, as one of at most atOnce at the same time.
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

// describe returns the description of a document for an error.
func describe(doc *document) string {
	h := doc.Header
	return fmt.Sprintf("the document of function %s (%s/%s, environment %s)", h.Name, h.Bundle, h.Function, h.Environment)
}

// left returns the error for a caller whose context ended.
func left(ctx context.Context) error {
	return &Error{ErrUnavailable, "the caller's context ended before the secrets were open", context.Cause(ctx)}
}
