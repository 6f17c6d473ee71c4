package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what every rendering of a Value shows.
const redacted = "[redacted]"

// ErrNotBase64 reports a value with encoding base64 that is not standard base64 (RFC
// 4648 section 4, padded, on one line).
var ErrNotBase64 = errors.New("the value is not base64")

// Value contains one secret. It can be passed, stored and printed without showing
// its plaintext: every verb of fmt, slog, encoding/json, encoding/xml and
// text/template prints "[redacted]", and encoding/gob refuses it. Only Reveal returns
// the plaintext.
//
// The zero Value is empty. Values are immutable and safe for concurrent use. They
// cannot be compared with ==.
type Value struct {
	// bytes is a closure because fmt reads unexported fields by reflection, without
	// calling methods. Of a closure, it can print only an address.
	bytes func() []byte
}

// New returns a Value with a copy of b.
func New(b []byte) Value {
	own := append(make([]byte, 0, len(b)), b...)
	return Value{bytes: func() []byte { return own }}
}

// Reveal returns a copy of the plaintext, or nil for the zero Value. Callers must
// neither print nor keep it.
func (v Value) Reveal() []byte {
	return bytes.Clone(v.peek())
}

// Len returns the length of the plaintext in bytes.
func (v Value) Len() int {
	return len(v.peek())
}

// Contains reports whether the byte c occurs in the plaintext.
func (v Value) Contains(c byte) bool {
	return bytes.IndexByte(v.peek(), c) >= 0
}

// CheckBase64 reports whether the value can be decoded from base64. It returns nil
// for standard base64 with padding and without line breaks, which every runtime
// decodes alike, and otherwise an error wrapping ErrNotBase64.
func (v Value) CheckBase64() error {
	b := v.peek()
	if bytes.ContainsAny(b, "\r\n") {
		return fmt.Errorf("%w: it contains line breaks", ErrNotBase64)
	}
	// The decoder's own error says where the value is invalid, which reveals something
	// about it.
	if _, err := base64.StdEncoding.Strict().Decode(make([]byte, base64.StdEncoding.DecodedLen(len(b))), b); err != nil {
		return ErrNotBase64
	}
	return nil
}

// String returns "[redacted]".
func (v Value) String() string { return redacted }

// GoString returns "[redacted]".
func (v Value) GoString() string { return redacted }

// Format writes "[redacted]", whatever the verb and its flags.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (v Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "[redacted]" as a JSON string.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[redacted]".
func (v Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (v Value) peek() []byte {
	if v.bytes == nil {
		return nil
	}
	return v.bytes()
}
