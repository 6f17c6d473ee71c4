package problem

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

func at(line int) *hcl.Range {
	return &hcl.Range{Filename: "secrets.hcl", Start: hcl.Pos{Line: line, Byte: line * 10}}
}

func TestOneCauseIsReportedOnce(t *testing.T) {
	var all Problems
	for i := range 15 {
		p := New(Access, at(20-i), "Denied", "Allow it.")
		p.Cause, p.About = "denied", fmt.Sprintf("parameter %d", 20-i)
		all = append(all, p)
	}
	again := New(Access, at(20), "Denied", "Allow it once more.")
	again.Cause, again.About = "denied", "parameter 20"
	other := New(Access, at(1), "Denied", "Allow something else.")
	other.Cause = "another"
	alone := New(Access, at(30), "Denied", "Allow it.")
	got := append(all, again, other, alone).Sort()
	if len(got) != 3 {
		t.Fatalf("got %d problems", len(got))
	}
	detail := got[1].Detail
	if got[1].Subject.Start.Line != 6 || !strings.HasPrefix(detail, "Allow it. The same applies to parameter 7 (line 7), parameter 8 (line 8)") ||
		!strings.HasSuffix(detail, "parameter 16 (line 16) and 4 more.") {
		t.Errorf("got line %d: %s", got[1].Subject.Start.Line, detail)
	}
	if got[2].Detail != "Allow it." || got[0].Detail != "Allow something else." {
		t.Errorf("got %s and %s", got[0].Detail, got[2].Detail)
	}
}

func TestTheMostDetailedProblemIsKept(t *testing.T) {
	bare, whole := New(Unavailable, nil, "Out of time", "It took long."), New(Unavailable, at(3), "Out of time", "It took long. It was waiting for x.")
	bare.Cause, whole.Cause = "time", "time"
	for _, all := range []Problems{{bare, whole}, {whole, bare}} {
		if got := all.Sort(); len(got) != 1 || got[0].Detail != whole.Detail || got[0].Subject == nil {
			t.Errorf("got %v", got)
		}
	}
}

// TestALineIsReportedOnce checks that an error in a line is one problem, however many functions and environments have it.
func TestALineIsReportedOnce(t *testing.T) {
	var g Gathered
	for env := range 100 {
		for fn := range 100 {
			g.Add(New(Manifest, at(3), "Invalid parameter", fmt.Sprintf("%02d in %02d.", fn, env)), New(Manifest, at(4), "Invalid parameter", "The same everywhere."))
		}
		g.Add(New(Missing, at(3), "Parameter not found", fmt.Sprintf("%02d.", env)), New(Manifest, at(3), "Invalid field", "Not it."))
	}
	if g.Len() != 103 {
		t.Errorf("%d problems are kept", g.Len())
	}
	all := g.Sorted()
	for range 2 {
		if len(all) != 103 || all[1].Detail != "00 in 00."+elsewhere || all[0].Detail != "Not it." || all[102].Detail != "The same everywhere." {
			t.Errorf("got %d: %q, %q", len(all), all[0].Detail, all[1].Detail)
		}
		var again Gathered
		again.Add(append(all, all...)...)
		all = again.Sorted()
	}
}

func TestGatheredProblemsAreLimited(t *testing.T) {
	var g Gathered
	for i := range 2 * maxGathered {
		g.Add(New(Manifest, at(i), "Wrong", "Change it."))
	}
	g.Add(New(Access, at(1), "Denied", "Allow it."))
	if all := g.Sorted(); len(all) != maxGathered+2 || all[0].Summary != "Too many problems" {
		t.Errorf("got %d, first %q", len(all), all[0].Summary)
	}
}

func TestEqualProblemsAreReportedOnce(t *testing.T) {
	a := New(Missing, at(3), "Gone", "Put it.")
	if got := (Problems{a, New(Missing, nil, "Gone", "Put it."), a}).Sort(); len(got) != 2 || got[0].Subject != nil {
		t.Errorf("got %v", got)
	}
}
