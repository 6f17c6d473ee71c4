package sealed

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// A Document is one function's sealed secrets. Its content is never changed
// after New or Parse made it; callers must not modify what its fields hold.
type Document struct {
	Header      Header
	Key         string   // ARN of the KMS key of all boxes
	Ciphertexts [][]byte // one per box, in order

	raw    []byte
	header int // length of the header in raw
	key    arn
}

// New puts a document together. It refuses, with a *FormatError, any that
// Parse would refuse.
func New(h Header, key string, ciphertexts [][]byte) (*Document, error) {
	header, err := h.Marshal()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(header)
	b.WriteString("key " + key + "\n")
	for _, c := range ciphertexts {
		b.WriteString(base64.StdEncoding.EncodeToString(c))
		b.WriteByte('\n')
	}
	return Parse(b.Bytes())
}

// Bytes returns the document as it stands in a layer.
func (d *Document) Bytes() []byte { return bytes.Clone(d.raw) }

// SHA256 returns the hash of the whole document in lower-case hexadecimal:
// what BUNDLE_SECRETS_SHA256 pins (F-30).
func (d *Document) SHA256() string {
	sum := sha256.Sum256(d.raw)
	return hex.EncodeToString(sum[:])
}

// Context returns the encryption context of box i, counted from 0 (F-22).
func (d *Document) Context(i int) map[string]string {
	return contexts(d.Header, d.raw[:d.header])[i]
}

// Partition returns that of the document's key, for example "aws".
func (d *Document) Partition() string { return d.key.partition }

// Region returns that of the document's key.
func (d *Document) Region() string { return d.key.region }

// Account returns that of the document's key: 12 digits.
func (d *Document) Account() string { return d.key.account }

// MultiRegion reports whether the key is a multi-Region key, for which a
// reader may put its own region into the ARN (F-31).
func (d *Document) MultiRegion() bool { return strings.HasPrefix(d.key.resource, "key/mrk-") }

// Embedded reports whether the document was sealed by the embedded AWS (F-33).
func (d *Document) Embedded() bool { return d.key.account == EmbeddedAccount }
