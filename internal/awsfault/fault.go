// Package awsfault tells what a failed call to AWS means, and says so in words
// that are fit for a log. What the adapters of the services have in common in
// this lies here; each adds the codes of its own service.
package awsfault

import (
	"context"
	"errors"
	"io"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Class says what a failed call means to whoever made it.
type Class int

// The classes of failed calls.
const (
	Other       Class = iota // the service refused this very request
	Canceled                 // the caller gave up
	Credentials              // none, expired, or not accepted
	Denied                   // the caller may not do this
	Throttled                // too many calls, after all retries
	Unavailable              // no answer, or none from AWS: network, time-out, 5xx, HTML, redirect
	Malformed                // an answer that AWS should never give
)

// String returns the class in one word.
func (c Class) String() string {
	return [...]string{"other", "canceled", "credentials", "denied", "throttled", "unavailable", "malformed"}[c]
}

// Classify tells what a failed call means. It goes by error codes, as AWS's
// messages and HTTP statuses vary:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
//
// An error that knows its class, see Classified, is taken at its word, and one that has
// a method ReplyError counts as one of the reply.
func Classify(err error) Class {
	var told Classified
	var malformed interface{ ReplyError() bool }
	var api smithy.APIError
	switch {
	case err == nil:
		return Other
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.As(err, &told):
		return told.Class()
	case errors.As(err, &malformed):
		return Malformed
	case errors.As(err, &api):
		return classifyCode(api.ErrorCode(), Status(err))
	}
	var deserialization *smithy.DeserializationError
	var send *smithyhttp.RequestSendError
	switch {
	case errors.As(err, &deserialization), errors.As(err, &send), ofNetwork(err),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, io.ErrUnexpectedEOF), Status(err) != 0:
		return Unavailable
	}
	return Other
}

func classifyCode(code string, status int) Class {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException", "InvalidClientTokenId",
		"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature",
		"IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
		"AuthFailure", "InvalidIdentityToken", "InvalidIdentityTokenException", "RequestTimeTooSkewed", "RequestInTheFuture",
		"InvalidClientTokenIdException", "TokenRefreshRequired", "RegionDisabledException", "IDPRejectedClaim":
		return Credentials
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnauthorizedOperation", "AccessDeniedForDependencyException":
		return Denied
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "SlowDown":
		return Throttled
	case "InternalFailure", "InternalError", "InternalServerError", "InternalServiceError", "ServiceUnavailable",
		"ServiceUnavailableException", "ServiceException", "RequestTimeout", "RequestTimeoutException",
		"KMSInternalException", "KeyUnavailableException", "DependencyTimeoutException", "IDPCommunicationError":
		return Unavailable
	case "", "UnknownError": // not an answer of AWS
		return Unavailable
	}
	if status >= 500 || status == 429 {
		return Unavailable
	}
	return Other
}

// Code returns the code that AWS gave an error, or "" where it gave none of the
// form of one.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return SafeCode(api.ErrorCode())
	}
	return ""
}

// Status returns the HTTP status of the reply that an error is about, or 0.
func Status(err error) int {
	var reply interface{ HTTPStatusCode() int }
	if errors.As(err, &reply) {
		return reply.HTTPStatusCode()
	}
	return 0
}
