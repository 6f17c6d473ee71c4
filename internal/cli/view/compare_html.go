package view

import (
	"bytes"
	_ "embed" // for the page
	"html/template"
	"io"
	"strings"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/compare"
)

//go:embed compare.html.tmpl
var comparePage string

// html writes the comparison as one page, without scripts and external resources.
func (r *Compare) html(w io.Writer) error {
	causes := r.causes()
	page, err := template.New("compare").Funcs(template.FuncMap{
		"title":   func(i int) string { return r.Columns[i].title },
		"short":   shortARN,
		"summary": r.summary,
		"when":    func() string { return r.Now.UTC().Format("2006-01-02 15:04 UTC") },
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
	}).Parse(comparePage)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, r); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// stateWord returns a state for the page.
func stateWord(s compare.State) string {
	switch s {
	case compare.NotDeclared:
		return "not meant"
	case compare.Absent:
		return "absent"
	}
	return string(s)
}
