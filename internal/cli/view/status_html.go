package view

import (
	_ "embed" // for the page
	"fmt"
	"slices"
	"time"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/problem"
)

//go:embed status.html.tmpl
var statusPage string

// A StatusPage is one HTML page about the statuses of layers.
type StatusPage struct {
	Now     time.Time
	Targets []StatusTarget
}

// A StatusTarget is the part of a page about one layer.
type StatusTarget struct {
	Name     string // of the environment and region, "" if there is only one
	Status   *Status
	Problems problem.Problems // why there is no Status
}

// A pageTable is a table of a page.
type pageTable struct {
	Head []string
	Rows []pageRow
}

type pageRow struct {
	Bad   bool
	Cells []string
}

// Write writes the page, without scripts and external resources.
func (p *StatusPage) Write(out *printable.Stream) error {
	return writePage(out.HTML(), "status", statusPage, p, map[string]any{
		"when":    func() string { return whenOf(p.Now) },
		"verdict": p.verdict,
		"good":    func() bool { return p.notable() == 0 },
		"failed": func() bool {
			return slices.ContainsFunc(p.Targets, func(t StatusTarget) bool { return t.Status == nil })
		},
	})
}

// notable is how many targets are not as they should be.
func (p *StatusPage) notable() int {
	n := 0
	for _, t := range p.Targets {
		if t.Bad() {
			n++
		}
	}
	return n
}

func (p *StatusPage) verdict() string {
	n := p.notable()
	switch {
	case len(p.Targets) == 1 && p.Targets[0].Status != nil:
		return p.Targets[0].Status.Brief().State
	case n == 0:
		return "all are current"
	}
	return fmt.Sprintf("%d of %s stale, outdated or failed", n, printable.Count(len(p.Targets), "target"))
}

// Bad reports whether the target failed, or --exit-code would report it.
func (t StatusTarget) Bad() bool { return t.Status == nil || t.Status.Brief().Notable }

// Tables returns the documents of the layer, the functions of the manifest, and the others that have the layer.
func (t StatusTarget) Tables() []pageTable {
	table := t.Status.table()
	all := []pageTable{newPageTable(table, func(row int) bool { return t.Status.Functions[row].Stale })}
	d := t.Status.Deployed
	if d == nil {
		return all
	}
	functions, others := d.tables()
	all = append(all, newPageTable(functions, func(row int) bool { return d.Functions[row].outdated }))
	if others != nil {
		all = append(all, newPageTable(others, func(row int) bool { return d.Others[row].outdated }))
	}
	return all
}

// newPageTable makes a table of rows below their heading.
func newPageTable(rows [][]string, bad func(row int) bool) pageTable {
	t := pageTable{Head: rows[0]}
	for i, cells := range rows[1:] {
		t.Rows = append(t.Rows, pageRow{Bad: bad(i), Cells: cells})
	}
	return t
}
