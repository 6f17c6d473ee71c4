package awsclient

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/whispering/bundle/internal/awsfault"
)

// ErrReply reports an answer of STS that does not say who the caller is.
var ErrReply = errors.New("AWS does not say who the caller is")

// Identity is who calls are made as.
type Identity struct {
	Account string // twelve digits
	ARN     string
}

// Caller asks AWS who the calls of a configuration are made as, which needs no
// permission:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
// Its errors can be told apart with awsfault.Classify, and wrap ErrCredentials where that
// says Credentials.
func Caller(ctx context.Context, cfg aws.Config) (Identity, error) {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		if awsfault.Classify(err) == awsfault.Malformed {
			return Identity{}, fmt.Errorf("%w: %s", ErrReply, awsfault.Describe(err))
		}
		if awsfault.Classify(err) == awsfault.Credentials && !errors.Is(err, ErrCredentials) {
			return Identity{}, fmt.Errorf("%w: %w", ErrCredentials, err)
		}
		return Identity{}, err
	}
	id := Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}
	if len(id.Account) != 12 || strings.Trim(id.Account, "0123456789") != "" || !strings.Contains(id.ARN, ":"+id.Account+":") {
		return Identity{}, fmt.Errorf("%w: account %q, ARN %q", ErrReply, awsfault.Printable(id.Account), awsfault.Printable(id.ARN))
	}
	return id, nil
}
