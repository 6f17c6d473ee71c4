package param

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

// Limits of a value in bytes, by the parameter's tier:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
const (
	MaxStandard = 4096
	MaxAdvanced = 8192
)

// Settings of a parameter, as in PutParameter:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
const (
	Standard     = string(types.ParameterTierStandard)
	Advanced     = string(types.ParameterTierAdvanced)
	Unchanged    = string(types.ParameterTierIntelligentTiering) // advanced if the parameter is, else standard for a short value
	String       = string(types.ParameterTypeString)
	SecureString = string(types.ParameterTypeSecureString)
	Text         = "text"  // the data type that does not check the value
	JSONC        = "jsonc" // the data type of JSON with comments and trailing commas
	DefaultKey   = "alias/aws/ssm"
)

// NeedsAdvanced reports whether a parameter of a data type is in the advanced tier,
// however short its value is:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func NeedsAdvanced(dataType string) bool {
	return dataType == "url" || dataType == "json" || dataType == JSONC
}

var (
	// ErrUnclear reports that it is not known whether a parameter was written.
	ErrUnclear error = awsfault.Found("ssm", "unclear", awsfault.Unavailable, "it is not known whether the parameter was written")
	// ErrPutDenied reports that the caller is not allowed to write the parameter, or to
	// use its key.
	ErrPutDenied error = awsfault.Sentinel("ssm", "", awsfault.Denied, "writing it is not allowed")
	// ErrRefused reports that AWS refused to write the parameter for another reason.
	ErrRefused error = awsfault.Sentinel("ssm", "", awsfault.Other, "Parameter Store refused to write it")
)

// A Put is a new version of a parameter, with all its settings: those that a request
// leaves out could get AWS's defaults. Without a key, a SecureString would be stored
// under alias/aws/ssm, whatever its key was. Only the parameter's policies stay as they
// are if they are not sent.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
type Put struct {
	Description              // Version is ignored
	Value       secret.Value // in UTF-8, not empty
	Create      bool         // the parameter must not exist yet
}

// Written is what Parameter Store says of a version that a Put has made.
type Written struct {
	Version int64  // from 1
	Tier    string // as in Description; "" if it is not said
}

// Put writes a parameter, and returns its new version. Every successful
// call makes a version, so a call is repeated only while it is throttled.
//
// Its errors wrap ErrUnclear, or say why nothing was written: ErrPutDenied, ErrRefused,
// ErrUnavailable or ErrCredentials. No error has anything of what AWS says about a value.
func (s *Source) Put(ctx context.Context, p Put) (Written, error) {
	in := &ssm.PutParameterInput{
		Name: aws.String(p.Name), Value: aws.String(string(p.Value.Reveal())), Type: types.ParameterType(p.Type),
		Tier: types.ParameterTier(p.Tier), DataType: aws.String(p.DataType), Overwrite: aws.Bool(!p.Create),
	}
	for _, optional := range []struct {
		to   **string
		text string
	}{{&in.KeyId, p.Key}, {&in.Description, p.About}, {&in.AllowedPattern, p.Pattern}} {
		if optional.text != "" {
			*optional.to = aws.String(optional.text)
		}
	}
	out, err := s.client.PutParameter(ctx, in, once)
	in.Value = nil
	if err == nil {
		if fault := checkWritten(out); fault != "" {
			err = awsfault.InReply(replyError("the reply to the put of %q has %s", p.Name, fault), out.ResultMetadata)
			return Written{}, fmt.Errorf("%w: %w", ErrUnclear, err)
		}
		return Written{out.Version, string(out.Tier)}, nil
	}
	f := awsfault.Explain(err)
	withoutMessage(f, err)
	if unwritten(err, f) {
		return Written{}, fmt.Errorf("%w: %w", unputBecause(f), f)
	}
	return Written{}, fmt.Errorf("%w: %w", ErrUnclear, f)
}

// checkWritten returns what is wrong with a reply, or "". A tier that does not exist is not
// shown: the request has the value, and a reply could repeat it.
func checkWritten(out *ssm.PutParameterOutput) string {
	switch {
	case out.Version < 1:
		return fmt.Sprintf("version %d", out.Version)
	case out.Tier != "" && !slices.Contains(out.Tier.Values(), out.Tier):
		return "a tier that does not exist"
	}
	return ""
}

// withoutMessage removes AWS's message from the failure of a put, except for which action
// was denied by which kind of policy. The request has the value, and even a message in a
// known form can repeat it.
func withoutMessage(f *awsfault.Failure, err error) {
	if f.Code == "" || f.Class() == awsfault.Credentials {
		return // the text has nothing of the message
	}
	text, said := f.Code, awsfault.Denial{}
	switch f.Denial.Action {
	case "ssm:PutParameter", "kms:Encrypt", "kms:GenerateDataKey":
		said = awsfault.Denial{Action: f.Denial.Action, Policy: f.Denial.Policy, Explicit: f.Denial.Explicit}
		text += ": " + said.Action + " is not allowed"
	}
	var id interface{ ServiceRequestID() string }
	if errors.As(err, &id) && awsfault.RequestID(id.ServiceRequestID()) != "" {
		text += " (request id " + id.ServiceRequestID() + ")"
	}
	f.Reword(text)
	f.Denial, f.Last = said, ""
}

// unputBecause returns the sentinel for a put that certainly wrote nothing.
func unputBecause(f *awsfault.Failure) error {
	switch f.Class() {
	case awsfault.Credentials:
		return ErrCredentials
	case awsfault.Denied:
		return ErrPutDenied
	case awsfault.Throttled, awsfault.Unavailable:
		return ErrUnavailable
	}
	return ErrRefused
}

// once makes the SDK send a call once. The pace repeats it while it is throttled.
func once(o *ssm.Options) { o.Retryer = aws.NopRetryer{} }

// unwritten reports whether a failed call certainly wrote nothing: AWS refused it, or it
// was never sent.
func unwritten(err error, f *awsfault.Failure) bool {
	switch f.Lost {
	case awsfault.NoHost, awsfault.Untrusted, awsfault.NoProxy:
		return true
	}
	switch f.Class() {
	case awsfault.Credentials, awsfault.Denied, awsfault.Throttled:
		return true
	}
	var asked *awsfault.Asked
	if errors.As(err, &asked) && asked.Attempts == 0 {
		return true
	}
	status := awsfault.Status(err)
	return f.Code != "" && status >= 400 && status < 500
}
