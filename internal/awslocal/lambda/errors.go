package lambda

import (
	"fmt"
	"net/http"

	"github.com/whispering/bundle/internal/awslocal/call"
)

func validation(value, member, rule string) error {
	return refused([]string{broken(value, member, rule)})
}

// broken is AWS's text of one constraint that a member breaks.
func broken(value, member, rule string) string {
	return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

// refused is the error for all constraints that a request breaks, or nil for none.
func refused(broken []string) error {
	if len(broken) == 0 {
		return nil
	}
	return call.NewError("ValidationException", call.Detected(broken...))
}

func invalid(format string, args ...any) error {
	return call.NewError("InvalidParameterValueException", fmt.Sprintf(format, args...))
}

func notFound(message string) error {
	return &call.Error{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: message}
}

// noVersion is the error for a layer version that does not exist, was deleted, or is in another region.
func noVersion() error { return notFound("The resource you requested does not exist.") }

// TooLarge is the error for a request for an operation that is over the limit.
func TooLarge(operation string) *call.Error {
	return tooLarge("Request must be smaller than %d bytes for the "+operation+" operation", MaxRequest)
}

func tooLarge(format string, most int) *call.Error {
	return &call.Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLargeException", Message: fmt.Sprintf(format, most)}
}
