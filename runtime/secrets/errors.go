package secrets

import (
	"errors"
	"fmt"

	"github.com/whispering/bundle/runtime/kms"
)

// A Code names a kind of failure, the same in every language. It is an error,
// for use with errors.Is; docs/runtime.md section 3 says what to do about each.
type Code = kms.Code

// The failures of opening secrets.
const (
	ErrSetting          Code = "bad_setting"       // an unknown, empty or illegal BUNDLE_SECRETS_* variable
	ErrBundleNotFound   Code = "bundle_not_found"  // no document for this function
	ErrSecretNotFound   Code = "secret_not_found"  // the document has no such secret
	ErrUnknownFormat    Code = "unknown_format"    // a document of another format
	ErrDocument         Code = "bad_document"      // a document that breaks a rule of the format
	ErrWrongFunction    Code = "wrong_function"    // another function's document
	ErrWrongEnvironment Code = "wrong_environment" // not BUNDLE_SECRETS_ENVIRONMENT
	ErrWrongDigest      Code = "wrong_digest"      // not BUNDLE_SECRETS_SHA256
	ErrReservedVariable Code = "reserved_variable" // a name that no environment may get from us
	ErrValue            Code = "bad_value"         // a NUL for an environment, or no base64

	ErrWrongKey     = kms.ErrWrongKey     // not BUNDLE_SECRETS_KEY, or KMS used another key
	ErrTampered     = kms.ErrTampered     // a box is not what the header says
	ErrAccessDenied = kms.ErrAccessDenied // kms:Decrypt is denied
	ErrKeyUnusable  = kms.ErrKeyUnusable  // disabled, being deleted, gone
	ErrCredentials  = kms.ErrCredentials  // none, or refused
	ErrEndpoint     = kms.ErrEndpoint     // the endpoint variables are not allowed here
	ErrUnavailable  = kms.ErrUnavailable  // KMS was out of reach until time was up
	ErrReply        = kms.ErrReply        // KMS answered what it never should
)

// An Error says why secrets could not be had. It names the document, the
// function and the key, and holds no value.
type Error struct {
	Code   Code
	Reason string
	cause  error
}

// Error returns the reason and the code.
func (e *Error) Error() string { return fmt.Sprintf("secrets: %s (%s)", e.Reason, string(e.Code)) }

// Is reports whether target is the error's code.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns what the failure came from, or nil.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf returns the code of an error of this package or of runtime/kms, and ""
// for any other.
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
