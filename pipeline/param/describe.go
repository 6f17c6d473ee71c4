package param

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// describeSize is the largest number of parameters in a reply to DescribeParameters,
// and of names in a filter.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
const describeSize = 50

// keyForm is the form of the key in a description:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterMetadata.html
var keyForm = lazyregexp.New(`^[a-zA-Z0-9:/_-]{1,256}$`)

// Description describes a parameter's current version, without its value.
type Description struct {
	Name string // canonical, as in secret.Ref
	Type string // "String", "StringList" or "SecureString"
	Tier string // "Standard", "Advanced" or "Intelligent-Tiering"
	Key  string // alias, ID or ARN, as in PutParameter; "" unless a SecureString

	Version  int64  // from 1
	DataType string // such as "text"
	About    string // the description; it may be empty
	Pattern  string // the regular expression that AWS checks new values against; "" for none
}

// Describe describes the named parameters and those at any depth below the paths,
// sorted by name. Names that do not exist are left out. The quota is low: 3 calls
// per second, for 50 parameters each:
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
//
// Its errors wrap ErrDenied, ErrReply, ErrUnavailable, ErrCredentials or the
// context's error.
func (s *Source) Describe(ctx context.Context, names, paths []string) ([]Description, error) {
	found := make(map[string]Description)
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	for some := range slices.Chunk(names, describeSize) {
		// "/a" and "a" are the same parameter, and the filter finds it by either name.
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

// describe adds all parameters that match a filter to found.
func (s *Source) describe(ctx context.Context, filter types.ParameterStringFilter, asked func(string) bool, found map[string]Description) error {
	var pages walk
	seen := make(map[string]bool)
	for range maxPages {
		out, err := s.client.DescribeParameters(ctx, &ssm.DescribeParametersInput{
			ParameterFilters: []types.ParameterStringFilter{filter}, MaxResults: aws.Int32(describeSize), NextToken: pages.token,
		})
		if err != nil {
			return s.stopped(ctx, err)
		}
		pages.reply = out.ResultMetadata
		for _, p := range out.Parameters {
			name := canonical(aws.ToString(p.Name))
			if !asked(name) {
				return pages.refuse(replyError("the description of %q was not requested", awsfault.Printable(name)))
			}
			if seen[name] {
				return pages.refuse(replyError("%q is described twice", name))
			}
			if fault := checkDescription(p); fault != "" {
				return pages.refuse(replyError("the description of %q %s", awsfault.Printable(name), fault))
			}
			seen[name] = true
			found[name] = Description{
				Name: name, Type: string(p.Type), Tier: string(p.Tier), Key: aws.ToString(p.KeyId), Version: p.Version,
				DataType: cmp.Or(aws.ToString(p.DataType), Text), About: aws.ToString(p.Description), Pattern: aws.ToString(p.AllowedPattern),
			}
		}
		if last, err := pages.next(out.NextToken, len(out.Parameters), maxFiltered, "the description of parameters"); last || err != nil {
			return err
		}
	}
	return pages.refuse(replyError("the description of parameters does not end"))
}

// checkDescription returns what is wrong with a description, or "".
func checkDescription(p types.ParameterMetadata) string {
	switch {
	case !slices.Contains(types.ParameterType("").Values(), p.Type):
		return fmt.Sprintf("has type %q", awsfault.Printable(string(p.Type)))
	case p.Type == types.ParameterTypeSecureString && aws.ToString(p.KeyId) == "":
		return "has no key, but the parameter is a SecureString"
	case p.Type == types.ParameterTypeSecureString && !isKey(*p.KeyId):
		return "has an invalid key"
	case p.Version < 1:
		return fmt.Sprintf("has version %d", p.Version)
	}
	return ""
}

// isKey reports whether a string can be the alias, ID or ARN of a key. Whether there is such
// a key, KMS says.
func isKey(ref string) bool {
	if arn.Looks(ref) {
		a, _ := arn.Parse(ref)
		return keyForm.MatchString(ref) && a.Service == "kms" && (a.Key() != "" || arn.IsAlias(ref))
	}
	return keyForm.MatchString(ref)
}
