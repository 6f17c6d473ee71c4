package secretsmanager

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

// MaxValue is the largest length of a value in bytes, as text or as bytes:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const MaxValue = 65536

// value reads one value, and finds out why it could not be read. It returns an error if
// the whole read must stop.
func (s *Source) value(ctx context.Context, ref secret.Ref) (Result, error) {
	r := Result{Ref: ref}
	if r.Err = s.unreadable(ref); r.Err != nil {
		return r, nil
	}
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String(ref.Name)}
	if ref.ID != "" {
		in.VersionId = aws.String(ref.ID)
	}
	// A policy with a condition on secretsmanager:VersionStage denies a request without a
	// stage, although the stage has a default.
	if stage := stageOf(ref); stage != "" {
		in.VersionStage = aws.String(stage)
	}
	out, err := s.client.GetSecretValue(ctx, in)
	switch {
	case err == nil:
		var fault string
		if r.Secret, fault = s.home.take(out, ref); fault != "" {
			r.Secret, r.Err = Secret{}, awsfault.InReply(replyError("the reply to %q %s", ref, fault), out.ResultMetadata)
		}
	case awsfault.Classify(err) == awsfault.Malformed:
		r.Err = unread(ref, err)
	case !refused(err):
		return r, err
	default:
		denied := errors.Is(sentinel(err), ErrDenied)
		if r.Err, err = s.refusal(ctx, ref, err); denied {
			r.Err, err = s.missed(ctx, ref, r.Err)
		}
		return r, err
	}
	return r, nil
}

// missed finds out whether a secret that may not be read exists. The policies of bundle
// allow describing one that does not, if it is optional, and never reading it. Otherwise,
// it says what AWS does not: a request without a stage does not meet a condition on it.
func (s *Source) missed(ctx context.Context, ref secret.Ref, why error) (reason, stop error) {
	_, reason, stop = s.describe(ctx, ref.Name)
	switch {
	case stop != nil || errors.Is(reason, ErrMissing):
		return reason, stop
	case stageOf(ref) == "":
		return fmt.Errorf("%w; a policy with a condition on secretsmanager:VersionStage denies every version_id", why), nil
	}
	return why, nil
}

// unreadable returns why a reference cannot be read, before a call, or nil.
func (s *Source) unreadable(ref secret.Ref) error {
	if fault := s.home.misplaced(ref.Name); fault != "" {
		return replyError("%q %s", ref, fault)
	}
	if ref.ID != "" && !isID(ref.ID) {
		return unsupportedError(ref)
	}
	return nil
}

// refusal finds out why GetSecretValue was refused. Its codes do not tell a missing
// secret from one without a value, or a secret that is marked for deletion from a stage
// that moved, so the secret is described.
func (s *Source) refusal(ctx context.Context, ref secret.Ref, cause error) (why, stop error) {
	why = refusalError(cause)
	code := awsfault.Code(cause)
	if undecryptable := errors.Is(why, ErrUndecryptable); !undecryptable && code != notFound && code != invalidRequest {
		return why, nil
	}
	d, reason, stop := s.describe(ctx, ref.Name)
	switch {
	case stop != nil:
		return nil, stop
	case errors.Is(why, ErrUndecryptable):
		if d.Key != "" {
			why = fmt.Errorf("%w; its key is %q", why, d.Key)
		}
		return why, nil
	case reason != nil:
		return reason, nil
	}
	switch _, reason = d.version(ref); {
	case reason != nil:
		return reason, nil
	case code == invalidRequest && ref.ID != "" && stageOf(ref) != "":
		return fmt.Errorf("%w: %q is where it was, but was refused: %s", ErrChanged, ref, awsfault.Describe(cause)), nil // the stage can have moved back
	case code == invalidRequest:
		return why, nil
	case stageOf(ref) == "":
		return versionError(ref, "no version "+ref.ID), nil
	}
	return versionError(ref, fmt.Sprintf("no value at stage %q", stageOf(ref))), nil
}

// take moves a value out of a reply of the SDK, and clears it there, because any printer
// would show it. fault says what is wrong with the reply, or is "".
func (h home) take(out *secretsmanager.GetSecretValueOutput, ref secret.Ref) (found Secret, fault string) {
	text, binary := out.SecretString, out.SecretBinary
	out.SecretString, out.SecretBinary = nil, nil
	defer clear(binary)
	v := secret.Version{ARN: aws.ToString(out.ARN), ID: aws.ToString(out.VersionId), Modified: date(out.CreatedDate)}
	stage, size := stageOf(ref), len(aws.ToString(text))+len(binary)
	fault = h.check(v.ARN, aws.ToString(out.Name), ref.Name)
	switch {
	case fault != "":
		return found, fault
	case ref.ID != "" && v.ID != ref.ID:
		return found, "has another version"
	case stage != "" && !slices.Contains(out.VersionStages, stage):
		return found, fmt.Sprintf("is not at stage %q", stage)
	case !isID(v.ID):
		return found, "has an invalid version ID"
	case v.Modified.IsZero():
		return found, "has no date"
	case text != nil && len(binary) > 0:
		return found, "has two values"
	case size == 0:
		return found, "has no value"
	case size > MaxValue:
		return found, fmt.Sprintf("has a value of %d bytes", size)
	case text != nil && !utf8.ValidString(*text):
		return found, "has a value that is not text"
	}
	found = Secret{Ref: ref, Version: v, Binary: text == nil}
	if found.Binary {
		encoded := base64.StdEncoding.AppendEncode(nil, binary)
		found.Value = secret.New(encoded)
		clear(encoded)
	} else {
		found.Value = secret.New([]byte(*text))
	}
	return found, ""
}
