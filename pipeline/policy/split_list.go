package policy

import (
	"maps"
	"slices"
	"strings"
)

// A place is where a statement has a list: an element, or an operator and a key of its
// condition.
type place struct{ element, key string }

// negated reports whether the statement is about everything except the list. A
// condition with a negated operator holds as well if the request has no such key.
func (p place) negated() bool {
	return p.element == "NotResource" || p.element == "StringNotEquals" || p.element == "StringNotLike"
}

// longest returns the longest list that the statement can be cut along, and none if it
// has no such list. The keys of the conditions have one value in a request: operators
// for keys with several values are left whole.
func (s Statement) longest() (at place, list List) {
	most := 0
	try := func(p place, l List) {
		n := 0
		for _, member := range l {
			n += listed(member)
		}
		if n > most {
			at, list, most = p, l, n
		}
	}
	try(place{element: "Action"}, s.Action)
	try(place{element: "Resource"}, s.Resource)
	try(place{element: "NotResource"}, s.NotResource)
	for _, operator := range []string{"StringEquals", "StringLike", "StringNotLike", "StringNotEquals"} {
		for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
			values := s.Condition[operator][key]
			if operator == "StringNotEquals" && (len(s.Condition["StringNotLike"][key]) > 0 || slices.ContainsFunc(values, hasWildcard)) {
				continue // it could not become a StringNotLike
			}
			try(place{operator, key}, values)
		}
	}
	return at, list
}

// hasWildcard reports whether a string is more than itself to StringLike.
func hasWildcard(s string) bool { return strings.ContainsAny(s, wildcards) }

// wildcards are * and ?, and $ for policy variables.
const wildcards = "*?$"

// with returns the statement with another list. StringNotEquals becomes StringNotLike,
// because the parts have patterns.
func (s Statement) with(p place, l List) Statement {
	switch p.element {
	case "Action":
		s.Action = l
	case "Resource":
		s.Resource = l
	case "NotResource":
		s.NotResource = l
	default:
		condition := Condition{}
		for operator, keys := range s.Condition {
			condition[operator] = maps.Clone(keys)
		}
		if p.element == "StringNotEquals" {
			if delete(condition[p.element], p.key); len(condition[p.element]) == 0 {
				delete(condition, p.element)
			}
			p.element = "StringNotLike"
			if condition[p.element] == nil {
				condition[p.element] = map[string]List{}
			}
		}
		condition[p.element][p.key] = l
		s.Condition = condition
	}
	return s
}
