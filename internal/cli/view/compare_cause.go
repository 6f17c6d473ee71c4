package view

import (
	"fmt"
	"slices"
	"strings"
)

// A compareCause is what findings have in common that are about several secrets, functions or columns.
type compareCause struct {
	compareFinding          // the first
	columns        []string // their titles, if the findings are about one column each
	places         []string // of all findings
}

// mostPlaces is how many places a cause names besides the first.
const mostPlaces = 10

// causes returns the findings, with one for all that say the same of several places, and of the same places in several
// columns.
func (r *Compare) causes() []compareCause {
	type said struct {
		difference           bool
		what, detail, column string
	}
	var byColumn []*compareCause
	seen := make(map[said]*compareCause)
	for _, f := range r.Findings {
		key := said{f.Difference, f.What, f.Detail, f.column}
		if seen[key] == nil {
			seen[key] = &compareCause{compareFinding: f, columns: []string{f.column}}
			byColumn = append(byColumn, seen[key])
		}
		seen[key].places = append(seen[key].places, f.place())
	}
	var all []compareCause
	first := make(map[said]int) // in all; column has the places
	for _, c := range byColumn {
		key := said{c.Difference, c.What, c.Detail, strings.Join(c.places, "\n")}
		if i, ok := first[key]; ok {
			all[i].columns = append(all[i].columns, c.columns...)
			continue
		}
		first[key] = len(all)
		all = append(all, *c)
	}
	for i := range all {
		all[i].column = strings.Join(all[i].columns, ", ")
	}
	return all
}

// says returns what the findings say, and the other places that it is true of.
func (c compareCause) says() string {
	others := slices.Clone(c.places[1:])
	if len(others) == 0 {
		return c.compareFinding.says()
	}
	if n := len(others) - mostPlaces; n > 0 {
		others = append(others[:mostPlaces], fmt.Sprintf("%d more", n))
	}
	last := len(others) - 1
	list := others[last]
	if last > 0 {
		list = strings.Join(others[:last], ", ") + " and " + list
	}
	return fmt.Sprintf("%s (also %s)", c.compareFinding.says(), list)
}
