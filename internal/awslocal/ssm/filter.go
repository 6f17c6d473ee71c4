package ssm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// filter is the API's ParameterStringFilter
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html).
type filter struct {
	Key, Option string
	Values      []string
}

// filterKey matches the keys of all operations.
var filterKey = lazyregexp.New(`^(tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType)$`)

// option is the filter's option, with its default.
func (f filter) option() string {
	switch {
	case f.Option != "":
		return f.Option
	case f.Key == "Path":
		return "OneLevel"
	}
	return "Equals"
}

// Limits of the service's model for a filter.
const (
	maxFilterKey    = 132 // characters
	maxFilterOption = 10
	maxFilterValue  = 1024
	maxFilterValues = 50
)

// filters checks filters against the service's model.
func (c *check) filters(filters []filter) {
	for i, f := range filters {
		at := fmt.Sprintf("parameterFilters.%d.member.", i+1)
		c.length(at+"key", f.Key, 1, maxFilterKey)
		c.pattern(at+"key", f.Key, filterKey, filterKey.String())
		c.length(at+"option", f.Option, 0, maxFilterOption)
		if f.Values != nil {
			c.items(at+"values", f.Values, maxFilterValues, maxFilterValue)
		}
	}
}

// checkFilters refuses keys that the operation does not know, options that the key does not know, and filters without values. Where
// Tier is a valid key, tags are too.
func checkFilters(filters []filter, keys ...string) error {
	var c check
	if c.filters(filters); c.err() != nil {
		return c.err()
	}
	for i, f := range filters {
		tag := strings.HasPrefix(f.Key, "tag:") && slices.Contains(keys, "Tier")
		options := []string{"BeginsWith", "Equals"}
		switch f.Key {
		case "Path":
			options = []string{"OneLevel", "Recursive"}
		case "Name":
			options = []string{"BeginsWith", "Equals", "Contains"}
		case "Label":
			options = []string{"Equals"}
		}
		switch {
		case !tag && !slices.Contains(keys, f.Key):
			return call.NewError("InvalidFilterKey", "The following filter key is not valid: "+f.Key+
				". Valid filter keys include: ["+strings.Join(keys, ", ")+"].")
		case !slices.Contains(options, f.option()):
			return call.NewError("InvalidFilterOption", "The following filter option is not valid: "+f.Option+
				". Valid options include: ["+strings.Join(options, ", ")+"].")
		case len(f.Values) == 0 && !tag:
			return call.NewError("InvalidFilterValue", "The following filter values are missing: null for filter key "+f.Key+".")
		case slices.ContainsFunc(filters[:i], func(g filter) bool { return g.Key == f.Key }):
			return call.NewError("InvalidFilterKey", "The following filter is duplicated in the request: "+f.Key+
				". A request can contain only one instance of a specific filter.")
		case f.Key == "Path" && slices.ContainsFunc(f.Values, func(v string) bool { return !strings.HasPrefix(v, "/") }):
			return call.NewError("ValidationException", badName)
		}
	}
	return nil
}

// pick returns the version of p that passes every filter, or nil: the one with a label if a filter names labels, else the newest.
func pick(p *parameter, filters []filter) *version {
	v := p.newest()
	for _, f := range filters {
		if f.Key == "Label" {
			i := slices.IndexFunc(p.Versions, func(v *version) bool { return slices.ContainsFunc(f.Values, v.hasLabel) })
			if i < 0 {
				return nil
			}
			v = p.Versions[i]
		}
	}
	for _, f := range filters {
		if f.Key != "Label" && !f.passes(p, v) {
			return nil
		}
	}
	return v
}

func (f filter) passes(p *parameter, v *version) bool {
	field := ""
	switch f.Key {
	case "Path":
		return slices.ContainsFunc(f.Values, func(path string) bool { return below(p.Name, path, f.option() == "Recursive") })
	case "Name":
		// Names are compared without the leading slash, which a one-level name may or may not have.
		return f.compare(strings.TrimPrefix(p.Name, "/"), func(value string) string { return strings.TrimPrefix(value, "/") })
	case "Type":
		field = v.Type
	case "KeyId":
		field = v.KeyID
	case "Tier":
		field = v.Tier
	case "DataType":
		field = v.DataType
	default:
		value, tagged := p.Tags[strings.TrimPrefix(f.Key, "tag:")]
		if !tagged || len(f.Values) == 0 {
			return tagged
		}
		field = value
	}
	return f.compare(field, func(value string) string { return value })
}

func (f filter) compare(field string, clean func(string) string) bool {
	return slices.ContainsFunc(f.Values, func(value string) bool {
		switch value = clean(value); f.option() {
		case "BeginsWith":
			return strings.HasPrefix(field, value)
		case "Contains":
			return strings.Contains(field, value)
		}
		return field == value
	})
}

// below reports whether a parameter is below a path, at any depth or directly. Every parameter is below "/".
func below(name, path string, recursive bool) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "/"), strings.TrimPrefix(strings.TrimSuffix(path, "/")+"/", "/"))
	return ok && rest != "" && (recursive || !strings.Contains(rest, "/"))
}
