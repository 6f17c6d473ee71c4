package target

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestJobsOfUnevenPlaces divides places with different numbers of functions, some of which have one layer for all.
func TestJobsOfUnevenPlaces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var targets []*Target
		places := 1 + random.IntN(12)
		layers := map[string]int{}
		largest := 0
		for p := range places {
			functions := random.IntN(40)
			largest = max(largest, functions)
			if functions == 0 {
				targets = append(targets, &Target{Environment: fmt.Sprintf("e%d", p), Region: "us-west-2"})
				layers[fmt.Sprintf("e%d ", p)]++
			}
			for f := range functions {
				targets = append(targets, &Target{Environment: fmt.Sprintf("e%d", p), Region: "us-west-2", Function: fmt.Sprintf("f%d", f)})
				layers[fmt.Sprintf("e%d f%d", p, f)]++
			}
		}
		most := places + random.IntN(200)
		jobs, err := Jobs(targets, most)
		if err != nil || len(jobs) > most {
			t.Fatalf("%d jobs of at most %d, %v", len(jobs), most, err)
		}
		sizes := map[string][]int{}
		names := map[string]bool{}
		for _, j := range jobs {
			if names[j.Name] {
				t.Fatalf("two jobs %s", j.Name)
			}
			names[j.Name] = true
			sizes[j.Environment] = append(sizes[j.Environment], len(j.Functions))
			if len(j.Functions) == 0 {
				layers[j.Environment+" "]--
			}
			for _, f := range j.Functions {
				layers[j.Environment+" "+f]--
			}
		}
		for layer, left := range layers {
			if left != 0 {
				t.Fatalf("%s is built %d times", layer, 1-left)
			}
		}
		for place, all := range sizes {
			if slices.Max(all)-slices.Min(all) > 1 {
				t.Errorf("%s is divided into %v", place, all)
			}
		}
		if len(targets) <= most && len(jobs) != len(targets) {
			t.Errorf("%d jobs of at most %d build %d layers", len(jobs), most, len(targets))
		}
		if _, err := Jobs(targets, places-1); err == nil {
			t.Errorf("%d places are divided into %d jobs", places, places-1)
		}
	}
}
