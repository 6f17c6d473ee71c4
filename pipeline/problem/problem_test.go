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

func TestOneCauseIsToldOnce(t *testing.T) {
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
	if got[1].Subject.Start.Line != 6 || !strings.HasPrefix(detail, "Allow it. The same goes for parameter 7 (line 7), parameter 8 (line 8)") ||
		!strings.HasSuffix(detail, "parameter 16 (line 16) and 4 more.") {
		t.Errorf("got line %d: %s", got[1].Subject.Start.Line, detail)
	}
	if got[2].Detail != "Allow it." || got[0].Detail != "Allow something else." {
		t.Errorf("got %s and %s", got[0].Detail, got[2].Detail)
	}
}

func TestWhatTellsMostIsKept(t *testing.T) {
	bare, whole := New(Unavailable, nil, "Out of time", "It took long."), New(Unavailable, at(3), "Out of time", "It took long. Last, x was asked.")
	bare.Cause, whole.Cause = "time", "time"
	for _, all := range []Problems{{bare, whole}, {whole, bare}} {
		if got := all.Sort(); len(got) != 1 || got[0].Detail != whole.Detail || got[0].Subject == nil {
			t.Errorf("got %v", got)
		}
	}
}

func TestEqualProblemsAreToldOnce(t *testing.T) {
	a := New(Missing, at(3), "Gone", "Put it.")
	if got := (Problems{a, New(Missing, nil, "Gone", "Put it."), a}).Sort(); len(got) != 2 || got[0].Subject != nil {
		t.Errorf("got %v", got)
	}
}
