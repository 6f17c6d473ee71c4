package pipeline

import (
	"context"
	"fmt"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// delete deletes what nothing keeps, until a call fails. Then it lists what is left: not what a call says is the outcome, but
// what Lambda still has.
func (p *Prune) delete(ctx context.Context, name manifest.Text, r *Pruned) problem.Problems {
	waste := r.waste()
	if len(waste) == 0 {
		return nil
	}
	done := progress(p.Observer, StepDelete, len(waste))
	var problems problem.Problems
	for _, i := range waste {
		if err := p.Layers.Delete(ctx, name.Value, r.Versions[i].Number); err != nil {
			problems = problem.Problems{p.versionProblem(name, r.Versions[i], err, "lambda:DeleteLayerVersion", "")}
			break
		}
		r.Versions[i].Deleted = true
		done()
	}
	sure, seen := "Deleted", true
	if exists, err := p.exist(ctx, name); err != nil {
		sure, seen = "Deleted for certain", false
		if len(problems) == 0 {
			problems = problem.Problems{p.layerProblem(name, err, "lambda:ListLayerVersions")}
		}
	} else {
		for _, i := range waste {
			r.Versions[i].Deleted = !exists[r.Versions[i].Number]
		}
	}
	var deleted, left []int64
	for _, i := range waste {
		if v := r.Versions[i]; v.Deleted {
			deleted = append(deleted, v.Number)
		} else {
			left = append(left, v.Number)
		}
	}
	switch {
	case len(left) == 0 && seen:
		return nil // also if the last answer was lost
	case len(problems) == 0:
		problems = problem.Problems{problem.New(problem.Integrity, &name.Range, "Versions not deleted", fmt.Sprintf(
			"Lambda accepted the deletion of versions of layer %s, and still lists them.", name.Value))}
	case problems[0].Kind == problem.Interrupted:
		problems[0].Detail = "The run was stopped."
	}
	problems[0].Detail += fmt.Sprintf(" %s: %s. Not deleted: %s. To finish, run the command again.", sure, numbers(deleted), numbers(left))
	return problems
}

// exist returns which versions exist.
func (p *Prune) exist(ctx context.Context, name manifest.Text) (map[int64]bool, error) {
	left, err := p.Layers.List(ctx, name.Value)
	exists := map[int64]bool{}
	for _, v := range left {
		exists[v.Number] = true
	}
	return exists, err
}

// numbers writes versions as text, with runs of them in short.
func numbers(all []int64) string {
	if len(all) == 0 {
		return "none"
	}
	var parts []string
	for i := 0; i < len(all); {
		last := i
		for last+1 < len(all) && all[last+1] == all[last]+1 {
			last++
		}
		switch {
		case last > i+1:
			parts = append(parts, fmt.Sprintf("%d–%d", all[i], all[last]))
		default:
			last = i
			parts = append(parts, fmt.Sprint(all[i]))
		}
		i = last + 1
	}
	return strings.Join(parts, ", ")
}
