package param

import (
	"context"
	"errors"
	"fmt"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

var (
	// ErrMissing reports that the parameter does not exist.
	ErrMissing error = awsfault.Sentinel("ssm", "ParameterNotFound", awsfault.Other, "there is no such parameter")
	// ErrVersion reports that the parameter exists, but not the version or label.
	ErrVersion error = awsfault.Sentinel("ssm", "ParameterVersionNotFound", awsfault.Other, "the parameter has no such version or label")
	// ErrDenied reports that the caller is not allowed to read the parameter or path.
	ErrDenied error = awsfault.Sentinel("ssm", "", awsfault.Denied, "reading it is not allowed")
	// ErrUndecryptable reports that the caller may read the parameter, but its key
	// cannot be used: access is denied, or the key is disabled or deleted.
	ErrUndecryptable error = awsfault.Sentinel("ssm", "InvalidKeyId", awsfault.Other, "it cannot be decrypted")
	// ErrReply reports a reply that AWS should never send.
	ErrReply error = awsfault.Sentinel("ssm", "", awsfault.Malformed, "the reply does not match the request")
	// ErrUnavailable reports that there was no answer: a network error, a timeout, a
	// fault of AWS, or throttling that outlasted all retries.
	ErrUnavailable error = awsfault.Sentinel("ssm", "", awsfault.Unavailable, "no answer from Parameter Store")
	// ErrCredentials reports that there are no credentials, or that AWS does not
	// accept them.
	ErrCredentials error = awsfault.Sentinel("ssm", "", awsfault.Credentials, "no usable AWS credentials")
)

func missingError(ref secret.Ref) error {
	return fmt.Errorf("%w: %q", ErrMissing, ref)
}

func versionError(ref secret.Ref) error {
	return fmt.Errorf("%w: %q of %q", ErrVersion, ref.Selector, ref.Name)
}

func replyError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrReply, fmt.Sprintf(format, args...))
}

func undecryptable(cause error) error {
	why := awsfault.Explain(cause)
	why.Denial.Key = why.Denial.Key || why.Class() == awsfault.Denied && why.Denial.Action == ""
	return fmt.Errorf("%w: %w", ErrUndecryptable, why)
}

func isMissing(err error) bool { return errors.Is(err, ErrMissing) }

// refused reports whether AWS answered a call with an error about what was
// requested, and not with one that every call would get.
func refused(err error) bool {
	what := sentinel(err)
	return awsfault.Code(err) != "" && !errors.Is(what, ErrCredentials) && !errors.Is(what, ErrUnavailable)
}

func isDenied(err error) bool { return errors.Is(sentinel(err), ErrDenied) }

// refusalError returns the error of a refused call for a single parameter.
func refusalError(cause error) error {
	return fmt.Errorf("%w: %w", sentinel(cause), awsfault.Explain(cause))
}

// sentinel maps an error of the SDK by its code:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
func sentinel(err error) error {
	switch awsfault.Classify(err) {
	case awsfault.Credentials:
		return ErrCredentials
	case awsfault.Denied:
		return ErrDenied
	case awsfault.Throttled, awsfault.Unavailable:
		return ErrUnavailable
	case awsfault.Malformed:
		return ErrReply
	}
	switch awsfault.Code(err) {
	case "InvalidKeyId": // how a disabled or deleted key is reported
		return ErrUndecryptable
	case "":
		return ErrUnavailable
	}
	return ErrReply
}

// stopped returns the error that ended a whole read. It keeps only a description of
// the cause: the timeout of one attempt must not look like the end of ctx.
func (s *Source) stopped(ctx context.Context, cause error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w%s", ErrUnavailable, awsfault.Ended(ctx, awsfault.Explain(cause).At(s.pacer.Rate())), s.pacer.Note())
	case errors.Is(sentinel(cause), ErrUnavailable):
		return fmt.Errorf("%w: %w%s", ErrUnavailable, awsfault.Explain(cause).At(s.pacer.Rate()), s.pacer.Note())
	}
	return refusalError(cause)
}
