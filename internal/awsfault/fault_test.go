package awsfault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/internal/awsfault"
)

type marked struct{ error }

func (marked) Class() awsfault.Class { return awsfault.Credentials }

func TestClassify(t *testing.T) {
	api := func(code string) error {
		return fmt.Errorf("operation: %w", &smithy.GenericAPIError{Code: code, Message: "m"})
	}
	tests := map[string]struct {
		err  error
		want awsfault.Class
	}{
		"none":                {nil, awsfault.Other},
		"unknown":             {errors.New("x"), awsfault.Other},
		"canceled":            {context.Canceled, awsfault.Canceled},
		"out of time":         {context.DeadlineExceeded, awsfault.Unavailable},
		"cut":                 {io.ErrUnexpectedEOF, awsfault.Unavailable},
		"not sent":            {&smithyhttp.RequestSendError{Err: errors.New("refused")}, awsfault.Unavailable},
		"not read":            {&smithy.DeserializationError{Err: errors.New("x")}, awsfault.Unavailable},
		"marked":              {fmt.Errorf("x: %w", marked{errors.New("none")}), awsfault.Credentials},
		"expired":             {api("ExpiredTokenException"), awsfault.Credentials},
		"denied":              {api("AccessDeniedException"), awsfault.Denied},
		"throttled":           {api("ThrottlingException"), awsfault.Throttled},
		"a fault of KMS":      {api("KMSInternalException"), awsfault.Unavailable},
		"a fault of SSM":      {api("InternalServerError"), awsfault.Unavailable},
		"no answer of AWS":    {api("UnknownError"), awsfault.Unavailable},
		"about this request":  {api("ValidationException"), awsfault.Other},
		"about this resource": {api("NotFoundException"), awsfault.Other},
	}
	for name, test := range tests {
		if got := awsfault.Classify(test.err); got != test.want {
			t.Errorf("%s: %v, not %v", name, got, test.want)
		}
	}
}

func TestDescribeQuotesOnlyWhatHasAKnownForm(t *testing.T) {
	const denied = "User: arn:aws:sts::222222222222:assumed-role/ci/x is not authorized to perform: ssm:GetParameters on resource: " +
		"arn:aws:ssm:us-west-2:222222222222:parameter/a because no identity-based policy allows the ssm:GetParameters action"
	refused := func(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }
	lost := func(err error) error {
		return &smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://user:secret@host", Err: err}}
	}
	tests := map[string]struct {
		err  error
		want string
	}{
		"a refusal":               {refused("AccessDeniedException", denied), "AccessDeniedException: " + denied},
		"a refusal and more":      {refused("AccessDeniedException", denied+"; see c4nary."), "AccessDeniedException: " + denied},
		"a refusal of a resource": {refused("AccessDeniedException", "no\n::error::c4nary."), "AccessDeniedException"},
		"of KMS, through SSM": {refused("AccessDeniedException", "User: arn:aws:iam::222222222222:user/x is not authorized to perform: kms:Decrypt on this resource "+
			"because the resource does not exist in this Region, no resource-based policies allow access"),
			"AccessDeniedException: User: arn:aws:iam::222222222222:user/x is not authorized to perform: kms:Decrypt on this resource " +
				"because the resource does not exist in this Region, no resource-based policies allow access"},
		"a key's state":     {refused("KMSInvalidStateException", "arn:aws:kms:us-west-2:222222222222:key/x is pending deletion."), "KMSInvalidStateException: arn:aws:kms:us-west-2:222222222222:key/x is pending deletion"},
		"an echo":           {refused("ValidationException", "cannot read c4nary"), "ValidationException"},
		"a signature":       {refused("SignatureDoesNotMatch", "x-amz-security-token:c4nary"), "SignatureDoesNotMatch: the secret access key does not belong to the access key id, or this machine's clock is wrong"},
		"a refused token":   {refused("InvalidIdentityToken", "token c4nary is bad"), "InvalidIdentityToken: AWS does not accept the web identity token"},
		"a text as a code":  {refused("c4nary is denied", ""), "an error without a valid AWS error code"},
		"a value as a code": {refused("C4narywith0digits", ""), "an error without a valid AWS error code"},
		"without words":     {refused("InvalidCiphertextException", ""), "InvalidCiphertextException"},
		"told":              {fmt.Errorf("c4nary: %w", marked{errors.New("not logged in")}), "not logged in"},
		"refused":           {lost(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), "connection refused"},
		"closed":            {lost(io.EOF), "the connection was closed before the reply arrived"},
		"what is no HTTP":   {lost(errors.New(`malformed HTTP response "c4nary"`)), "the connection failed, or the reply is not valid HTTP (it may come from a proxy)"},
		"out of time":       {context.DeadlineExceeded, "timeout"},
		"a parser's":        {errors.New(`invalid character 'c' in "c4nary"`), "the call failed (*errors.errorString)"},
	}
	for name, test := range tests {
		if got := awsfault.Describe(test.err); got != test.want {
			t.Errorf("%s: %q, not %q", name, got, test.want)
		}
	}
}

func TestRequestIDsHaveTheFormOfOne(t *testing.T) {
	for id, want := range map[string]bool{
		"1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54": true, "1F0C2A9E5B7D4C31": true, "": false, "1f0c": false, "the-request-id": false,
		"1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54\n::error::": false, strings.Repeat("a", 65): false, "-1f0c2a9e": false,
	} {
		if got := awsfault.RequestID(id); (got == id) != (want || id == "") || got != "" && got != id {
			t.Errorf("%q: %q", id, got)
		}
	}
}

// A file that is not there is none that the network withholds, although its error
// has the methods of a net.Error.
func TestAFileIsNotTheNetwork(t *testing.T) {
	_, err := os.ReadFile("absent")
	if got := awsfault.Classify(fmt.Errorf("no token: %w", err)); got != awsfault.Other {
		t.Errorf("%v", got)
	}
}

func TestPrintableIsOneShortLine(t *testing.T) {
	if got := awsfault.Printable(strings.Repeat("a\x1b\n", 1000)); strings.ContainsAny(got, "\x1b\n") || len(got) > 610 {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
