package kms

import (
	"fmt"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// The errors below are those of https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html and of the
// operations' own pages, with the messages that AWS sends.

func validation(format string, args ...any) error {
	return call.NewError("ValidationException", fmt.Sprintf(format, args...))
}

// constraint is the error of a failed check of one member.
func constraint(value, member, rule string) error {
	return call.NewError("ValidationException", call.Detected(fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: Member must %s", value, member, rule)))
}

func notFound(format string, args ...any) error {
	return call.NewError("NotFoundException", fmt.Sprintf(format, args...))
}

func denied(message string) error { return call.NewError("AccessDeniedException", message) }

// deniedCiphertext is the refusal of a Decrypt or ReEncrypt that names no key. It does not distinguish a missing
// key from a forbidden one.
func deniedCiphertext() error {
	return denied("The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
}

// invalidCiphertext is for a damaged blob and for a wrong encryption context. AWS sends it without a message.
func invalidCiphertext() error { return call.NewError("InvalidCiphertextException", "") }

func incorrectKey() error {
	return call.NewError("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
}

func invalidUsage(format string, args ...any) error {
	return call.NewError("InvalidKeyUsageException", fmt.Sprintf(format, args...))
}

func invalidState(arn, state string) error {
	return call.NewError("KMSInvalidStateException", arn+" is "+state+".")
}

func unsupported(what string) error {
	return call.NewError("UnsupportedOperationException", what+" is not supported by the embedded AWS.")
}

func malformedPolicy(message string) error {
	return call.NewError("MalformedPolicyDocumentException", message)
}

const dryRunCode = "DryRunOperationException"

// dryRun is the error of a dry run that would have succeeded
// (https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html).
func dryRun() error {
	return call.NewError(dryRunCode, "The request would have succeeded, but the DryRun option is set.")
}

func disabled(arn string) error { return call.NewError("DisabledException", arn+" is disabled.") }
