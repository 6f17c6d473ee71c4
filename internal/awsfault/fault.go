// Package awsfault classifies failed calls to AWS, and describes them in words that
// are safe to log. It has what the adapters of the services share; each adapter adds
// the codes of its own service.
package awsfault

import (
	"context"
	"errors"
	"io"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Class says what a failed call means for the caller.
type Class int

// The classes of failed calls.
const (
	Other       Class = iota // the service refused this request
	Canceled                 // the caller gave up
	Credentials              // none, expired, or not accepted
	Denied                   // the caller has no permission
	Throttled                // too many calls, after all retries
	Unavailable              // no answer, or none from AWS: network, timeout, 5xx, HTML, redirect
	Malformed                // an answer that AWS should never give
)

// String returns the class in one word.
func (c Class) String() string {
	return [...]string{"other", "canceled", "credentials", "denied", "throttled", "unavailable", "malformed"}[c]
}

// Classify returns the class of a failed call. It uses error codes, because AWS's
// messages and HTTP statuses vary:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
//
// If an error is Classified, Classify returns its class. An error with a method
// ReplyError is Malformed.
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
	case "", "UnknownError": // not an answer from AWS
		return Unavailable
	}
	if status >= 500 || status == 429 {
		return Unavailable
	}
	return Other
}

// Code returns AWS's code of an error, or "" if there is none in the form of AWS's
// codes.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return SafeCode(api.ErrorCode())
	}
	return ""
}

// Status returns the HTTP status of the reply behind an error, or 0.
func Status(err error) int {
	var reply interface{ HTTPStatusCode() int }
	if errors.As(err, &reply) {
		return reply.HTTPStatusCode()
	}
	return 0
}
