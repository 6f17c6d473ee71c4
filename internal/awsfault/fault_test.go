package awsfault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/internal/awsfault"
)

type marked struct{ error }

func (marked) CredentialsError() bool { return true }

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

func TestDescribeQuotesAWSAndNobodyElse(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"a refusal":     {&smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no\n::error::x."}, "AccessDeniedException: no ::error::x"},
		"without words": {&smithy.GenericAPIError{Code: "InvalidCiphertextException"}, "InvalidCiphertextException"},
		"not sent": {&smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://user:secret@host", Err: errors.New("connection refused")}},
			"connection refused"},
		"out of time": {context.DeadlineExceeded, "time-out"},
		"a parser's":  {errors.New(`invalid character 'c' in "canary"`), "the call failed (*errors.errorString)"},
	}
	for name, test := range tests {
		if got := awsfault.Describe(test.err); got != test.want {
			t.Errorf("%s: %q, not %q", name, got, test.want)
		}
	}
}

func TestPrintableIsOneShortLine(t *testing.T) {
	if got := awsfault.Printable(strings.Repeat("a\x1b\n", 1000)); strings.ContainsAny(got, "\x1b\n") || len(got) > 610 {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
