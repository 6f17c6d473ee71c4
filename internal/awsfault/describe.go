package awsfault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// Classified is an error that knows its class. Its text is bundle's own, and quotes
// nothing from a service, an SDK or another program.
type Classified interface {
	error
	Class() Class
}

// Describe returns what went wrong, in one line that cannot hold any content of a
// reply. It has AWS's error code, AWS's message only if that has a known form, and
// the request ID if there is one. It never has the message of a parser or a server.
func Describe(err error) string {
	var told Classified
	var malformed interface {
		error
		ReplyError() bool
	}
	var api smithy.APIError
	var send *smithyhttp.RequestSendError
	text := ""
	switch {
	case errors.As(err, &told):
		return Printable(told.Error())
	case errors.As(err, &malformed):
		text = Printable(malformed.Error())
	case errors.As(err, &api) && api.ErrorCode() != "" && api.ErrorCode() != "UnknownError":
		text = refusal(api.ErrorCode(), api.ErrorMessage())
	case errors.As(err, &send):
		return Network(send.Err)
	case Status(err) != 0:
		text = fmt.Sprintf("a reply with HTTP status %d that is not from AWS or was cut short", Status(err))
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "the call was interrupted"
	case err == nil:
		return ""
	default:
		return fmt.Sprintf("the call failed (%T)", err)
	}
	var id interface{ ServiceRequestID() string }
	if errors.As(err, &id) && RequestID(id.ServiceRequestID()) != "" {
		text += fmt.Sprintf(" (request id %s)", id.ServiceRequestID())
	}
	return text
}

// refusal describes a refusal of AWS: its code, and its meaning or AWS's message.
// The message about credentials may hold the signed request, including the session
// token, and is never quoted.
func refusal(code, message string) string {
	safe := SafeCode(code)
	if safe == "" {
		safe = "an error without a valid AWS error code"
	}
	if classifyCode(code, 0) == Credentials {
		if words := meaning(code); words != "" {
			return safe + ": " + words
		}
		return safe
	}
	if words := quotable(message); words != "" {
		return safe + ": " + words
	}
	return safe
}

// meaning returns what a code about credentials means.
func meaning(code string) string {
	switch code {
	case "ExpiredToken", "ExpiredTokenException":
		return "the credentials have expired"
	case "RequestExpired":
		return "the request was signed too long ago: this machine's clock may be wrong"
	case "SignatureDoesNotMatch", "InvalidSignatureException":
		return "the secret access key does not belong to the access key id, or this machine's clock is wrong"
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId":
		return "AWS does not recognize the access key id, or the session token does not belong to it"
	case "InvalidIdentityToken", "InvalidIdentityTokenException":
		return "AWS does not accept the web identity token"
	}
	return ""
}

// known are the forms of AWS's messages that are quoted. A message of another form
// may repeat the request, or come from somebody between AWS and bundle.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var known = []*lazyregexp.Regexp{
	lazyregexp.New(`^User: [\w:/+=,.@-]{1,300} is not authorized to perform: [a-z0-9-]{1,40}:[A-Za-z]{1,60}` +
		`( on (this )?resource(: [\w:/+=,.@*$-]{1,600})?)?` +
		`( (because|with) [A-Za-z' ,:-]{1,240})?`),
	hiddenForm,
	keyForm,
	// Secrets Manager.
	lazyregexp.New(`^You can't perform this operation on the secret because it was marked for deletion`),
	lazyregexp.New(`^You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key`),
	lazyregexp.New(`^You provided a VersionStage that is not associated to the provided VersionId`),
	lazyregexp.New(`^(Alias |Key ')arn:[\w:/+=,.@-]{1,300}'? (is not found|does not exist)`),
	lazyregexp.New(`^arn:[\w:/+=,.@-]{1,300} is (disabled|pending deletion|pending import|unavailable)`),
	lazyregexp.New(`^(Unzipped|Zipped) size must be smaller than [0-9]{1,12} bytes`),
}

// quotable returns the part of AWS's message that has a known form.
func quotable(message string) string {
	for _, form := range known {
		if words := form.FindString(message); words != "" {
			return Printable(words)
		}
	}
	return ""
}

// codeForm matches AWS's error codes, such as AccessDeniedException.
var codeForm = lazyregexp.New(`^(EC2|S3)?[A-Z][A-Za-z]*[a-z][A-Za-z]*(\.[A-Z][A-Za-z]*)*$`)

// SafeCode returns an error code if it has the form of AWS's codes, and "" for
// anything else that a reply had in its place.
func SafeCode(code string) string {
	if len(code) > 64 || !codeForm.MatchString(code) {
		return ""
	}
	return code
}

// idForm matches AWS's request IDs: hexadecimal digits, usually a UUID.
var idForm = lazyregexp.New(`^[0-9A-Fa-f]{4,}(-[0-9A-Fa-f]{4,})*$`)

// RequestID returns a request ID if it has the form of AWS's IDs, and "" for
// anything else that a reply had in its place.
func RequestID(id string) string {
	if len(id) < 8 || len(id) > 64 || !idForm.MatchString(id) {
		return ""
	}
	return id
}

// InReply adds the request ID of a reply to an error about its content. It changes
// nothing if there is no error, or no ID of that form.
func InReply(err error, reply middleware.Metadata) error {
	id, _ := awsmiddleware.GetRequestIDMetadata(reply)
	if err == nil || RequestID(id) == "" {
		return err
	}
	return fmt.Errorf("%w (request id %s)", err, id)
}

// Printable makes text from elsewhere safe for one line of an error message.
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
