package console

import (
	"fmt"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/pipeline/problem"
)

func TestAnAnswerListsAThousandProblemsOfATarget(t *testing.T) {
	var all problem.Problems
	for i := range maxProblems + 7 {
		all = append(all, problem.New(problem.Missing, &hcl.Range{Filename: "a.hcl", Start: hcl.Pos{Line: i + 1, Column: 2}}, "Parameter not found", fmt.Sprint(i)))
	}
	var target Target
	target.Add(all[:500])
	target.Add(all[500:])
	if len(target.Problems) != maxProblems || target.More != 7 {
		t.Errorf("%d problems are listed, and %d more are said to be", len(target.Problems), target.More)
	}
	want := Problem{Kind: problem.Missing, Code: "parameter-not-found", Summary: "Parameter not found", Detail: "999", File: "a.hcl", Line: 1000, Column: 2}
	if got := target.Problems[999]; got != want {
		t.Errorf("the last one is %+v", got)
	}
}

func TestWhatArgumentsAskFor(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want int
	}{
		{nil, 0},
		{[]string{"--json"}, 2},
		{[]string{"-json"}, 2},
		{[]string{"--json=2"}, 2},
		{[]string{"--json=1"}, 1},
		{[]string{"--json=no"}, 2},
		{[]string{"json", "--out=--json", "--jsonnet", "---json"}, 0},
	} {
		if got := wanted(tt.args); got != tt.want {
			t.Errorf("%q ask for %d, not %d", tt.args, got, tt.want)
		}
	}
}
