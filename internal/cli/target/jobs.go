package target

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// A Job is a part of a run, for a machine of its own: an environment in a region and, if each function has its own layer,
// some of its functions.
type Job struct {
	Name        string // different for each job: letters, digits, "-", "_" and "."
	Environment string
	Region      string
	Functions   []string // none for all, in one layer
}

// Args returns the flags that choose the job's targets. No word needs quotes in a shell: all names are of letters,
// digits, "-" and "_".
func (j Job) Args() string {
	args := fmt.Sprintf("--env=%s --region=%s", j.Environment, j.Region)
	if len(j.Functions) > 0 {
		args += " --function=" + strings.Join(j.Functions, ",")
	}
	return args
}

// Jobs divides targets into at most so many jobs. Each target is in one job. Jobs have as few functions as possible, and
// those of an environment in a region differ by at most one function. The order is that of the targets.
func Jobs(targets []*Target, most int) ([]Job, error) {
	var places []Job // with all functions
	at := make(map[[2]string]int)
	largest := 1
	for _, t := range targets {
		place := [2]string{t.Environment, t.Region}
		i, ok := at[place]
		if !ok {
			i = len(places)
			at[place] = i
			places = append(places, Job{Environment: t.Environment, Region: t.Region})
		}
		if t.Function != "" {
			places[i].Functions = append(places[i].Functions, t.Function)
			largest = max(largest, len(places[i].Functions))
		}
	}
	if len(places) > most {
		return nil, console.Usagef("this run has %d environments and regions, but the matrix can have only %s: make several matrices with --env or --region, or raise --max",
			len(places), printable.Count(most, "job"))
	}
	size := 1
	for size < largest && count(places, size) > most {
		size++
	}
	var all []Job
	for _, place := range places {
		all = append(all, place.divide(groups(len(place.Functions), size))...)
	}
	return all, nil
}

// count returns the number of jobs with at most so many functions.
func count(places []Job, size int) int {
	n := 0
	for _, place := range places {
		n += groups(len(place.Functions), size)
	}
	return n
}

// groups returns the number of groups of at most size for a number of functions. One layer for all is one group.
func groups(functions, size int) int { return max(1, (functions+size-1)/size) }

// divide divides the functions of a place into n groups.
func (j Job) divide(n int) []Job {
	var all []Job
	for i := range n {
		part := j
		part.Name = j.Environment + "." + j.Region
		if n > 1 {
			part.Name += fmt.Sprintf(".%d", i+1)
		}
		part.Functions = j.Functions[i*len(j.Functions)/n : (i+1)*len(j.Functions)/n]
		all = append(all, part)
	}
	return all
}
