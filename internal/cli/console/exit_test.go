package console

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"syscall"
	"testing"

	"github.com/whispering/bundle/pipeline/problem"
)

func TestExitCodes(t *testing.T) {
	problems := func(kinds ...problem.Kind) error {
		var all problem.Problems
		for _, kind := range kinds {
			all = append(all, problem.Problem{Kind: kind})
		}
		return Failed(all)
	}
	interrupted, cancel := context.WithCancelCause(t.Context())
	cancel(Interruption{syscall.SIGINT})
	terminated, cancel := context.WithCancelCause(t.Context())
	cancel(Interruption{syscall.SIGTERM})
	tests := map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"done":                         {t.Context(), nil, 0},
		"no problems":                  {t.Context(), problems(), 0},
		"anything else":                {t.Context(), errors.New("?"), 1},
		"a fault":                      {t.Context(), problems(problem.Fault), 1},
		"usage":                        {t.Context(), Usagef("?"), 2},
		"manifest":                     {t.Context(), problems(problem.Manifest), 2},
		"access":                       {t.Context(), problems(problem.Access), 4},
		"missing":                      {t.Context(), problems(problem.Missing), 5},
		"unavailable":                  {t.Context(), problems(problem.Unavailable), 6},
		"integrity":                    {t.Context(), problems(problem.Integrity), 7},
		"output":                       {t.Context(), problems(problem.Output), 8},
		"the smallest of several":      {t.Context(), problems(problem.Output, problem.Missing, problem.Access), 4},
		"unavailable, twice":           {t.Context(), problems(problem.Unavailable, problem.Unavailable), 6},
		"unavailable among others":     {t.Context(), problems(problem.Unavailable, problem.Output), 8},
		"a part was written":           {t.Context(), problems(problem.Access, problem.Partial), 9},
		"a part, and AWS is away":      {t.Context(), problems(problem.Unavailable, problem.Partial), 9},
		"a child's own":                {t.Context(), &ChildExit{Code: 42}, 42},
		"a child's, after a signal":    {interrupted, &ChildExit{Code: 3}, 3},
		"interrupted":                  {interrupted, problems(problem.Unavailable), 130},
		"terminated":                   {terminated, errors.New("?"), 143},
		"done in spite of the signals": {interrupted, nil, 0},
	}
	for name, test := range tests {
		if got := exitCode(test.ctx, test.err); got != test.want {
			t.Errorf("%s: %d, not %d", name, got, test.want)
		}
	}
}

// TestErrorsPageHasTheExitCodes compares docs/errors.md with the exit codes of kinds.
func TestErrorsPageHasTheExitCodes(t *testing.T) {
	page, err := os.ReadFile("../../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `[a-z0-9-]+` \\| ([a-z]+) \\| ([0-9, ]+) \\|").FindAllStringSubmatch(string(page), -1)
	seen := map[string]bool{}
	for _, row := range rows {
		want := fmt.Sprint(kindCode(problem.Kind(row[1])))
		if row[1] == "interrupted" {
			want = "130, 143" // the signal decides
		}
		if seen[row[1]] = true; row[2] != want {
			t.Errorf("a problem of kind %s ends with %s, and the page says %s", row[1], want, row[2])
		}
	}
	if len(seen) != 9 {
		t.Errorf("the page has rows of the kinds %v", seen)
	}
}
