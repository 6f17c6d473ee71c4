package sealed

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// A Document has the sealed secrets of one function. New and Parse create it.
// It never changes after that: callers must not modify its fields or the slices
// in them.
type Document struct {
	Header      Header
	Key         string   // ARN of the KMS key that all boxes are sealed under
	Ciphertexts [][]byte // one per box, in order

	raw    []byte
	header int // length of the header in raw
	key    arn
}

// A Draft is a document without its key and ciphertexts.
type Draft struct {
	header  Header
	written []byte
}

// Begin creates a draft with a header, which must not be modified afterwards. Its
// error is that of Marshal.
func Begin(h Header) (*Draft, error) {
	written, err := h.Marshal()
	if err != nil {
		return nil, err
	}
	return &Draft{h, written}, nil
}

// Contexts returns the encryption context of each box, in order (F-22).
func (d *Draft) Contexts() []map[string]string { return contexts(d.header, d.written) }

// New creates a document from its header, the ARN of its key, and one
// ciphertext per box, in order. If Parse would refuse the document, New returns
// a *FormatError.
func New(h Header, key string, ciphertexts [][]byte) (*Document, error) {
	d, err := Begin(h)
	if err != nil {
		return nil, err
	}
	return d.Seal(key, ciphertexts)
}

// Seal creates the document, as New does.
func (d *Draft) Seal(key string, ciphertexts [][]byte) (*Document, error) {
	n := len("key \n") + len(key)
	for _, c := range ciphertexts {
		n += base64.StdEncoding.EncodedLen(len(c)) + len("\n")
	}
	b := append(append(append(slices.Grow(slices.Clip(d.written), n), "key "...), key...), '\n')
	for _, c := range ciphertexts {
		b = append(base64.StdEncoding.AppendEncode(b, c), '\n')
	}
	return Parse(b)
}

// Bytes returns the bytes of the document in a layer, which must not be modified.
func (d *Document) Bytes() []byte { return slices.Clip(d.raw) }

// SHA256 returns the SHA-256 of the whole document, in lower-case hexadecimal.
// BUNDLE_SECRETS_SHA256 pins this value (F-30).
func (d *Document) SHA256() string { return digest(d.raw) }

// HeaderSHA256 returns the SHA-256 of the header, in lower-case hexadecimal: the value of
// bundle:document in the encryption context of each box (F-22). Documents that were sealed
// again from the same versions have the same one.
func (d *Document) HeaderSHA256() string { return digest(d.raw[:d.header]) }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Context returns the encryption context of box i, counted from 0 (F-22). It
// panics if there is no such box.
func (d *Document) Context(i int) map[string]string {
	return contexts(d.Header, d.raw[:d.header])[i]
}

// Partition returns the AWS partition of the document's key, for example "aws".
func (d *Document) Partition() string { return d.key.partition }

// Region returns the AWS Region of the document's key.
func (d *Document) Region() string { return d.key.region }

// Account returns the AWS account of the document's key, 12 digits.
func (d *Document) Account() string { return d.key.account }

// MultiRegion reports whether the key is a multi-Region key. A reader can
// replace the region in the ARN of such a key with its own (F-31).
func (d *Document) MultiRegion() bool { return strings.HasPrefix(d.key.resource, "key/mrk-") }

// Embedded reports whether the embedded AWS sealed the document (F-33).
func (d *Document) Embedded() bool { return d.key.account == EmbeddedAccount }
