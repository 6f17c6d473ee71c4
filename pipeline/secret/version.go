package secret

import (
	"fmt"
	"time"
)

// Version is one version of one parameter or secret, as its store describes it.
type Version struct {
	ARN      string    // of the parameter or secret, without a version
	Number   int64     // of a parameter, from 1; a deleted and recreated one starts at 1 again. 0 for a secret
	ID       string    // of a secret's version, which has no order; "" for a parameter
	Modified time.Time // when the version was written; in UTC, truncated to milliseconds. Zero while it is not known
}

// Encoding says how a function's helper returns a secret. The document always has
// the value as Parameter Store has it.
type Encoding string

const (
	// Text returns the value as it is. It is the default.
	Text Encoding = "text"
	// Base64 returns the bytes that the value encodes in base64.
	Base64 Encoding = "base64"
)

// ParseEncoding parses an encoding of a manifest. "" means Text.
func ParseEncoding(s string) (Encoding, error) {
	switch Encoding(s) {
	case "", Text:
		return Text, nil
	case Base64:
		return Base64, nil
	}
	return "", fmt.Errorf("unknown encoding %q: use %q or %q", clip(s), Text, Base64)
}
