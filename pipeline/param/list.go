package param

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

// maxListed is the default quota of parameters in an account and region, and the
// most that List accepts for one path. maxPages allows for empty pages, which AWS
// returns while it is still searching.
//
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
const (
	maxListed   = 10000
	maxPages    = 2 * maxListed / batchSize
	maxEmpty    = 50  // pages in a row
	maxFiltered = 400 // the same with a filter, which may leave out a whole page
)

// List returns every parameter below a path, sorted by name, without decryption and
// values. Without recursive, these are only the ones directly below it. If there
// are none, the list is empty.
//
// Its errors wrap ErrDenied, ErrReply, ErrUnavailable, ErrCredentials or the
// context's error.
func (s *Source) List(ctx context.Context, path string, recursive bool) ([]Parameter, error) {
	return s.list(ctx, path, recursive, nil)
}

// list lists the parameters that match the filters.
func (s *Source) list(ctx context.Context, path string, recursive bool, filters []types.ParameterStringFilter) ([]Parameter, error) {
	what, mostEmpty := fmt.Sprintf("the list of %q", path), maxEmpty
	if len(filters) > 0 {
		mostEmpty = maxFiltered
	}
	var all []Parameter
	var pages walk
	names := make(map[string]bool)
	for range maxPages {
		out, err := s.client.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{
			Path: aws.String(path), Recursive: aws.Bool(recursive), WithDecryption: aws.Bool(false),
			MaxResults: aws.Int32(batchSize), NextToken: pages.token, ParameterFilters: filters,
		})
		if err != nil {
			return nil, s.stopped(ctx, err)
		}
		pages.reply = out.ResultMetadata
		for i := range out.Parameters {
			p, err := s.listed(&out.Parameters[i], path, recursive)
			switch {
			case err != nil:
				return nil, pages.refuse(err)
			case names[p.Ref.Name]:
				return nil, pages.refuse(replyError("%s contains %q twice", what, awsfault.Printable(p.Ref.Name)))
			}
			names[p.Ref.Name] = true
			all = append(all, p)
		}
		if len(all) > maxListed {
			return nil, pages.refuse(replyError("%s has more than %d parameters", what, maxListed))
		}
		last, err := pages.next(out.NextToken, len(out.Parameters), mostEmpty, what)
		switch {
		case err != nil:
			return nil, err
		case last:
			slices.SortFunc(all, func(a, b Parameter) int { return strings.Compare(a.Ref.Name, b.Ref.Name) })
			return all, nil
		}
	}
	return nil, pages.refuse(replyError("%s does not end", what))
}

// listed returns a parameter from the list of a path.
func (s *Source) listed(p *types.Parameter, path string, recursive bool) (Parameter, error) {
	r := s.take(p, versions)
	r.parameter.Ref = secret.Ref{Name: canonical(r.name)}
	rest, ok := strings.CutPrefix(r.name, strings.TrimSuffix(path, "/")+"/")
	if !ok || rest == "" || !recursive && strings.Contains(rest, "/") {
		return Parameter{}, replyError("the list of %q contains a parameter that is not below it", path)
	}
	if fault := checkReply(r, r.parameter.Ref, s.home); fault != "" {
		return Parameter{}, replyError("%q in the list of %q %s", awsfault.Printable(r.name), path, fault)
	}
	return r.parameter, nil
}
