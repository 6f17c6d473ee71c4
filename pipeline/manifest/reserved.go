package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Names that a secret cannot have, or only with allow_reserved. A helper can put secrets into the environment of the
// function's process, and programs that read the environment would then obey anyone who can write the value.

// A Class says which secrets can have a name.
type Class string

// The classes of names, from the strictest.
const (
	// Never: names of Lambda and of the helpers' settings. No secret can have them.
	Never Class = "never"
	// ReadByAWS: names that AWS SDKs, the AWS CLI and Lambda obey. A secret block can have them with allow_reserved.
	ReadByAWS Class = "aws"
	// ReadByLoaders: names that loaders, language runtimes, shells and TLS libraries obey. A secret block can have them with
	// allow_reserved.
	ReadByLoaders Class = "loader"
	// BlockOnly: a secret block can have them, but a path import cannot, because AWS may give them a meaning at any time.
	BlockOnly Class = "block"
)

// A Refusal says which helpers refuse a name as an environment variable. If a helper refused a new name, it would break
// functions that run today. So new rows have RefusedByNone, and only the build refuses them.
type Refusal string

// The refusals.
const (
	RefusedByNone Refusal = "none"
	RefusedByAll  Refusal = "all"
	RefusedByGo   Refusal = "go" // the library for Go, and what is built on it: the exec wrapper and bundle run
)

// A Name is one row of the table of names (docs/names.md).
type Name struct {
	// Pattern is a name in capitals. One * in it matches any characters, or none. Case makes no difference: it makes none
	// on Windows, and curl and others read http_proxy in either case.
	Pattern string
	Class   Class
	Helpers Refusal
	Reason  string // a clause: what reads it, and what for
	Source  string // a URL
}

// A family is a list of rows with the same class, helpers and source.
type family struct {
	class   Class
	helpers Refusal
	source  string
	names   []entry
}

type entry struct{ pattern, reason string }

// A table has the rows in a form for lookups.
type table struct {
	rows  []Name          // sorted by class
	whole map[string]Name // rows without a star, by pattern
	stars []star
	first [256][]*star // those of stars that match names beginning with a byte
}

// A star is a row with a * in its pattern.
type star struct {
	before, after string // the *
	Name
}

var names = sync.OnceValue(func() *table {
	t := table{whole: map[string]Name{}}
	for _, f := range slices.Concat(lambdaNames(), awsNames(), runtimeNames(), packageNames(), systemNames(), programNames(), telemetryNames()) {
		for _, n := range f.names {
			t.rows = append(t.rows, Name{n.pattern, f.class, f.helpers, n.reason, f.source})
		}
	}
	slices.SortStableFunc(t.rows, func(a, b Name) int { return cmp.Compare(a.Class.rank(), b.Class.rank()) })
	for _, n := range t.rows {
		if before, after, ok := strings.Cut(n.Pattern, "*"); ok {
			t.stars = append(t.stars, star{before, after, n})
		} else {
			t.whole[n.Pattern] = n
		}
	}
	for c := range t.first {
		for i := range t.stars {
			if s := &t.stars[i]; s.before == "" || s.before[0] == byte(c) {
				t.first[c] = append(t.first[c], s)
			}
		}
	}
	return &t
})

// Names returns the table, the strictest class first.
func Names() []Name { return slices.Clone(names().rows) }

// rowsFor returns the rows that match a name, the strictest first.
func rowsFor(name string) []Name {
	name = strings.ToUpper(name)
	if name == "" {
		return nil
	}
	var found []Name
	if n, ok := names().whole[name]; ok {
		found = append(found, n)
	}
	for _, s := range names().first[name[0]] {
		if len(name) >= len(s.before)+len(s.after) && strings.HasPrefix(name, s.before) && strings.HasSuffix(name, s.after) {
			found = append(found, s.Name)
		}
	}
	slices.SortStableFunc(found, func(a, b Name) int { return cmp.Compare(a.Class.rank(), b.Class.rank()) })
	return found
}

// Lookup returns the strictest row of the table that matches a name.
func Lookup(name string) (Name, bool) {
	if found := rowsFor(name); len(found) > 0 {
		return found[0], true
	}
	return Name{}, false
}

// Variable returns which helpers refuse a name as an environment variable.
func Variable(name string) Refusal {
	refusal := RefusedByNone
	for _, n := range rowsFor(name) {
		if n.Helpers == RefusedByAll || refusal == RefusedByNone {
			refusal = n.Helpers
		}
	}
	return refusal
}

// refusal returns why a secret block cannot have this name, and what to write instead, or "" if it can.
func (n Name) refusal(name string, allowed bool) string {
	switch {
	case n.Class == "" || n.Class == BlockOnly || n.Class != Never && allowed:
		return ""
	case n.Class == Never:
		return fmt.Sprintf("The name %q %s. Choose another name.", name, n.Class.who())
	}
	return n.Why(name) + ". Choose another name. If anyone who can write its value is allowed to run code in the function, add the line: allow_reserved = true."
}

// Why returns why a name of this row is special, as a sentence without its period.
func (n Name) Why(name string) string {
	return fmt.Sprintf("The name %q %s: %s", name, n.Class.who(), n.Reason)
}

func (c Class) rank() int { return slices.Index(classes(), c) }

// classes lists the classes from the strictest, which decides if a name is in several.
func classes() []Class { return []Class{Never, ReadByAWS, ReadByLoaders, BlockOnly} }

func (c Class) who() string {
	switch c {
	case Never:
		return "is reserved for Lambda and the helpers"
	case ReadByAWS:
		return "is obeyed by AWS SDKs, the AWS CLI or Lambda"
	case ReadByLoaders:
		return "is read by loaders, runtimes, shells or TLS libraries"
	}
	return "begins with AWS_"
}

// closedPrefix returns the row that matches every name with this prefix, if there is one.
func closedPrefix(prefix string) (Name, bool) {
	for _, s := range names().stars {
		if s.after == "" && strings.HasPrefix(strings.ToUpper(prefix), s.before) {
			return s.Name, true
		}
	}
	return Name{}, false
}
