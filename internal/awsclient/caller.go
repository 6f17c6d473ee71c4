package awsclient

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
)

// ErrReply means that the reply of STS does not identify the caller.
var ErrReply error = awsfault.Sentinel("sts", "", awsfault.Other, "AWS did not identify the caller")

// Identity is the identity that calls are made with.
type Identity struct {
	Account string // twelve digits
	ARN     string
}

// Caller asks AWS for the identity of the calls of a configuration. This needs no
// permission:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
// awsfault.Classify classifies its errors; those of class Credentials wrap
// ErrCredentials. They contain no text from AWS or the SDK.
func Caller(ctx context.Context, cfg aws.Config) (Identity, error) {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, callerError(ctx, err)
	}
	id := Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}
	if len(id.Account) != 12 || strings.Trim(id.Account, "0123456789") != "" || !callerARN(id.ARN, id.Account) {
		return Identity{}, fmt.Errorf("%w: the reply has no 12-digit account id or no ARN", ErrReply)
	}
	return id, nil
}

func callerError(ctx context.Context, err error) error {
	var known *CredentialsError
	switch {
	case ctx.Err() != nil:
		return awsfault.Ended(ctx, err)
	case errors.As(err, &known):
		return known
	case awsfault.Classify(err) == awsfault.Malformed:
		return fmt.Errorf("%w: %w", ErrReply, awsfault.Explain(err))
	}
	return &refusal{awsfault.Explain(err)}
}

// callerARN reports whether an ARN can be that of a caller in an account: a user, a
// session of a role, or the account itself. Names and paths are ASCII:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func callerARN(s, account string) bool {
	a, ok := arn.Parse(s)
	return ok && (a.Service == "sts" || a.Service == "iam") && a.Region == "" && a.Account == account &&
		!strings.ContainsFunc(a.Resource, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
