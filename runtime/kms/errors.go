package kms

import "fmt"

// A Code names a kind of failure: one of docs/runtime.md section 3, the same in
// every language. It is an error itself, so that errors.Is(err, ErrUnavailable)
// works on whatever a Client returns.
type Code string

// Error returns the code.
func (c Code) Error() string { return string(c) }

// The failures of Decrypt.
const (
	// ErrAccessDenied: the caller may not use the key for this.
	ErrAccessDenied Code = "access_denied"
	// ErrKeyUnusable: the key is disabled, being deleted, or not there.
	ErrKeyUnusable Code = "key_unusable"
	// ErrWrongKey: the ciphertext was not made under the key, or KMS used another.
	ErrWrongKey Code = "wrong_key"
	// ErrTampered: the ciphertext or its encryption context is not what was sealed.
	ErrTampered Code = "tampered"
	// ErrCredentials: there are none, or AWS does not take them.
	ErrCredentials Code = "credentials"
	// ErrEndpoint: the endpoint variables are not allowed for this key.
	ErrEndpoint Code = "bad_endpoint"
	// ErrUnavailable: KMS was throttling, failing or out of reach until time was up.
	ErrUnavailable Code = "unavailable"
	// ErrReply: KMS, or something in between, answered what it never should.
	ErrReply Code = "bad_reply"
)

// What to do about a failure.
type next int

const (
	final next = iota
	tryAgain
	signAnew // once, with fresh credentials and the server's time
)

// An Error says why a ciphertext was not opened. It holds no plaintext.
type Error struct {
	Code   Code
	Reason string
	cause  error
	next   next
}

// Error returns the reason and the code.
func (e *Error) Error() string { return fmt.Sprintf("kms: %s (%s)", e.Reason, string(e.Code)) }

// Is reports whether target is the error's code.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns what the failure came from, or nil: the end of the caller's
// context among others.
func (e *Error) Unwrap() error { return e.cause }

func failf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// classify turns an error code of AWS into one of ours. The codes are those of
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html and of
// API_Decrypt there; others belong to the protocol or to STS's credentials.
func classify(awsCode string, status int) (Code, next) {
	switch awsCode {
	case "AccessDeniedException":
		return ErrAccessDenied, final
	case "DisabledException", "KMSInvalidStateException", "NotFoundException", "InvalidKeyUsageException":
		return ErrKeyUnusable, final
	case "IncorrectKeyException":
		return ErrWrongKey, final
	case "InvalidCiphertextException":
		return ErrTampered, final
	case "ExpiredTokenException", "ExpiredToken", "InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired",
		"RequestInTheFuture", "RequestTimeTooSkewed", "UnrecognizedClientException", "InvalidClientTokenId":
		return ErrCredentials, signAnew
	case "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature", "IncompleteSignatureException":
		return ErrCredentials, final
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "KeyUnavailableException",
		"DependencyTimeoutException", "KMSInternalException", "RequestTimeout", "RequestTimeoutException":
		return ErrUnavailable, tryAgain
	}
	if status == 429 || status >= 500 {
		return ErrUnavailable, tryAgain
	}
	return ErrReply, final
}
