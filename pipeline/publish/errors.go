package publish

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var (
	// ErrNoLayer reports that there is no such layer or no such version.
	ErrNoLayer = errors.New("there is no such layer")
	// ErrDenied reports that the caller may not do this with the layer.
	ErrDenied = errors.New("it is not allowed")
	// ErrDamaged reports content that is not what was published.
	ErrDamaged = errors.New("the content is not what was published")
	// ErrRefused reports that Lambda will not take the layer as it is.
	ErrRefused = errors.New("the layer is refused")
	// ErrFull reports that the account's storage for code is used up.
	ErrFull = errors.New("the storage for code is full")
	// ErrUnclear reports that a version may have been published or not.
	ErrUnclear = errors.New("it is not known whether the layer was published")
	// ErrReply reports a reply that AWS should never give.
	ErrReply = errors.New("the reply is not an answer to what was asked")
	// ErrUnavailable reports that no answer was to be had: the network, a
	// time-out, a fault at AWS, or throttling that outlasted all retries.
	ErrUnavailable = errors.New("no answer from Lambda")
	// ErrCredentials reports that there are no credentials, or that AWS does not
	// accept them.
	ErrCredentials = errors.New("no usable AWS credentials")
)

// sentinel maps an error of the SDK by its code:
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
// https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html
// https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
func sentinel(err error) error {
	var marked interface{ CredentialsError() bool }
	if errors.As(err, &marked) {
		return ErrCredentials
	}
	code := errorCode(err)
	switch code {
	case "ResourceNotFoundException":
		return ErrNoLayer
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnauthorizedOperation":
		return ErrDenied
	case "InvalidParameterValueException", "ValidationException", "RequestEntityTooLargeException", "RequestTooLargeException":
		return ErrRefused
	case "CodeStorageExceededException":
		return ErrFull
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException", "InvalidClientTokenId",
		"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature",
		"IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure":
		return ErrCredentials
	case "ServiceException", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout",
		"RequestTimeoutException", "", "UnknownError": // the last two are not answers of AWS
		return ErrUnavailable
	}
	if isThrottle(code) || status(err) >= 500 || status(err) == 429 {
		return ErrUnavailable
	}
	return ErrReply
}

// clearlyRefused reports whether AWS said that it did not do what was asked.
func clearlyRefused(err error) bool {
	what := sentinel(err)
	return isThrottle(errorCode(err)) || !errors.Is(what, ErrUnavailable) && !errors.Is(what, ErrReply)
}

func isThrottle(code string) bool {
	switch code {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "SlowDown":
		return true
	}
	return false
}

// errorCode returns the code that AWS gave an error, or "".
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// describe says what went wrong: in AWS's words for a refusal, in those of the
// network for a call that was not sent.
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
