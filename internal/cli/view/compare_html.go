package view

import (
	_ "embed" // for the page
	"html/template"
	"io"
	"strings"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/compare"
	"github.com/whispering/bundle/pipeline/plan"
)

//go:embed compare.html.tmpl
var comparePage string

// html writes the comparison as one page, without scripts and external resources.
func (r *Compare) html(w io.Writer) error {
	causes := r.causes()
	return writePage(w, "compare", comparePage, r, template.FuncMap{
		"title":   func(i int) string { return r.Columns[i].title },
		"short":   shortARN,
		"id":      plan.Short,
		"summary": r.summary,
		"when":    func() string { return whenOf(r.Now) },
		"says":    compareCause.says,
		"place":   compareCause.place,
		"count":   printable.Count,
		"state":   stateWord,
		"old":     func(days int) bool { return days > 0 },
		"parts":   func(name string) []string { return strings.SplitAfter(name, "_") }, // a line can break between them
		"width":   func() int { return len(r.Columns) + 1 },
		"notes": func(difference bool) (all []compareCause) {
			for _, f := range causes {
				if f.Difference == difference {
					all = append(all, f)
				}
			}
			return all
		},
	})
}

// stateWord returns a state for the page.
func stateWord(s compare.State) string {
	switch s {
	case compare.NotDeclared:
		return "not meant"
	case compare.Absent:
		return "absent"
	case compare.Empty:
		return "no value"
	}
	return string(s)
}
