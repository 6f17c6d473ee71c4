package secrets

import (
	"errors"
	"fmt"

	"github.com/whispering/bundle/runtime/kms"
)

// A Code identifies a kind of failure, the same in every language. It is an
// error, for use with errors.Is. docs/runtime.md, section 3, says what to do
// about each code.
type Code = kms.Code

// The codes of failures.
const (
	ErrSetting          Code = "bad_setting"       // an unknown, empty or invalid BUNDLE_SECRETS_* variable
	ErrBundleNotFound   Code = "bundle_not_found"  // no document for this function
	ErrSecretNotFound   Code = "secret_not_found"  // the document has no secret with that name
	ErrUnknownFormat    Code = "unknown_format"    // the document has an unknown format
	ErrDocument         Code = "bad_document"      // the document breaks a rule of the format
	ErrWrongFunction    Code = "wrong_function"    // the document belongs to another function
	ErrWrongEnvironment Code = "wrong_environment" // the environment is not BUNDLE_SECRETS_ENVIRONMENT
	ErrWrongDigest      Code = "wrong_digest"      // the SHA-256 is not BUNDLE_SECRETS_SHA256
	ErrReservedVariable Code = "reserved_variable" // the name cannot become an environment variable
	ErrValue            Code = "bad_value"         // a NUL byte in an environment variable, or invalid base64

	ErrWrongKey     = kms.ErrWrongKey     // the key is not BUNDLE_SECRETS_KEY, or KMS used another key
	ErrTampered     = kms.ErrTampered     // a box does not open as what the header says
	ErrAccessDenied = kms.ErrAccessDenied // kms:Decrypt is denied
	ErrKeyUnusable  = kms.ErrKeyUnusable  // the key is disabled, pending deletion or does not exist
	ErrCredentials  = kms.ErrCredentials  // there are no credentials, or KMS does not accept them
	ErrEndpoint     = kms.ErrEndpoint     // the endpoint variables break docs/runtime.md, section 2
	ErrUnavailable  = kms.ErrUnavailable  // KMS could not be reached in time
	ErrReply        = kms.ErrReply        // KMS returned an invalid reply
)

// An Error says why secrets could not be opened. It names the document, the
// function and the key, and contains no value.
type Error struct {
	Code   Code
	Reason string
	cause  error
}

// Error returns the reason and the code.
func (e *Error) Error() string { return fmt.Sprintf("secrets: %s (%s)", e.Reason, string(e.Code)) }

// Is reports whether target is the error's code.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns the cause of the failure, or nil.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf returns the code of an error of this package or of runtime/kms, and ""
// for any other error.
func CodeOf(err error) Code {
	var ours *Error
	var theirs *kms.Error
	var code Code
	switch {
	case errors.As(err, &ours):
		return ours.Code
	case errors.As(err, &theirs):
		return theirs.Code
	case errors.As(err, &code):
		return code
	}
	return ""
}

func failf(code Code, format string, args ...any) error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}
