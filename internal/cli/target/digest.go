package target

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/problem"
)

var digestForm = lazyregexp.New(`^[0-9A-Fa-f]{64}$`)

// Digests returns the values of a flag of console.DigestFlag by target, in lower
// case: none, or one for each target.
func Digests(c *cli.Context, name string, targets []*Target) (map[*Target]string, error) {
	all := console.List(c, name)
	for _, value := range all {
		if !digestForm.MatchString(value) {
			return nil, console.Usagef("--%s %q is not a SHA-256 digest: write its 64 hexadecimal digits, as sha256sum prints them", name, value)
		}
	}
	var problems problem.Problems
	for _, t := range targets {
		problems = append(problems, t.Problems...)
	}
	switch {
	case len(all) == 0:
		return nil, nil
	case len(all) != len(targets) && len(problems) > 0:
		return nil, console.Failed(problems.Sort()) // the number of layers is unknown
	case len(all) != len(targets) && len(targets) == 1:
		return nil, console.Usagef("--%s is given %d times, but this run has one layer: %s", name, len(all), targets[0])
	case len(all) != len(targets):
		return nil, console.Usagef("--%s is given %s, but this run has %d layers. Repeat it once per layer, in this order: %s",
			name, times(len(all)), len(targets), strings.Join(names(targets), ", "))
	}
	of := make(map[*Target]string, len(targets))
	for i, t := range targets {
		of[t] = strings.ToLower(all[i])
	}
	return of, nil
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return printable.Count(n, "time")
}

func names(targets []*Target) []string {
	var all []string
	for _, t := range targets {
		all = append(all, t.String())
	}
	return all
}
