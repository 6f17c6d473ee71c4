package awsclient

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrCredentials reports that there are no credentials, or that AWS does not
// accept them.
var ErrCredentials = errors.New("no usable AWS credentials")

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
)

// String returns the class in one word.
func (c Class) String() string {
	return [...]string{"other", "canceled", "credentials", "denied", "throttled", "unavailable"}[c]
}

// Classify tells what a failed call means. It goes by error codes, as AWS's
// messages and HTTP statuses vary:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
func Classify(err error) Class {
	var marked interface{ CredentialsError() bool }
	var api smithy.APIError
	switch {
	case err == nil:
		return Other
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.As(err, &marked), errors.Is(err, ErrCredentials):
		return Credentials
	case errors.As(err, &api):
		return classifyCode(api.ErrorCode(), status(err))
	}
	var deserialization *smithy.DeserializationError
	var send *smithyhttp.RequestSendError
	var network net.Error
	switch {
	case errors.As(err, &deserialization), errors.As(err, &send), errors.As(err, &network),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, io.ErrUnexpectedEOF), status(err) != 0:
		return Unavailable
	}
	return Other
}

func classifyCode(code string, status int) Class {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException", "InvalidClientTokenId",
		"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature",
		"IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
		"AuthFailure", "InvalidIdentityToken", "InvalidIdentityTokenException":
		return Credentials
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnauthorizedOperation":
		return Denied
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "SlowDown":
		return Throttled
	case "InternalFailure", "InternalError", "InternalServerError", "InternalServiceError", "ServiceUnavailable",
		"ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException", "KMSInternalException",
		"KeyUnavailableException", "DependencyTimeoutException":
		return Unavailable
	case "", "UnknownError": // not an answer of AWS
		return Unavailable
	}
	if status >= 500 || status == 429 {
		return Unavailable
	}
	return Other
}

// status returns the HTTP status of the reply that an error is about, or 0.
func status(err error) int {
	var reply interface{ HTTPStatusCode() int }
	if errors.As(err, &reply) {
		return reply.HTTPStatusCode()
	}
	return 0
}

// marked gives out credentials, and marks its errors as being about credentials
// unless it was merely out of reach.
type marked struct {
	aws.CredentialsProvider
	what string
}

func (m marked) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := m.CredentialsProvider.Retrieve(ctx)
	if err == nil {
		return c, nil
	}
	switch Classify(err) {
	case Canceled, Throttled, Unavailable:
		return c, err
	}
	return c, &credentialsError{m.what, err}
}

// credentialsError is recognised by adapters that cannot import this package by
// its method CredentialsError.
type credentialsError struct {
	what string
	err  error
}

func (e *credentialsError) Error() string {
	var operation *smithy.OperationError
	if errors.As(e.err, &operation) && operation.ServiceID == "ec2imds" {
		return e.what + ": there are none in the environment, the shared files, a web identity or a container" +
			" (for the role of an EC2 instance, set AWS_EC2_METADATA_DISABLED=false)"
	}
	var api smithy.APIError
	if errors.As(e.err, &api) {
		return e.what + ": " + api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return e.what + ": " + e.err.Error()
}

func (e *credentialsError) Unwrap() error          { return e.err }
func (e *credentialsError) Is(target error) bool   { return target == ErrCredentials }
func (e *credentialsError) CredentialsError() bool { return true }
