package lambda

import (
	"fmt"
	"net/http"

	"github.com/whispering/bundle/internal/awslocal/call"
)

func validation(value, member, rule string) error {
	return call.NewError("ValidationException", fmt.Sprintf("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule))
}

func invalid(format string, args ...any) error {
	return call.NewError("InvalidParameterValueException", fmt.Sprintf(format, args...))
}

func notFound(message string) error {
	return &call.Error{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: message}
}

// noVersion is the error for a layer version that does not exist, was deleted, or is in another region.
func noVersion() error { return notFound("The resource you requested does not exist.") }

// TooLarge is the error for an archive, or a request with one, that is over the limit.
func TooLarge() *call.Error {
	return &call.Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLargeException",
		Message: fmt.Sprintf("Request must be smaller than %d bytes for the PublishLayerVersion operation", MaxRequest)}
}
