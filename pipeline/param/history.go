package param

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Past is a version of a parameter, in its history.
type Past struct {
	Version  int64
	Type     string       // as in Parameter
	DataType string       // as in Parameter
	Value    secret.Value // only of a String
	Labels   []string
}

// maxHistory is how many versions Parameter Store keeps of a parameter, and pastSize how many of them a page has:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
const (
	maxHistory = 100
	pastSize   = 50
)

// History returns the versions that Parameter Store keeps of a parameter, the newest first, without decryption.
//
// Its errors wrap ErrMissing, ErrDenied, ErrReply, ErrUnavailable, ErrCredentials or the context's error.
func (s *Source) History(ctx context.Context, name string) ([]Past, error) {
	what := fmt.Sprintf("the history of %q", name)
	var all []Past
	var pages walk
	for range maxPages {
		out, err := s.client.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{
			Name: aws.String(name), WithDecryption: aws.Bool(false), MaxResults: aws.Int32(pastSize), NextToken: pages.token,
		})
		switch {
		case awsfault.Code(err) == "ParameterNotFound":
			return nil, missingError(secret.Ref{Name: name})
		case err != nil:
			return nil, s.stopped(ctx, err)
		}
		pages.reply = out.ResultMetadata
		for i := range out.Parameters {
			p := &out.Parameters[i]
			one := Past{Version: p.Version, Type: string(p.Type), DataType: cmp.Or(aws.ToString(p.DataType), Text), Labels: p.Labels}
			if p.Value != nil && p.Type == types.ParameterTypeString {
				one.Value = secret.New([]byte(*p.Value))
			}
			named := canonical(aws.ToString(p.Name)) == canonical(name)
			p.Value = nil // any printer would show it
			switch {
			case !named:
				return nil, pages.refuse(replyError("%s has another parameter", what))
			case one.Version < 1, slices.ContainsFunc(all, func(other Past) bool { return other.Version == one.Version }):
				return nil, pages.refuse(replyError("%s has version %d, or has it twice", what, one.Version))
			}
			all = append(all, one)
		}
		if len(all) > maxHistory {
			return nil, pages.refuse(replyError("%s has more than %d versions", what, maxHistory))
		}
		last, err := pages.next(out.NextToken, len(out.Parameters), maxEmpty, what)
		switch {
		case err != nil:
			return nil, err
		case last && len(all) == 0:
			return nil, pages.refuse(replyError("%s is empty", what))
		case last:
			slices.SortFunc(all, func(a, b Past) int { return cmp.Compare(b.Version, a.Version) })
			return all, nil
		}
	}
	return nil, pages.refuse(replyError("%s does not end", what))
}
