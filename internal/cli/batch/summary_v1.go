package batch

import (
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/view"
)

// newSeveralReport returns what --json=1 prints for several targets.
func newSeveralReport(outcomes []*Outcome, notable bool, j Job) (*view.Several, error) {
	r := &view.Several{FormatVersion: 1}
	var results []any
	for _, o := range outcomes {
		r.Failed = r.Failed || len(o.Problems) > 0
		if o.Result != nil {
			result, err := console.InVersion1(o.Result)
			if err != nil {
				return nil, err
			}
			results = append(results, result)
			continue
		}
		f := view.TargetFailure{Environment: o.Environment, Region: o.Region, Function: o.Function, Path: o.Path}
		for _, p := range o.Problems {
			f.Problems = append(f.Problems, view.NewProblem(p))
		}
		results = append(results, f)
	}
	j.Gather(r, results, notable)
	return r, nil
}

func printVersion1(con *console.Console, outcomes []*Outcome, notable bool, j Job) error {
	r, err := newSeveralReport(outcomes, notable, j)
	if err != nil {
		return err
	}
	return con.PrintJSON(r)
}
