package awsfault

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

// Describe says what went wrong in words that cannot hold any part of a reply's
// content: AWS's own for a refusal, those of the network for a call that was
// not sent, and never those of a parser. It is one line, with the request's id
// where there is one.
func Describe(err error) string {
	var marked interface {
		error
		CredentialsError() bool
	}
	var malformed interface {
		error
		ReplyError() bool
	}
	var api smithy.APIError
	var send *smithyhttp.RequestSendError
	text := ""
	switch {
	case errors.As(err, &marked):
		return Printable(marked.Error())
	case errors.As(err, &malformed):
		text = Printable(malformed.Error())
	case errors.As(err, &api) && api.ErrorCode() != "" && api.ErrorCode() != "UnknownError":
		text = Printable(strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": "))
	case errors.As(err, &send):
		cause := send.Err
		var at *url.Error
		if errors.As(cause, &at) {
			cause = at.Err
		}
		return Printable(cause.Error())
	case Status(err) != 0:
		text = fmt.Sprintf("a reply with HTTP status %d that is not from AWS or was cut short", Status(err))
	case errors.Is(err, context.DeadlineExceeded):
		return "time-out"
	default:
		return fmt.Sprintf("the call failed (%T)", err)
	}
	var id interface{ ServiceRequestID() string }
	if errors.As(err, &id) && id.ServiceRequestID() != "" {
		text += fmt.Sprintf(" (request id %s)", Printable(id.ServiceRequestID()))
	}
	return text
}

// Printable makes text from elsewhere fit for one line of an error message.
func Printable(s string) string {
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
