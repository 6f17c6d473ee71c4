package values

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestGrouped(t *testing.T) {
	all := []Note{{1, "A", "no value"}, {2, "", "is text"}, {3, "B", "no value"}, {4, "", "no value"}, {7, "C", "a list"}}
	want := []string{"left out: A (line 1), B (line 3): no value", "left out: line 2 is text", "left out: line 4 no value", "left out: C (line 7): a list"}
	if got := Grouped(all, "left out: "); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	const junk = "is not NAME=VALUE. It is not shown, as it could be part of a value"
	want = []string{"line 6, line 9 are not NAME=VALUE. They are not shown, as they could be parts of values"}
	if got := Grouped([]Note{{6, "", junk}, {9, "", junk}}, ""); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	all = nil
	for i := range mostPlaces + 2 {
		all = append(all, Note{i + 1, fmt.Sprint("N", i), "no value"})
	}
	if got := Grouped(all, ""); len(got) != 1 || !strings.HasSuffix(got[0], "N199 (line 200), and 2 more, which --json lists: no value") {
		t.Errorf("%.200q", got)
	}
	if got := Grouped(all[:mostPlaces], ""); len(got) != 1 || strings.Contains(got[0], "more") {
		t.Errorf("%.200q", got)
	}
}
