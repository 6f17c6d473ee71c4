package doctor

import (
	"fmt"

	"github.com/whispering/bundle/internal/awsfault"
)

// An outcome is what a call told of the right to make it.
type outcome int

const (
	unanswered outcome = iota
	allowed
	denied
	unusable // allowed, as far as the answer tells, but not with this key or ciphertext
	odd
	unknown   // the credentials are not accepted
	malformed // no answer that AWS ever gives
)

// judge reads the error that every dry run ends in:
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
func judge(err error) outcome {
	switch awsfault.Code(err) {
	case "DryRunOperationException":
		return allowed
	case "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException", "NotFoundException",
		"InvalidCiphertextException", "IncorrectKeyException":
		return unusable
	}
	switch class := awsfault.Classify(err); {
	case err == nil, class == awsfault.Malformed:
		return malformed // a dry run never succeeds; a call that is none is not judged
	case class == awsfault.Denied:
		return denied
	case class == awsfault.Credentials:
		return unknown
	case class == awsfault.Throttled, class == awsfault.Unavailable, awsfault.Code(err) == "":
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
		f.Status, f.Kind, f.On = Failed, Access, f.Resource+context
		denial := awsfault.DenialOf(err)
		f.Cause = fmt.Sprint("missing ", f.Action, " ", denial.Policy, " ", denial.Explicit)
		f.Detail = fmt.Sprintf("Missing: %s for %s%s (%s). bundle policy writes what this role and the key's policy need.",
			f.Action, f.Resource, context, describe(err))
	case unusable:
		f.Status, f.Kind = Failed, Unusable
		f.Detail = fmt.Sprintf("KMS would not do it: %s. The key may be disabled or deleted; "+
			"or the parameter is of the advanced tier or under alias/aws/ssm, which cannot be moved without being read.", describe(err))
	case unanswered:
		f = f.unanswered(err)
	case unknown:
		f = f.unknown(err)
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
		f = f.unanswered(err)
	case unknown:
		f = f.unknown(err)
	case malformed:
		f.Status, f.Kind, f.Detail = Failed, Other, fmt.Sprintf("KMS's answer is none to a dry run: %s.", describe(err))
	case odd:
		f.Status, f.Detail = Note, fmt.Sprintf("whether this role can decrypt %s could not be found out: %s", what, describe(err))
	default: // what is wrong with key or ciphertext is told only to who may use the key
		f.Status, f.Detail = Note, fmt.Sprintf("this role could decrypt %s; bundle policy writes a policy under which it cannot", what)
		if root {
			f.Detail = fmt.Sprintf("this role could decrypt %s: the credentials of the embedded AWS may do everything", what)
		} else if must {
			f.Status, f.Kind, f.Cause, f.On = Failed, Access, "not blind, by "+f.Check, f.Resource
			f.Detail = fmt.Sprintf("This role may %s %s, so a blind build by it is not blind: it could decrypt %s. "+
				"Take the right away, or deny it; bundle policy writes both.", f.Action, f.Resource, what)
		}
	}
	return f
}

// unanswered finishes the finding of a check that KMS has not answered.
func (f Finding) unanswered(err error) Finding {
	asked := ""
	if how := awsfault.Explain(err).Asked(); how != "" {
		asked = ". " + how
	}
	f.Status, f.Kind, f.Cause, f.On = Failed, Unavailable, "no answer from KMS", f.Resource
	f.Detail = fmt.Sprintf("KMS did not answer: %s%s. Try again.", describe(err), asked)
	return f
}

// describe says what went wrong in AWS's words, or in those of the network.
func describe(err error) string {
	if err == nil {
		return "it did what was only to be tried"
	}
	return awsfault.Describe(err)
}

// unknown finishes the finding of a check that KMS has refused because of the
// credentials.
func (f Finding) unknown(err error) Finding {
	f.Status, f.Kind, f.Cause = Failed, Credentials, "no usable credentials"
	f.Detail = fmt.Sprintf("KMS does not accept the credentials: %s. They may have expired meanwhile: get new ones, and try again.", describe(err))
	return f
}
