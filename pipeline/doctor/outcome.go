package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"
)

// An outcome is what a call told of the right to make it.
type outcome int

const (
	unanswered outcome = iota
	allowed
	denied
	unusable // allowed, as far as the answer tells, but not with this key or ciphertext
	odd
)

// judge reads the error that every dry run ends in:
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
func judge(err error) outcome {
	var api smithy.APIError
	if err == nil {
		return odd // a dry run never succeeds; a call that is none is not judged
	}
	if !errors.As(err, &api) {
		return unanswered
	}
	switch api.ErrorCode() {
	case "DryRunOperationException":
		return allowed
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation":
		return denied
	case "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException", "NotFoundException",
		"InvalidCiphertextException", "IncorrectKeyException":
		return unusable
	case "KMSInternalException", "KeyUnavailableException", "DependencyTimeoutException", "InternalFailure", "ServiceUnavailable",
		"ServiceUnavailableException", "Throttling", "ThrottlingException", "RequestTimeout", "RequestTimeoutException", "", "UnknownError":
		return unanswered
	}
	return odd
}

// needed finishes the finding of a check that must be allowed.
func (f Finding) needed(err error, passed, context string) Finding {
	switch judge(err) {
	case allowed:
		f.Status, f.Detail = OK, passed
	case denied:
		f.Status, f.Kind = Failed, Access
		f.Detail = fmt.Sprintf("Missing: %s for %s%s (%s). bundle policy writes what this role and the key's policy need.",
			f.Action, f.Resource, context, describe(err))
	case unusable:
		f.Status, f.Kind = Failed, Unusable
		f.Detail = fmt.Sprintf("KMS would not do it: %s. The key may be disabled or deleted; "+
			"or the parameter is of the advanced tier or under alias/aws/ssm, which cannot be moved without being read.", describe(err))
	case unanswered:
		f.Status, f.Kind, f.Detail = Failed, Unavailable, fmt.Sprintf("KMS did not answer: %s. Try again.", describe(err))
	default:
		f.Status, f.Kind, f.Detail = Failed, Other, fmt.Sprintf("KMS's answer is none to a dry run: %s.", describe(err))
	}
	return f
}

// refused finishes the finding of a check that should be denied, and must be in
// a blind build.
func (f Finding) refused(err error, must, root bool, what string) Finding {
	switch judge(err) {
	case denied:
		f.Status, f.Detail = OK, "this role cannot decrypt "+what
	case unanswered:
		f.Status, f.Kind, f.Detail = Failed, Unavailable, fmt.Sprintf("KMS did not answer: %s. Try again.", describe(err))
	case odd:
		f.Status, f.Detail = Note, fmt.Sprintf("whether this role can decrypt %s could not be found out: %s", what, describe(err))
	default: // what is wrong with key or ciphertext is told only to who may use the key
		f.Status, f.Detail = Note, fmt.Sprintf("this role could decrypt %s; bundle policy writes a policy under which it cannot", what)
		if root {
			f.Detail = fmt.Sprintf("this role could decrypt %s: the credentials of the embedded AWS may do everything", what)
		} else if must {
			f.Status, f.Kind = Failed, Access
			f.Detail = fmt.Sprintf("This role may %s %s, so a blind build by it is not blind: it could decrypt %s. "+
				"Take the right away, or deny it; bundle policy writes both.", f.Action, f.Resource, what)
		}
	}
	return f
}

// describe says what went wrong in AWS's words, or in those of the network.
func describe(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "it did what was only to be tried"
	case errors.As(err, &api):
		return printable(strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": "))
	case errors.Is(err, context.DeadlineExceeded):
		return "time-out"
	case errors.Is(err, context.Canceled):
		return "the run was stopped"
	}
	return "the call failed"
}

// printable makes text from elsewhere fit for one line.
func printable(s string) string {
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
