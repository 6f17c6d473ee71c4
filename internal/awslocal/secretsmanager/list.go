package secretsmanager

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

const (
	maxFilters     = 10
	maxFilterValue = 512
	filterText     = `^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$`
)

var filterPattern = lazyregexp.New(filterText)

// filter is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html.
type filter struct {
	Key    *string
	Values []string
}

type listInput struct {
	IncludePlannedDeletion bool
	MaxResults             *int
	NextToken              *string
	Filters                []filter
	SortOrder              *string
	SortBy                 *string
}

// filters checks the filters of a request.
func (c *check) filters(filters []filter) {
	c.size("", "filters", len(filters), 0, maxFilters)
	for _, f := range filters {
		c.enum("filters.key", f.Key, "description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all")
		c.size(" '"+quoted(f.Values)+"'", "filters.values", len(f.Values), 1, maxFilters)
		for i := range f.Values {
			c.length("filters.values", &f.Values[i], 0, maxFilterValue)
			c.pattern("filters.values", &f.Values[i], filterPattern, filterText)
		}
	}
}

// entry is a secret in the reply of ListSecrets.
type entry struct {
	description
	SecretVersionsToStages map[string][]string `json:",omitempty"`
}

func (x *secret) entry() entry { return entry{x.describe(), x.labels()} }

// listSecrets is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html.
func (s *Service) listSecrets(req *call.Request, in *listInput) (any, error) {
	var c check
	c.page(in.MaxResults, in.NextToken, maxPage)
	c.filters(in.Filters)
	c.enum("sortOrder", in.SortOrder, "asc", "desc")
	c.enum("sortBy", in.SortBy, "created-date", "last-accessed-date", "last-changed-date", "name")
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := authorize(req, "ListSecrets", reference{asked: "*", arn: "*"}, nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := s.listed(req, in)
	page, next, err := paged(all, in.MaxResults, in.NextToken, listOf("ListSecrets", in))
	if err != nil {
		return nil, err
	}
	return struct {
		NextToken  string `json:",omitempty"`
		SecretList []entry
	}{next, page}, nil
}

// listOf tells the list of a request from others, for the tokens of its pages.
func listOf(operation string, in *listInput) string {
	same := *in
	same.MaxResults, same.NextToken = nil, nil
	b, err := json.Marshal(same)
	if err != nil {
		return operation // strings always marshal
	}
	return operation + string(b)
}

// listed returns the secrets of the caller's account that match the filters of a request, in its order.
func (s *Service) listed(req *call.Request, in *listInput) []entry {
	all := []entry{}
	for _, e := range s.visible(req) {
		deleted := !e.DeletedDate.IsZero()
		if (!deleted || in.IncludePlannedDeletion) && e.matches(in.Filters) {
			all = append(all, e)
		}
	}
	by := map[string]func(a, b entry) int{
		"name":               func(a, b entry) int { return cmp.Compare(a.Name, b.Name) },
		"last-accessed-date": func(a, b entry) int { return a.LastAccessedDate.compare(b.LastAccessedDate) },
		"last-changed-date":  func(a, b entry) int { return a.LastChangedDate.compare(b.LastChangedDate) },
		"created-date":       func(a, b entry) int { return a.CreatedDate.compare(b.CreatedDate) },
	}[cmp.Or(text(in.SortBy), "created-date")]
	slices.SortFunc(all, func(a, b entry) int {
		order := cmp.Or(by(a, b), cmp.Compare(a.Name, b.Name))
		if text(in.SortOrder) == "desc" {
			return -order
		}
		return order
	})
	return all
}

// visible returns what ListSecrets knows of the secrets of the caller's account: with Options.ListDelay, what was true then.
func (s *Service) visible(req *call.Request) (all []entry) {
	at := place(req.Account, req.Region)
	if s.options.ListDelay == 0 {
		for _, x := range s.secrets[at] {
			if !x.gone(req.Now) {
				all = append(all, x.entry())
			}
		}
		return all
	}
	for _, seen := range s.past[at] {
		for _, was := range slices.Backward(seen) {
			if was.at.After(req.Now.Add(-s.options.ListDelay)) {
				continue
			}
			if was.entry != nil {
				all = append(all, *was.entry)
			}
			break
		}
	}
	return all
}

// matches reports whether a secret matches all filters.
func (e *entry) matches(filters []filter) bool {
	return !slices.ContainsFunc(filters, func(f filter) bool { return !e.match(f) })
}

// match reports whether a secret matches a filter: one of its values, if it has any without an exclamation mark, and none with one.
func (e *entry) match(f filter) bool {
	wanted, found := false, false
	for _, value := range f.Values {
		refused, negated := strings.CutPrefix(value, "!")
		if negated && e.has(text(f.Key), refused) {
			return false
		}
		if !negated {
			wanted, found = true, found || e.has(text(f.Key), value)
		}
	}
	return found || !wanted
}

func (e *entry) has(key, value string) bool {
	switch key {
	case "name":
		return strings.HasPrefix(e.Name, value)
	case "description":
		return wordsBegin(e.Description, value)
	case "owning-service":
		return e.OwningService != "" && strings.HasPrefix(e.OwningService, value)
	case "primary-region":
		return e.PrimaryRegion != "" && strings.HasPrefix(e.PrimaryRegion, value)
	case "tag-key":
		return slices.ContainsFunc(e.Tags, func(t tag) bool { return strings.HasPrefix(t.Key, value) })
	case "tag-value":
		return slices.ContainsFunc(e.Tags, func(t tag) bool { return strings.HasPrefix(t.Value, value) })
	}
	attributes := []string{e.Name, e.Description, e.OwningService, e.PrimaryRegion}
	for _, t := range e.Tags {
		attributes = append(attributes, t.Key, t.Value)
	}
	return wordsBegin(strings.Join(attributes, " "), value)
}

// wordsBegin reports whether each word of a value begins a word of the other, whatever their case is.
func wordsBegin(text, value string) bool {
	words := strings.Fields(strings.ToLower(text))
	return !slices.ContainsFunc(strings.Fields(strings.ToLower(value)), func(asked string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, asked) })
	})
}
