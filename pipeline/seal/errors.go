package seal

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var (
	// ErrKeyMissing reports that there is no such key or alias in this account
	// and region.
	ErrKeyMissing = errors.New("there is no such key")
	// ErrKeyDenied reports that the caller may not use the key this way.
	ErrKeyDenied = errors.New("using the key is not allowed")
	// ErrKeyState reports a key that cannot encrypt: disabled, pending deletion,
	// without key material, or not made for symmetric encryption.
	ErrKeyState = errors.New("the key cannot be used")
	// ErrReply reports a reply that AWS should never give.
	ErrReply = errors.New("the reply is not an answer to what was asked")
	// ErrUnavailable reports that no answer was to be had: the network, a
	// time-out, a fault at AWS, or throttling that outlasted all retries.
	ErrUnavailable = errors.New("no answer from KMS")
	// ErrCredentials reports that there are no credentials, or that AWS does not
	// accept them.
	ErrCredentials = errors.New("no usable AWS credentials")
)

// sentinel maps an error of the SDK by its code:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
func sentinel(err error) error {
	var marked interface{ CredentialsError() bool }
	if errors.As(err, &marked) {
		return ErrCredentials
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ErrUnavailable
	}
	switch api.ErrorCode() {
	case "NotFoundException", "InvalidArnException":
		return ErrKeyMissing
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnauthorizedOperation":
		return ErrKeyDenied
	case "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException":
		return ErrKeyState
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException", "InvalidClientTokenId",
		"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature",
		"IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure":
		return ErrCredentials
	case "KMSInternalException", "KeyUnavailableException", "DependencyTimeoutException", "InternalFailure",
		"ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException",
		"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "SlowDown", "", "UnknownError": // the last two are not answers of AWS
		return ErrUnavailable
	}
	if status(err) >= 500 || status(err) == 429 {
		return ErrUnavailable
	}
	return ErrReply
}

// describe says what went wrong: in AWS's words for a refusal, in those of the
// network for a call that was not sent, and never in those of a parser.
func describe(err error) string {
	var marked interface {
		error
		CredentialsError() bool
	}
	var api smithy.APIError
	var send *smithyhttp.RequestSendError
	text := ""
	switch {
	case errors.As(err, &marked):
		return printable(marked.Error())
	case errors.As(err, &api) && api.ErrorCode() != "" && api.ErrorCode() != "UnknownError":
		text = printable(strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": "))
	case errors.As(err, &send):
		cause := send.Err
		var at *url.Error
		if errors.As(cause, &at) {
			cause = at.Err
		}
		return printable(cause.Error())
	case status(err) != 0:
		text = fmt.Sprintf("a reply with HTTP status %d that is not from AWS or was cut short", status(err))
	case errors.Is(err, context.DeadlineExceeded):
		return "time-out"
	default:
		return fmt.Sprintf("the call failed (%T)", err)
	}
	var id interface{ ServiceRequestID() string }
	if errors.As(err, &id) && id.ServiceRequestID() != "" {
		text += fmt.Sprintf(" (request id %s)", printable(id.ServiceRequestID()))
	}
	return text
}

// withoutEcho returns text, unless it repeats some of the plaintext that the
// request carried. AWS's messages do not, but those of a proxy might. The window
// is wide enough that a key's ARN or a region, should the plaintext hold one,
// does not count.
func withoutEcho(text string, plaintext []byte) string {
	const withheld = "the message is withheld, as it repeats some of what was to be encrypted"
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

// status returns the HTTP status of the reply that an error is about, or 0.
func status(err error) int {
	var reply interface{ HTTPStatusCode() int }
	if errors.As(err, &reply) {
		return reply.HTTPStatusCode()
	}
	return 0
}

// printable makes text from elsewhere fit for one line of an error message.
func printable(s string) string {
	const most = 600
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.TrimRight(s, ". ")
}
