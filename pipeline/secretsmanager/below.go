package secretsmanager

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
)

// maxFilterValues is the largest number of values of a filter of ListSecrets:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
const maxFilterValues = 10

// maxListed is how many secrets are asked for at once, of the hundred that are possible:
// with all their tags, so many can have half a megabyte.
const maxListed = 20

// maxSecrets is how many secrets an account can have in a Region:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const maxSecrets = 500_000

// Listing returns a Source that makes its calls with cfg. Its client sends nothing but
// ListSecrets, which only shows what a policy grants, because it can be five minutes late.
func (s *Source) Listing(cfg aws.Config) *Listing {
	return &Listing{home: s.home, client: secretsmanager.NewFromConfig(cfg, s.paced, only(lists))}
}

func lists(request any) bool {
	_, ok := request.(*secretsmanager.ListSecretsInput)
	return ok
}

// A Listing lists names of secrets.
type Listing struct {
	client *secretsmanager.Client
	home   home
}

// Below returns the names of the secrets in folders: those that begin with a folder and a
// slash. Its error wraps ErrDenied, ErrReply, ErrUnavailable or ErrCredentials.
func (l *Listing) Below(ctx context.Context, folders []string) ([]string, error) {
	var all []string
	for some := range slices.Chunk(folders, maxFilterValues) {
		in := &secretsmanager.ListSecretsInput{MaxResults: aws.Int32(maxListed), Filters: []types.Filter{{Key: types.FilterNameStringTypeName}}}
		for _, folder := range some {
			in.Filters[0].Values = append(in.Filters[0].Values, folder+"/")
		}
		names, err := l.list(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func (l *Listing) list(ctx context.Context, in *secretsmanager.ListSecretsInput) (names []string, err error) {
	for tokens := map[string]bool{}; len(names) <= maxSecrets; {
		out, err := l.client.ListSecrets(ctx, in)
		switch {
		case awsfault.Classify(err) == awsfault.Malformed:
			return nil, replyError("the list of secrets cannot be read")
		case err != nil:
			return nil, refusalError(err)
		}
		for _, one := range out.SecretList {
			name := aws.ToString(one.Name)
			begins := slices.ContainsFunc(in.Filters[0].Values, func(folder string) bool { return strings.HasPrefix(name, folder) })
			if fault := l.home.check(aws.ToString(one.ARN), name, arn.SecretName(aws.ToString(one.ARN))); fault != "" || !begins {
				return nil, replyError("the list of secrets has one that was not asked for, or without its ARN")
			}
			names = append(names, name)
		}
		next := aws.ToString(out.NextToken)
		switch {
		case next == "":
			return names, nil
		case tokens[next]:
			return nil, replyError("the list of secrets repeats a page")
		}
		tokens[next], in.NextToken = true, out.NextToken
	}
	return nil, replyError("the list of secrets does not end")
}
