package view

import (
	"fmt"
	"slices"
	"testing"
)

// TestACauseIsNamedOnce: what is true of several secrets, functions or columns is one line.
func TestACauseIsNamedOnce(t *testing.T) {
	missing := func(function, secret, column, detail string) compareFinding {
		return compareFinding{Difference: true, Function: function, Secret: secret, What: "missing", Detail: detail, column: column}
	}
	many := []compareFinding{}
	for i := range 13 {
		many = append(many, missing("api", fmt.Sprintf("S%d", i), "prod", "gone"))
	}
	for _, tt := range []struct {
		name     string
		findings []compareFinding
		want     []string
	}{
		{"none", nil, nil},
		{"one", []compareFinding{missing("api", "DB", "prod", "gone")}, []string{"api DB: missing in prod: gone"}},
		{"two secrets", []compareFinding{missing("api", "DB", "prod", "gone"), missing("web", "DB", "prod", "gone")},
			[]string{"api DB: missing in prod: gone (also web DB)"}},
		{"two columns", []compareFinding{missing("api", "DB", "dev", "gone"), missing("api", "DB", "prod", "gone")},
			[]string{"api DB: missing in dev, prod: gone"}},
		{"both", []compareFinding{missing("a", "X", "dev", "gone"), missing("a", "X", "prod", "gone"), missing("b", "X", "dev", "gone"), missing("b", "X", "prod", "gone")},
			[]string{"a X: missing in dev, prod: gone (also b X)"}},
		{"a column has more", []compareFinding{missing("a", "X", "dev", "gone"), missing("a", "X", "prod", "gone"), missing("b", "X", "prod", "gone")},
			[]string{"a X: missing in dev: gone", "a X: missing in prod: gone (also b X)"}},
		{"two causes", []compareFinding{missing("a", "X", "dev", "gone"), missing("a", "Y", "dev", "no version 3")},
			[]string{"a X: missing in dev: gone", "a Y: missing in dev: no version 3"}},
		{"not a difference", []compareFinding{missing("a", "X", "dev", "gone"), {Function: "a", What: "missing", Detail: "gone", column: "dev"}},
			[]string{"a X: missing in dev: gone", "a: missing in dev: gone"}},
		{"of the function", []compareFinding{
			{Difference: true, Function: "a", What: "key", Detail: "no such key", column: "dev"},
			{Difference: true, Function: "b", What: "key", Detail: "no such key", column: "dev"},
			{Difference: true, Function: "c", What: "key", Detail: "no such key", column: "dev"},
		}, []string{"a: no usable key in dev: no such key (also b and c)"}},
		{"of all columns", []compareFinding{{Function: "a", What: "mode", Detail: "blind in dev, pack in prod"}, {Function: "b", What: "mode", Detail: "blind in dev, pack in prod"}},
			[]string{"a: mode differs: blind in dev, pack in prod (also b)"}},
		{"more than are named", many, []string{"api S0: missing in prod: gone (also api S1, api S2, api S3, api S4, api S5, api S6, api S7, api S8, api S9, api S10 and 2 more)"}},
	} {
		var got []string
		for _, c := range (&Compare{Findings: tt.findings}).causes() {
			got = append(got, c.place()+": "+c.says())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}
