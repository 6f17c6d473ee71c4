package kms

import "fmt"

// A Code identifies a kind of failure, the same in every language
// (docs/runtime.md, section 3). It is an error, for use with errors.Is:
// errors.Is(err, ErrUnavailable) works for every error of a Client.
type Code string

// Error returns the code.
func (c Code) Error() string { return string(c) }

// The codes of failures of Decrypt.
const (
	// ErrAccessDenied: the caller is not allowed to use the key in this way.
	ErrAccessDenied Code = "access_denied"
	// ErrKeyUnusable: the key is disabled, pending deletion, or does not exist.
	ErrKeyUnusable Code = "key_unusable"
	// ErrWrongKey: the ciphertext was not created under the key, or KMS used
	// another key.
	ErrWrongKey Code = "wrong_key"
	// ErrTampered: the ciphertext or its encryption context was changed.
	ErrTampered Code = "tampered"
	// ErrCredentials: there are no credentials, or AWS does not accept them.
	ErrCredentials Code = "credentials"
	// ErrEndpoint: the endpoint variables are not allowed for this key.
	ErrEndpoint Code = "bad_endpoint"
	// ErrUnavailable: KMS throttled, failed or could not be reached in time.
	ErrUnavailable Code = "unavailable"
	// ErrReply: KMS, or something in between, returned an invalid reply.
	ErrReply Code = "bad_reply"
)

// next says what to do after a failure.
type next int

const (
	final next = iota
	tryAgain
	signAgain // once, with fresh credentials and the server's time
)

// An Error says why a ciphertext was not opened. It contains no plaintext.
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

// Unwrap returns the cause of the failure, for example context.Canceled, or nil.
func (e *Error) Unwrap() error { return e.cause }

func failf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// classify returns the Code for an error code of AWS, and what to do next. The
// AWS codes are from
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html and
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html; the
// others belong to the protocol or to temporary credentials.
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
		return ErrCredentials, signAgain
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
