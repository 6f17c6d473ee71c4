package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A point of the curve is a first build of a number of parameters, with one function for each ten, at 20 ms a call.
type point struct {
	parameters, calls int
	floor, took       float64 // seconds; took is the median
}

// sizes are the numbers of parameters of the curve.
func sizes() []int { return []int{100, 200, 500, 1000, 2000, 5000, 10000} }

// curve measures builds of this tree by size.
func (b *bench) curve(ctx context.Context) ([]point, error) {
	var all []point
	for _, n := range sizes() {
		p, err := b.pointOf(ctx, n)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
		fmt.Fprint(os.Stderr, curveTable([]point{p}))
	}
	return all, nil
}

func (b *bench) pointOf(ctx context.Context, parameters int) (point, error) {
	w, err := world{Secrets: parameters, Functions: parameters / 10, Latency: latency}.start(ctx, filepath.Join(b.dir, fmt.Sprint("curve", parameters)))
	if err != nil {
		return point{}, err
	}
	defer w.stop()
	var took []float64
	made := map[string]int{}
	for range b.runs {
		f, err := timed(ctx, w, b.programs[ours], "build", "--env", "local", "--out", "layer.zip", "--json", "--previous", "none", "--ssm-tps", "0")
		if err != nil {
			return point{}, err
		}
		if made, err = calls(f.stdout); err != nil {
			return point{}, err
		}
		took = append(took, f.wall)
	}
	slices.Sort(took)
	p := point{parameters: parameters, floor: floor(made).Seconds(), took: took[len(took)/2]}
	for _, n := range made {
		p.calls += n
	}
	return p, nil
}

// curveTable writes points as rows of a table.
func curveTable(all []point) string {
	var t strings.Builder
	for _, p := range all {
		fmt.Fprintf(&t, "| %d | %d | %.2f | %.3f |\n", p.parameters, p.calls, p.floor, p.took)
	}
	return t.String()
}

const curveHead = "| parameters | calls | floor s | build s |\n|---|---|---|---|\n"

// readCurve reads the rows of a page that curveTable wrote.
func readCurve(page string) ([]point, error) {
	_, rest, _ := strings.Cut(page, curveHead)
	var all []point
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.Trim(line, "|\n "), "|")
		if len(cells) != 4 {
			break
		}
		var p point
		var errs [4]error
		p.parameters, errs[0] = strconv.Atoi(strings.TrimSpace(cells[0]))
		p.calls, errs[1] = strconv.Atoi(strings.TrimSpace(cells[1]))
		p.floor, errs[2] = strconv.ParseFloat(strings.TrimSpace(cells[2]), 64)
		p.took, errs[3] = strconv.ParseFloat(strings.TrimSpace(cells[3]), 64)
		for _, err := range errs {
			if err != nil {
				return nil, err
			}
		}
		all = append(all, p)
	}
	if len(all) < 2 {
		return nil, fmt.Errorf("the page has no curve")
	}
	return all, nil
}
