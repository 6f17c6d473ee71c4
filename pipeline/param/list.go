package param

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

// maxListed is how many parameters an account may have in a region without
// paying for more, and the most that List takes from one path. maxPages leaves
// room for empty pages, which AWS gives while it still searches.
//
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
const (
	maxListed   = 10000
	maxPages    = 2 * maxListed / batchSize
	maxEmpty    = 50  // pages in a row
	maxFiltered = 400 // the same, where a filter may leave out all of a page
)

// List returns every parameter below a path, sorted by name, undecrypted and
// without values: those directly below it, and with recursive those further down
// as well. A path without parameters gives an empty list.
//
// Its errors wrap ErrDenied, ErrReply, ErrUnavailable, ErrCredentials or the
// context's error.
func (s *Source) List(ctx context.Context, path string, recursive bool) ([]Parameter, error) {
	return s.list(ctx, path, recursive, nil)
}

// list lists what passes the filters, which Parameter Store applies.
func (s *Source) list(ctx context.Context, path string, recursive bool, filters []types.ParameterStringFilter) ([]Parameter, error) {
	below := strings.TrimSuffix(path, "/") + "/"
	var all []Parameter
	var token *string
	names := make(map[string]bool)
	tokens := make(map[string]bool)
	empty := 0
	for range maxPages {
		out, err := s.client.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{
			Path: aws.String(path), Recursive: aws.Bool(recursive), WithDecryption: aws.Bool(false),
			MaxResults: aws.Int32(batchSize), NextToken: token, ParameterFilters: filters,
		})
		if err != nil {
			return nil, s.stopped(ctx, err)
		}
		for i := range out.Parameters {
			r := s.take(&out.Parameters[i], versions)
			r.parameter.Ref = secret.Ref{Name: canonical(r.name)}
			rest, ok := strings.CutPrefix(r.name, below)
			if !ok || rest == "" || !recursive && strings.Contains(rest, "/") {
				return nil, replyError("the list of %q holds what is not below it", path)
			}
			if names[r.name] {
				return nil, replyError("the list of %q holds %q twice", path, awsfault.Printable(r.name))
			}
			if fault := checkReply(r, r.parameter.Ref, s.home); fault != "" {
				return nil, replyError("%q in the list of %q %s", awsfault.Printable(r.name), path, fault)
			}
			names[r.name] = true
			all = append(all, r.parameter)
		}
		if len(all) > maxListed {
			return nil, replyError("the list of %q has more than %d parameters", path, maxListed)
		}
		if empty++; len(out.Parameters) > 0 {
			empty = 0
		}
		token = out.NextToken
		if aws.ToString(token) == "" {
			slices.SortFunc(all, func(a, b Parameter) int { return strings.Compare(a.Ref.Name, b.Ref.Name) })
			return all, nil
		}
		if tokens[*token] {
			return nil, replyError("the list of %q goes round in circles", path)
		}
		if empty == maxFiltered || empty == maxEmpty && len(filters) == 0 {
			break
		}
		tokens[*token] = true
	}
	return nil, replyError("the list of %q does not end", path)
}
