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

// ErrReply reports an answer of STS that does not say who the caller is.
var ErrReply error = awsfault.Sentinel("sts", "", awsfault.Other, "AWS did not identify the caller")

// Identity is who calls are made as.
type Identity struct {
	Account string // twelve digits
	ARN     string
}

// Caller asks AWS who the calls of a configuration are made as, which needs no
// permission:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
// Its errors can be told apart with awsfault.Classify, wrap ErrCredentials where that
// says Credentials, and hold no text of AWS or the SDK.
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

// callerARN reports whether an ARN may be that of a caller of an account: of a
// user, a role under way, or the account itself, whose names and paths are ASCII:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func callerARN(s, account string) bool {
	a, ok := arn.Parse(s)
	return ok && (a.Service == "sts" || a.Service == "iam") && a.Region == "" && a.Account == account &&
		!strings.ContainsFunc(a.Resource, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
