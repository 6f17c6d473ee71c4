package param

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsfault"
)

// describeSize is how many parameters one call of DescribeParameters gives, and
// how many names one filter takes.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
const describeSize = 50

// keyForm is that of the key of a description:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterMetadata.html
var keyForm = regexp.MustCompile(`^[a-zA-Z0-9:/_-]{1,256}$`)

// Description is what Parameter Store tells of a parameter's current version
// to who administers it, besides its value.
type Description struct {
	Name string // canonical, as in secret.Ref
	Type string // "String", "StringList" or "SecureString"
	Tier string // "Standard", "Advanced" or "Intelligent-Tiering"
	Key  string // alias, id or ARN, as it was put; "" unless a SecureString
}

// Describe describes the parameters that are named and those at any depth below
// the paths, sorted by name. Names that do not exist are left out. Its quota is
// low, 3 calls a second, for 50 parameters each:
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
//
// Its errors wrap ErrDenied, ErrReply, ErrUnavailable, ErrCredentials or the
// context's error.
func (s *Source) Describe(ctx context.Context, names, paths []string) ([]Description, error) {
	found := make(map[string]Description)
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	for some := range slices.Chunk(names, describeSize) {
		// What was put as "/a" and as "a" is one parameter, found under either.
		filter := types.ParameterStringFilter{Key: aws.String("Name"), Option: aws.String("Equals"), Values: some}
		if err := s.describe(ctx, filter, func(name string) bool { return slices.Contains(some, name) }, found); err != nil {
			return nil, err
		}
	}
	for _, path := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		path = strings.TrimSuffix(path, "/")
		filter := types.ParameterStringFilter{Key: aws.String("Path"), Option: aws.String("Recursive"), Values: []string{path}}
		if err := s.describe(ctx, filter, func(name string) bool { return strings.HasPrefix(name, path+"/") }, found); err != nil {
			return nil, err
		}
	}
	all := make([]Description, 0, len(found))
	for _, d := range found {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Description) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// describe adds all that passes a filter of Parameter Store to found.
func (s *Source) describe(ctx context.Context, filter types.ParameterStringFilter, asked func(string) bool, found map[string]Description) error {
	var token *string
	tokens, seen := make(map[string]bool), make(map[string]bool)
	empty := 0
	for range maxPages {
		out, err := s.client.DescribeParameters(ctx, &ssm.DescribeParametersInput{
			ParameterFilters: []types.ParameterStringFilter{filter}, MaxResults: aws.Int32(describeSize), NextToken: token,
		})
		if err != nil {
			return s.stopped(ctx, err)
		}
		for _, p := range out.Parameters {
			name := canonical(aws.ToString(p.Name))
			if !asked(name) {
				return replyError("the description of %q was not asked for", awsfault.Printable(name))
			}
			switch {
			case seen[name]:
				return replyError("%q is described twice", name)
			case !slices.Contains(types.ParameterType("").Values(), p.Type):
				return replyError("the description of %q has type %q", awsfault.Printable(name), awsfault.Printable(string(p.Type)))
			case p.Type == types.ParameterTypeSecureString && aws.ToString(p.KeyId) == "":
				return replyError("the description of %q, a SecureString, has no key", awsfault.Printable(name))
			case p.Type == types.ParameterTypeSecureString && !keyForm.MatchString(*p.KeyId):
				return replyError("the description of %q has something for a key that is none", awsfault.Printable(name))
			}
			seen[name] = true
			found[name] = Description{name, string(p.Type), string(p.Tier), aws.ToString(p.KeyId)}
		}
		if empty++; len(out.Parameters) > 0 {
			empty = 0
		}
		token = out.NextToken
		if aws.ToString(token) == "" {
			return nil
		}
		if tokens[*token] {
			return replyError("the description of parameters goes round in circles")
		}
		if empty == maxFiltered {
			break
		}
		tokens[*token] = true
	}
	return replyError("the description of parameters does not end")
}
