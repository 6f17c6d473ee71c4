package secretsmanager

import (
	"errors"
	"fmt"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// modeled is an error of the service's model. Its text is in the member Message, unlike that of errors that every service has.
func modeled(code, message string) *call.Error {
	return &call.Error{Code: code, Message: message, UpperMessage: true}
}

func invalidParameter(format string, args ...any) error {
	return modeled("InvalidParameterException", fmt.Sprintf(format, args...))
}

func invalidRequest(format string, args ...any) error {
	return modeled("InvalidRequestException", fmt.Sprintf(format, args...))
}

func notFound() error {
	return modeled("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// noValue is the error for a version that does not exist or has no value. by is how it was asked for.
func noValue(by, asked string) error {
	return modeled("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for "+by+": "+asked)
}

func markedDeleted() error {
	return invalidRequest("You can't perform this operation on the secret because it was marked for deletion.")
}

func exists(name string) error {
	return modeled("ResourceExistsException", "The operation failed because the secret "+name+" already exists.")
}

// taken is the error for an ID that a version of another value has.
func taken(x *secret, id string) error {
	return modeled("ResourceExistsException", "You can't use ClientRequestToken "+id+
		" because that value is already in use for a version of secret "+x.ARN+".")
}

func limitExceeded(format string, args ...any) error {
	return modeled("LimitExceededException", fmt.Sprintf(format, args...))
}

func invalidName() error {
	return call.NewError("ValidationException",
		"Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
}

// foreignDefault refuses a caller of another account what needs the default key.
func foreignDefault() error {
	return invalidRequest("You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.")
}

// fromKMS is the error by which Secrets Manager reports an error of KMS: AccessDeniedException for a refusal, and otherwise code, which is
// DecryptionFailure or EncryptionFailure. AWS does not document the texts of those two.
func fromKMS(code string, err error) error {
	var e *call.Error
	switch {
	case !errors.As(err, &e) || e.Status >= 500:
		return err
	case e.Code == "AccessDeniedException":
		return call.NewError(e.Code, "Access to KMS is not allowed")
	case code == "DecryptionFailure":
		return modeled(code, "Secrets Manager can't decrypt the protected secret text using the provided KMS key.")
	}
	return modeled(code, "Secrets Manager can't encrypt the protected secret text using the provided KMS key.")
}

// notBuilt refuses what the embedded AWS does not have.
func notBuilt(what string) error {
	return invalidRequest("The embedded AWS does not have %s.", what)
}
