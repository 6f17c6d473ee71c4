package ssm

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

func (s *Service) getParametersByPath(req *call.Request) (any, error) {
	var in struct {
		Path                      string
		Recursive, WithDecryption bool
		ParameterFilters          []filter
		MaxResults                *int
		NextToken                 string
	}
	if err := req.Decode(&in); err != nil {
		return nil, err
	}
	if err := checkLength("path", in.Path); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.Path, "/") || strings.Trim(in.Path, nameChars) != "" || strings.Contains(in.Path, "//") {
		return nil, call.NewError("ValidationException", `The parameter doesn't meet the parameter name requirements. The parameter name must `+
			`begin with a forward slash "/". It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, `+
			`or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if `+
			`specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`)
	}
	// The right to a path is the right to everything below it, whatever policies say about a parameter there.
	keys := map[string][]string{"ssm:Recursive": {strconv.FormatBool(in.Recursive)}}
	if err := req.Authorize("ssm:GetParametersByPath", parameterARN(req.Account, req.Region, in.Path), keys); err != nil {
		return nil, err
	}
	if err := checkFilters(in.ParameterFilters, "Type", "KeyId", "Label"); err != nil {
		return nil, err
	}
	option := "OneLevel"
	if in.Recursive {
		option = "Recursive"
	}
	filters := slices.Concat(in.ParameterFilters, []filter{{Key: "Path", Option: option, Values: []string{in.Path}}})
	page, next, err := paginate(s.options, s.match(req, filters), byName, in.MaxResults, 10, in.NextToken)
	if err != nil {
		return nil, err
	}
	parameters := make([]parameterReply, len(page))
	for i, f := range page {
		if parameters[i], err = s.reply(req, f, in.WithDecryption); err != nil {
			return nil, err
		}
	}
	return withToken(map[string]any{"Parameters": parameters}, next), nil
}

// metadata is the API's ParameterMetadata: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterMetadata.html.
type metadata struct {
	ARN              string `json:",omitempty"`
	AllowedPattern   string `json:",omitempty"`
	DataType         string
	Description      string `json:",omitempty"`
	KeyId            string `json:",omitempty"`
	LastModifiedDate epoch
	LastModifiedUser string
	Name             string
	Policies         []inlinePolicy
	Tier             string
	Type             string
	Version          int64
}

// history is the API's ParameterHistory, which also has a value and labels.
type history struct {
	metadata
	Labels []string
	Value  string
}

func describe(f selected) metadata {
	v := f.version
	return metadata{
		ARN: f.arn, AllowedPattern: v.AllowedPattern, DataType: v.DataType, Description: v.Description, KeyId: v.KeyID,
		LastModifiedDate: epoch(v.Modified), LastModifiedUser: v.User, Name: f.name, Policies: append([]inlinePolicy{}, v.Policies...),
		Tier: v.Tier, Type: v.Type, Version: v.Number,
	}
}

func (s *Service) describeParameters(req *call.Request) (any, error) {
	var in struct {
		Filters []struct {
			Key    string
			Values []string
		}
		ParameterFilters []filter
		Shared           bool
		MaxResults       *int
		NextToken        string
	}
	if err := req.Decode(&in); err != nil {
		return nil, err
	}
	if err := req.Authorize("ssm:DescribeParameters", anyARN(req), nil); err != nil {
		return nil, err
	}
	if len(in.Filters) > 0 && len(in.ParameterFilters) > 0 {
		return nil, call.NewError("ValidationException", "You can use either Filters or ParameterFilters in a single request.")
	}
	filters := in.ParameterFilters
	var c check
	for i, old := range in.Filters {
		at := fmt.Sprintf("filters.%d.member.", i+1)
		c.enum(at+"key", old.Key, "Name", "Type", "KeyId")
		c.items(at+"values", old.Values, maxFilterValues, maxFilterValue)
		filters = append(filters, filter{Key: old.Key, Option: "BeginsWith", Values: old.Values})
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := checkFilters(in.ParameterFilters, "Path", "Name", "Type", "KeyId", "Tier", "DataType"); err != nil {
		return nil, err
	}
	var found []selected
	if !in.Shared { // nothing is shared between accounts here
		found = s.match(req, filters)
	}
	page, next, err := paginate(s.options, found, byName, in.MaxResults, 50, in.NextToken)
	if err != nil {
		return nil, err
	}
	parameters := make([]metadata, len(page))
	for i, f := range page {
		parameters[i] = describe(f)
	}
	return withToken(map[string]any{"Parameters": parameters}, next), nil
}

func (s *Service) getParameterHistory(req *call.Request) (any, error) {
	var in struct {
		Name           string
		WithDecryption bool
		MaxResults     *int
		NextToken      string
	}
	if err := req.Decode(&in); err != nil {
		return nil, err
	}
	if err := checkLength("name", in.Name); err != nil {
		return nil, err
	}
	r, malformed := parseReference(req, in.Name)
	if err := authorizeNames(req, r); err != nil {
		return nil, err
	}
	if malformed != nil {
		return nil, malformed
	}
	versions, err := s.versions(r)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(s.options, versions, byNumber, in.MaxResults, 50, in.NextToken)
	if err != nil {
		return nil, err
	}
	parameters := make([]history, len(page))
	for i, f := range page {
		value, err := s.reply(req, f, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		parameters[i] = history{metadata: describe(f), Labels: append([]string{}, f.version.Labels...), Value: value.Value}
		parameters[i].ARN = "" // a ParameterHistory has none
	}
	return withToken(map[string]any{"Parameters": parameters}, next), nil
}

// versions lists every version of a parameter.
func (s *Service) versions(r reference) ([]selected, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, _ := s.find(r)
	if p == nil {
		return nil, call.NewError("ParameterNotFound", "")
	}
	all := make([]selected, len(p.Versions))
	for i, v := range p.Versions {
		all[i] = selected{name: p.Name, arn: p.ARN, version: *v}
	}
	return all, nil
}

// match lists what passes every filter, sorted by name: the newest version of each parameter, or the one with a requested label.
func (s *Service) match(req *call.Request, filters []filter) []selected {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []selected
	at := place(req.Account, req.Region)
	for _, name := range s.names(at, filters) {
		p := s.stores[at][name]
		if v := pick(p, filters); v != nil {
			found = append(found, selected{name: p.Name, arn: p.ARN, version: *v})
		}
	}
	slices.SortFunc(found, func(a, b selected) int { return cmp.Compare(a.name, b.name) })
	return found
}

// names returns the canonical names of a store that can pass the filters, ascending: for one path, only those below it.
// The lock must be held.
func (s *Service) names(at string, filters []filter) []string {
	s.sorting.Lock()
	defer s.sorting.Unlock()
	all, ok := s.sorted[at]
	if !ok {
		all = slices.Sorted(maps.Keys(s.stores[at]))
		s.sorted[at] = all
	}
	for _, f := range filters {
		if path := strings.TrimSuffix(strings.Join(f.Values, "\n"), "/"); f.Key == "Path" && len(f.Values) == 1 && path != "" {
			from, _ := slices.BinarySearch(all, path+"/")
			to, _ := slices.BinarySearch(all, path+"0") // the character after the slash
			return all[from:to]
		}
	}
	return all
}

// byName and byNumber are the sort keys in the token of a page.
func byName(f selected) string   { return f.name }
func byNumber(f selected) string { return fmt.Sprintf("%020d", f.version.Number) }

// paginate returns the page after a token of a sorted list. The token holds the last key that was returned, so it stays valid while
// parameters are put and deleted.
func paginate(o Options, all []selected, key func(selected) string, size *int, most int, token string) ([]selected, string, error) {
	n := most
	if size != nil {
		n = *size
		if n < 1 || n > most {
			bound := "greater than or equal to 1"
			if n > most {
				bound = fmt.Sprintf("less than or equal to %d", most)
			}
			return nil, "", call.NewError("ValidationException", fmt.Sprintf("1 validation error detected: Value '%d' at 'maxResults' failed to "+
				"satisfy constraint: Member must have value %s", n, bound))
		}
	}
	const head = "after:"
	if token == "" && o.EmptyPages {
		return nil, base64.RawURLEncoding.EncodeToString([]byte(head)), nil
	}
	last := ""
	if token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		after, ok := strings.CutPrefix(string(raw), head)
		if err != nil || !ok {
			return nil, "", call.NewError("InvalidNextToken", "The specified token isn't valid.")
		}
		last = after
	}
	from := slices.IndexFunc(all, func(f selected) bool { return key(f) > last })
	if from < 0 {
		return nil, "", nil
	}
	rest := all[from:]
	if len(rest) <= n {
		return rest, "", nil
	}
	return rest[:n], base64.RawURLEncoding.EncodeToString([]byte(head + key(rest[n-1]))), nil
}

func withToken(reply map[string]any, next string) map[string]any {
	if next != "" {
		reply["NextToken"] = next
	}
	return reply
}
