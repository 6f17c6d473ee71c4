package secret

import (
	"fmt"
	"time"
)

// Version is one version of one parameter, as Parameter Store describes it.
type Version struct {
	ARN      string    // of the parameter, without a version
	Number   int64     // from 1; a deleted and recreated parameter starts at 1 again
	Modified time.Time // in UTC, truncated to milliseconds
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
