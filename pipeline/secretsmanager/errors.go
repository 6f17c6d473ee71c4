package secretsmanager

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

var (
	// ErrMissing reports that the secret does not exist.
	ErrMissing error = awsfault.Sentinel("secretsmanager", "ResourceNotFoundException", awsfault.Other, "there is no such secret")
	// ErrVersion reports that the secret exists, but has no such version or stage, or no
	// value there.
	ErrVersion error = awsfault.Sentinel("secretsmanager", "no version", awsfault.Other, "the secret has no such version")
	// ErrDeleted reports that the secret is marked for deletion. It can be restored, so it
	// never counts as absent.
	ErrDeleted error = awsfault.Sentinel("secretsmanager", "deleted", awsfault.Other, "the secret is marked for deletion")
	// ErrUnsupported reports that the ID of the version has a form that a document cannot
	// hold.
	ErrUnsupported error = awsfault.Sentinel("secretsmanager", "unsupported", awsfault.Other, "its version ID is not supported")
	// ErrChanged reports that the stage moved to another version after it was looked up.
	// Looking it up again helps.
	ErrChanged error = awsfault.Sentinel("secretsmanager", "changed", awsfault.Unavailable, "the secret changed meanwhile")
	// ErrDenied reports that the caller is not allowed to read the secret.
	ErrDenied error = awsfault.Sentinel("secretsmanager", "", awsfault.Denied, "reading it is not allowed")
	// ErrUndecryptable reports that the caller may read the secret, but its key cannot be
	// used: access is denied, or the key is disabled or deleted.
	ErrUndecryptable error = awsfault.Sentinel("secretsmanager", decryptionFailure, awsfault.Other, "it cannot be decrypted")
	// ErrReply reports a reply that AWS should never send.
	ErrReply error = awsfault.Sentinel("secretsmanager", "", awsfault.Malformed, "the reply does not match the request")
	// ErrUnavailable reports that there was no answer: a network error, a timeout, a fault
	// of AWS, or throttling that outlasted all retries.
	ErrUnavailable error = awsfault.Sentinel("secretsmanager", "", awsfault.Unavailable, "no answer from Secrets Manager")
	// ErrCredentials reports that there are no credentials, or that AWS does not accept
	// them.
	ErrCredentials error = awsfault.Sentinel("secretsmanager", "", awsfault.Credentials, "no usable AWS credentials")
)

// The codes that say more than their class:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
const (
	notFound          = "ResourceNotFoundException" // of a secret, a version, a stage or a value
	invalidRequest    = "InvalidRequestException"   // such as one for a secret that is marked for deletion
	decryptionFailure = "DecryptionFailure"
)

func missingError(ref secret.Ref, cause error) error {
	return fmt.Errorf("%w: %q: %s", ErrMissing, ref, awsfault.Describe(cause))
}

func versionError(ref secret.Ref, fault string) error {
	return fmt.Errorf("%w: %q has %s", ErrVersion, ref, fault)
}

func deletedError(ref secret.Ref, d Description) error {
	return fmt.Errorf("%w: %q will be deleted on %s", ErrDeleted, ref, d.Deleted.Format(time.RFC3339))
}

func changedError(ref secret.Ref) error {
	return fmt.Errorf("%w: stage %q of %q is at another version than before", ErrChanged, ref.Selector, ref)
}

func unsupportedError(ref secret.Ref) error {
	return fmt.Errorf("%w: the version ID of %q is not made up of 32 to 64 letters, digits, \".\", \"-\" and \"_\"", ErrUnsupported, ref)
}

func replyError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrReply, fmt.Sprintf(format, args...))
}

// refused reports whether AWS answered a call with an error about what was requested,
// and not with one that every call would get.
func refused(err error) bool {
	what := sentinel(err)
	return awsfault.Code(err) != "" && !errors.Is(what, ErrCredentials) && !errors.Is(what, ErrUnavailable)
}

// refusalError returns the error of a refused call.
func refusalError(cause error) error {
	return fmt.Errorf("%w: %w", sentinel(cause), awsfault.Explain(cause))
}

// sentinel maps an error of the SDK by its code:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
func sentinel(err error) error {
	switch awsfault.Classify(err) {
	case awsfault.Credentials:
		return ErrCredentials
	case awsfault.Denied:
		if awsfault.DenialOf(err).OfKey() {
			return ErrUndecryptable
		}
		return ErrDenied
	case awsfault.Throttled, awsfault.Unavailable:
		return ErrUnavailable
	case awsfault.Malformed:
		return ErrReply
	}
	switch awsfault.Code(err) {
	case notFound:
		return ErrMissing
	case decryptionFailure:
		return ErrUndecryptable
	case "":
		return ErrUnavailable
	}
	return ErrReply
}

// stopped returns the error that ended a whole read. It keeps only a description of the
// cause: the timeout of one attempt must not look like the end of ctx.
func (s *Source) stopped(ctx context.Context, cause error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w%s", ErrUnavailable, awsfault.Ended(ctx, cause), s.pacer.Note())
	case errors.Is(sentinel(cause), ErrUnavailable):
		return fmt.Errorf("%w: %w%s", ErrUnavailable, awsfault.Explain(cause), s.pacer.Note())
	}
	return refusalError(cause)
}
