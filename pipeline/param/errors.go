package param

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/pipeline/secret"
)

var (
	// ErrMissing reports that there is no such parameter.
	ErrMissing = errors.New("there is no such parameter")
	// ErrVersion reports that the parameter exists, but not the version or label.
	ErrVersion = errors.New("the parameter has no such version or label")
	// ErrDenied reports that the caller may not read the parameter or path.
	ErrDenied = errors.New("reading it is not allowed")
	// ErrUndecryptable reports that the caller may read the parameter, but that
	// its key cannot be used: forbidden, disabled or gone.
	ErrUndecryptable = errors.New("it cannot be decrypted")
	// ErrReply reports a reply that AWS should never give.
	ErrReply = errors.New("the reply is not an answer to what was asked")
	// ErrUnavailable reports that no answer was to be had: the network, a
	// time-out, a fault at AWS, or throttling that outlasted all retries.
	ErrUnavailable = errors.New("no answer from Parameter Store")
	// ErrCredentials reports that there are no credentials, or that AWS does not
	// accept them.
	ErrCredentials = errors.New("no usable AWS credentials")
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
	return fmt.Errorf("%w: %s", ErrUndecryptable, describe(cause))
}

func isMissing(err error) bool { return errors.Is(err, ErrMissing) }

// refused reports whether AWS answered a call with an error that is about what
// was asked for, as opposed to one that every call would meet.
func refused(err error) bool {
	var api smithy.APIError
	what := sentinel(err)
	return errors.As(err, &api) && !errors.Is(what, ErrCredentials) && !errors.Is(what, ErrUnavailable)
}

func isDenied(err error) bool { return errors.Is(sentinel(err), ErrDenied) }

// refusalError names the refusal of a call for a single parameter.
func refusalError(cause error) error {
	return fmt.Errorf("%w: %s", sentinel(cause), describe(cause))
}

// sentinel maps an error of the SDK by its code:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
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
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnauthorizedOperation":
		return ErrDenied
	case "InvalidKeyId": // how a disabled or deleted key is reported
		return ErrUndecryptable
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException", "InvalidClientTokenId",
		"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature",
		"IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure":
		return ErrCredentials
	case "InternalServerError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout",
		"RequestTimeoutException", "", "UnknownError": // the last two are not answers of AWS
		return ErrUnavailable
	}
	if isThrottle(api.ErrorCode()) || status(err) >= 500 || status(err) == 429 {
		return ErrUnavailable
	}
	return ErrReply
}

func isThrottle(code string) bool {
	switch code {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "SlowDown":
		return true
	}
	return false
}

// stopped names the error that ended a whole read. Of the cause it keeps only a
// description: a time-out of one attempt must not pass for the end of ctx.
func (s *Source) stopped(ctx context.Context, cause error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w%s", ErrUnavailable, ctx.Err(), s.pacer.note())
	case errors.Is(sentinel(cause), ErrUnavailable):
		return fmt.Errorf("%w: %s%s", ErrUnavailable, describe(cause), s.pacer.note())
	}
	return refusalError(cause)
}

// describe says what went wrong in words that cannot hold any part of a value:
// AWS's own for a refusal, those of the network for a call that was not sent,
// and never those of a parser.
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
