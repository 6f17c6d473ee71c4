package seal

import (
	"bytes"
	"encoding/base64"

	"github.com/whispering/bundle/internal/awsfault"
)

var (
	// ErrKeyMissing reports that the key or alias does not exist in this account and
	// region.
	ErrKeyMissing error = awsfault.Sentinel("kms", "NotFoundException", awsfault.Other, "there is no such key")
	// ErrKeyDenied reports that the caller is not allowed to use the key this way.
	ErrKeyDenied error = awsfault.Sentinel("kms", "", awsfault.Denied, "using the key is not allowed")
	// ErrKeyState reports a key that cannot encrypt: it is disabled, pending deletion,
	// without key material, or not for symmetric encryption.
	ErrKeyState error = awsfault.Sentinel("kms", "DisabledException", awsfault.Other, "the key cannot be used")
	// ErrReply reports a reply that AWS should never send.
	ErrReply error = awsfault.Sentinel("kms", "", awsfault.Malformed, "the reply does not match the request")
	// ErrUnavailable reports that there was no answer: a network error, a timeout, a
	// fault of AWS, or throttling that outlasted all retries.
	ErrUnavailable error = awsfault.Sentinel("kms", "", awsfault.Unavailable, "no answer from KMS")
	// ErrCredentials reports that there are no credentials, or that AWS does not
	// accept them.
	ErrCredentials error = awsfault.Sentinel("kms", "", awsfault.Credentials, "no usable AWS credentials")
)

// sentinel maps an error of the SDK by its code:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
func sentinel(err error) error {
	switch awsfault.Classify(err) {
	case awsfault.Credentials:
		return ErrCredentials
	case awsfault.Denied:
		return ErrKeyDenied
	case awsfault.Throttled, awsfault.Unavailable:
		return ErrUnavailable
	case awsfault.Malformed:
		return ErrReply
	}
	switch awsfault.Code(err) {
	case "NotFoundException", "InvalidArnException":
		return ErrKeyMissing
	case "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException":
		return ErrKeyState
	case "":
		return ErrUnavailable
	}
	return ErrReply
}

// withoutEcho returns text, unless it repeats part of the plaintext in the request.
// AWS's messages do not, but those of a proxy might. The window is long enough to
// ignore a key's ARN or a region that the plaintext also contains.
func withoutEcho(text string, plaintext []byte) string {
	const withheld = "the message is withheld because it repeats part of the plaintext"
	window := min(20, len(plaintext))
	if window == 0 {
		return text
	}
	encoded := []byte(base64.StdEncoding.EncodeToString(plaintext))
	for i := range max(0, len(text)-window+1) {
		part := []byte(text[i : i+window])
		if bytes.Contains(plaintext, part) || bytes.Contains(encoded, part) {
			return withheld
		}
	}
	return text
}
