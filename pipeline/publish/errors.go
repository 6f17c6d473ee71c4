package publish

import (
	"errors"

	"github.com/whispering/bundle/internal/awsfault"
)

var (
	// ErrNoLayer reports that there is no such layer or no such version.
	ErrNoLayer error = awsfault.Sentinel("lambda", "ResourceNotFoundException", awsfault.Other, "there is no such layer")
	// ErrVanished reports a version that Lambda lists but does not return.
	ErrVanished error = awsfault.Found("lambda", "vanished", awsfault.Other, "the newest version is listed, but cannot be fetched")
	// ErrDenied reports that the caller is not allowed to do this with the layer.
	ErrDenied error = awsfault.Sentinel("lambda", "", awsfault.Denied, "it is not allowed")
	// ErrDamaged reports content that is not what was published.
	ErrDamaged error = awsfault.Found("lambda", "damaged", awsfault.Other, "the content is not what was published")
	// ErrRefused reports that Lambda does not accept the layer.
	ErrRefused error = awsfault.Sentinel("lambda", "InvalidParameterValueException", awsfault.Other, "the layer is refused")
	// ErrStale reports that something else has changed the function or alias.
	ErrStale error = awsfault.Sentinel("lambda", "PreconditionFailedException", awsfault.Other, "something else has changed it meanwhile")
	// ErrBusy reports that the function is being changed.
	ErrBusy error = awsfault.Sentinel("lambda", "ResourceConflictException", awsfault.Other, "another change is in progress")
	// ErrUnsigned reports that the function accepts only what is signed.
	ErrUnsigned error = awsfault.Sentinel("lambda", "CodeVerificationFailedException", awsfault.Other, "its code signing configuration refuses the layer")
	// ErrFull reports that the account's code storage is full.
	ErrFull error = awsfault.Sentinel("lambda", "CodeStorageExceededException", awsfault.Other, "the code storage is full")
	// ErrUnclear reports that it is not known whether a version was published.
	ErrUnclear error = awsfault.Found("lambda", "unclear", awsfault.Unavailable, "it is not known whether the layer was published")
	// ErrReply reports a reply that AWS should never send.
	ErrReply error = awsfault.Sentinel("lambda", "", awsfault.Malformed, "the reply does not match the request")
	// ErrUnavailable reports that there was no answer: a network error, a timeout, a
	// fault of AWS, or throttling that outlasted all retries.
	ErrUnavailable error = awsfault.Sentinel("lambda", "", awsfault.Unavailable, "no answer from Lambda")
	// ErrCredentials reports that there are no credentials, or that AWS does not
	// accept them.
	ErrCredentials error = awsfault.Sentinel("lambda", "", awsfault.Credentials, "no usable AWS credentials")
)

// sentinel maps an error of the SDK by its code:
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
// https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html
// https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
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
	case "ResourceNotFoundException":
		return ErrNoLayer
	case "InvalidParameterValueException", "ValidationException", "RequestEntityTooLargeException", "RequestTooLargeException":
		return ErrRefused
	case "CodeStorageExceededException":
		return ErrFull
	case "PreconditionFailedException":
		return ErrStale
	case "ResourceConflictException":
		return ErrBusy
	case "CodeVerificationFailedException", "InvalidCodeSignatureException", "CodeSigningConfigNotFoundException":
		return ErrUnsigned
	case "":
		return ErrUnavailable
	}
	return ErrReply
}

// clearlyRefused reports whether it is certain that AWS did not do what was requested.
func clearlyRefused(err error) bool {
	what := sentinel(err)
	return awsfault.Classify(err) == awsfault.Throttled || !errors.Is(what, ErrUnavailable) && !errors.Is(what, ErrReply)
}
