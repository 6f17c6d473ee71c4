package policy

import (
	"slices"
	"strings"
	"unicode"
)

// classes cuts a list L of which a statement says: everything except L. It returns the
// lists of statements that mean the same together, each of at most room characters.
//
// The strings that begin alike are a class: PREFIX*. No two classes have a string in
// common. The statement for one class has the members of L in that class, and the
// patterns of the classes beside it instead of their members. A string that is not in L
// is in one class only, or in none. The statement for that class, or for any class
// beside the string, is about it, because neither the members nor the patterns there
// match it. A member of L matches in every statement.
//
// The same holds for the strings that begin with the same text and end alike:
// TEXT*SUFFIX. Members that end in a wildcard are in every list then. It returns the
// shorter lists of the two.
//
// It reports false if the list cannot be cut like that.
func classes(list List, room int) (lists []List, ok bool) {
	if slices.ContainsFunc(list, func(member string) bool { return strings.IndexFunc(member, notASCII) >= 0 }) {
		return nil, false // a prefix could end within a character
	}
	if lists, ok = newClass("", list).cut(room); !ok {
		lists, ok = classesBesideOpen(list, room)
	}
	backward, also := classesByEnd(list, room)
	if !also || ok && total(lists) <= total(backward) {
		return lists, ok
	}
	return backward, true
}

// classesBesideOpen is classes for lists in which some members begin with all that others
// have before their wildcard, as db-x-?????? does with db-??????. The others are in every
// list: they match nothing that is not in L.
func classesBesideOpen(list List, room int) ([]List, bool) {
	list = uncovered(list)
	var closed, everywhere List
	for i, member := range list {
		before := literal(member)
		others := func(j int) bool { return j >= 0 && j < len(list) && strings.HasPrefix(literal(list[j]), before) }
		if before != member && (others(i-1) || others(i+1)) { // sorted: those that begin with it are beside it
			everywhere = append(everywhere, member)
			room -= listed(member)
			continue
		}
		closed = append(closed, member)
	}
	if len(closed) == 0 || len(everywhere) == 0 {
		return nil, false
	}
	lists, ok := newClass("", closed).cut(room)
	for i := range lists {
		lists[i] = distinct(append(lists[i], everywhere...))
	}
	return lists, ok
}

func classesByEnd(list List, room int) (lists []List, ok bool) {
	text := sameType(list)
	var ends, everywhere List
	for _, member := range list {
		if hasWildcard(strings.TrimPrefix(strings.TrimPrefix(member, text), "*")) {
			everywhere = append(everywhere, member)
			room -= listed(member)
			continue
		}
		ends = append(ends, member)
	}
	if len(ends) == 0 {
		return nil, false
	}
	lists, ok = newClass(text, reversed(text, ends)).cut(room)
	for i, l := range lists {
		lists[i] = slices.Clone(everywhere)
		for _, end := range reversed("", l) {
			lists[i] = append(lists[i], text+end)
		}
		lists[i] = distinct(lists[i])
	}
	return lists, ok
}

func total(lists []List) int {
	n := 0
	for _, list := range lists {
		for _, member := range list {
			n += listed(member)
		}
	}
	return n
}

// sameType returns what all members of a list begin with, of ARNs up to their type:
// arn:aws:ssm:us-west-2:222222222222:parameter/. It returns "" if they differ there.
func sameType(list List) string {
	first := literal(list[0])
	fields := strings.SplitAfterN(first, ":", 6)
	if fields[0] != "arn:" || len(fields) < 6 {
		return ""
	}
	kind, _, _ := strings.Cut(fields[5], "/")
	text := first[:len(first)-len(fields[5])+len(kind)] + "/"
	if slices.ContainsFunc(list, func(member string) bool { return !strings.HasPrefix(member, text) }) {
		return ""
	}
	return text
}

func notASCII(r rune) bool { return r > unicode.MaxASCII }

// reversed reverses what each member of a list has after the text that it begins with.
func reversed(text string, l List) List {
	var all List
	for _, member := range l {
		b := []byte(strings.TrimPrefix(member, text))
		slices.Reverse(b)
		all = append(all, string(b))
	}
	return all
}

// A class is what one pattern matches.
type class struct {
	text    string // to put before each member and pattern later
	pattern string // "" for the class of all strings
	members List
	within  []*class // smaller classes with the same members; none have a string in common

	outside, inside int // characters of the pattern and of the members in a list
}

// newClass returns the class of all strings. It leaves out members that others cover.
func newClass(text string, members List) *class {
	c := &class{text: text}
	for _, member := range uncovered(members) {
		c.add(member)
	}
	return c
}

// uncovered sorts a list of patterns, and removes those of which another one, PREFIX*,
// matches everything that they match.
func uncovered(l List) List {
	l = distinct(slices.Clone(l))
	open := map[string]bool{}
	for _, member := range l {
		if before := literal(member); member == before+"*" {
			open[before] = true
		}
	}
	return slices.DeleteFunc(l, func(member string) bool {
		for n := range member {
			if open[member[:n]] && member != member[:n]+"*" {
				return true
			}
		}
		return false
	})
}

func (c *class) add(member string) {
	c.members = append(c.members, member)
	c.inside += listed(c.text + member)
}

// divide divides a class by the first letter in which its members differ. It reports
// false if they do not differ before a wildcard.
func (c *class) divide() bool {
	if len(c.members) < 2 {
		return false
	}
	same := literal(c.members[0])
	for _, member := range c.members[1:] {
		same = same[:common(same, literal(member))]
	}
	var within []*class
	for _, member := range c.members { // sorted
		pattern, ok := beginning(member, len(same))
		if !ok {
			return false
		}
		if last := len(within) - 1; last < 0 || within[last].pattern != pattern {
			within = append(within, &class{text: c.text, pattern: pattern, outside: listed(c.text + pattern)})
		}
		within[len(within)-1].add(member)
	}
	c.within = within
	return true
}

// beginning returns a pattern for the strings that begin like a member does, for one
// letter more than the members have in common. Of an ARN, it has all fields before the
// resource: AWS does not accept less. It reports false if the member has a wildcard there.
func beginning(member string, same int) (pattern string, ok bool) {
	text := literal(member)
	if len(text) == same {
		return member, member == text // all others begin with it
	}
	const arns = "arn:"
	if n := min(same+1, len(arns)); text[:n] != arns[:n] {
		return text[:same+1] + "*", true
	}
	fields := strings.SplitAfterN(text, ":", 6)
	before := len(text) - len(fields[len(fields)-1])
	return text[:max(same+1, before)] + "*", len(fields) == 6
}

// literal returns what a pattern has before its first wildcard.
func literal(pattern string) string {
	if i := strings.IndexAny(pattern, wildcards); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

// cut returns the lists of statements, each of at most room characters.
func (c *class) cut(room int) ([]List, bool) {
	size := func(chosen ...*class) int { n, _ := c.weigh(chosen); return n }
	small := []*class{c}
	for whole := false; !whole; { // a division makes the lists of the classes beside it longer
		whole = true
		for i := 0; i < len(small); i++ {
			if size(small[i]) <= room {
				continue
			}
			if !small[i].divide() {
				return nil, false
			}
			small, whole = slices.Concat(small[:i], small[i].within, small[i+1:]), false
			i--
		}
	}
	var groups [][]*class
	for _, one := range small {
		near := max(0, len(groups)-4) // classes that are near have the same classes beside them
		i := slices.IndexFunc(groups[near:], func(g []*class) bool { return size(append(slices.Clone(g), one)...) <= room })
		if i < 0 {
			groups = append(groups, []*class{one})
			continue
		}
		groups[near+i] = append(groups[near+i], one)
	}
	var lists []List
	for _, group := range groups {
		all, _ := c.except(group)
		lists = append(lists, all)
	}
	return lists, true
}

// except returns the list of the statement for some classes: their members, and the
// patterns of the classes beside them. It reports whether one of them is in this class.
func (c *class) except(chosen []*class) (all List, has bool) {
	if slices.Contains(chosen, c) {
		return slices.Clone(c.members), true
	}
	for _, inner := range c.within {
		within, in := inner.except(chosen)
		all, has = append(all, within...), has || in
	}
	if !has {
		return List{c.pattern}, false
	}
	return all, true
}

// weigh returns the number of characters of the list that except returns.
func (c *class) weigh(chosen []*class) (n int, has bool) {
	if slices.Contains(chosen, c) {
		return c.inside, true
	}
	for _, inner := range c.within {
		within, in := inner.weigh(chosen)
		n, has = n+within, has || in
	}
	if !has {
		return c.outside, false
	}
	return n, true
}
